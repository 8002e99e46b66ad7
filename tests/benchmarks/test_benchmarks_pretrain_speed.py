"""The plain loop beside limbeck's own triple step: the same batches and the same losses, on a tiny encoder."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.encoders import make
from support.plain_modules import plain_modules
from support.pretraining import TEXTS

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def speed() -> Iterator[Any]:
    """The benchmark, importable while the tests run."""
    with plain_modules(FOLDER, ("records", "commands", "pretrain_speed")) as found:
        module: Any = found["pretrain_speed"]
        module.LENGTH, module.BATCH_TOKENS = 16, 64
        yield module


@pytest.fixture(scope="module")
def setting(speed: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    pq, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    home = tmp_path_factory.mktemp("speed")
    (home / "imdb").mkdir()
    texts = [" ".join(TEXTS[n : n + 4]) for n in range(300)]
    pq.write_table(pa.table({"text": texts}), home / "imdb" / "unlabelled.parquet")
    make(home / "encoder", "bert", masked_lm=True, dropout=True, num_hidden_layers=4)
    return speed.setting_of(argparse.Namespace(encoder=home / "encoder", data=home, work=home, updates=5))


@pytest.mark.parametrize("soft_on", ["masked", "all"])
def test_both_learn_the_same(speed: Any, setting: Any, soft_on: str) -> None:
    asked = replace(setting, triple=replace(setting.triple, soft_on=soft_on))
    asked = replace(asked, fit=replace(asked.fit, precision="float32"))
    ours, plain = speed.ours(asked), speed.plain(asked)
    assert len(ours.losses) == 5 and len(set(ours.losses)) == 5
    assert ours.losses == pytest.approx(plain.losses, rel=1e-4)
    assert ours.tokens_per_second > 0 and plain.tokens_per_second > 0


def test_turns_begin_at_the_start(speed: Any, setting: Any) -> None:
    short = replace(setting, fit=replace(setting.fit, max_updates=2, precision="float32"))
    assert speed.ours(short).losses == speed.ours(short).losses


def test_the_ratio_is_of_the_medians(speed: Any, setting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"ours": iter([0, 900, 300, 600]), "plain": iter([0, 100, 300, 200])}
    losses = {"ours": [2.0, 1.5], "plain": [2.0, 1.0]}
    for name in rates:
        monkeypatch.setattr(speed, name, lambda _, name=name: speed.Turn(next(rates[name]), losses[name]))
    asked = replace(setting, fit=replace(setting.fit, precision="float32"))
    told = speed.measure(argparse.Namespace(updates=2, turns=3), asked)
    assert told["ratio"] == 3.0 and told["apart"] == 0.5 and told["precision"] == "float32"
