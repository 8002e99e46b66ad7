"""What the benchmark of several processes makes of its runs; the runs themselves are played."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def modules() -> Any:
    with plain_modules(FOLDER, ("records", "commands", "processes")) as found:
        yield found


def entry(loss: float, rows: list[int]) -> dict[str, Any]:
    return {"loss": loss, "norm": 1.0, "rows": rows}


def play(modules: Any, monkeypatch: pytest.MonkeyPatch, logs: dict[int, list[dict[str, Any]]]) -> argparse.Namespace:
    monkeypatch.setattr(modules["processes"], "train", lambda data, encoder, out, count, flags: logs[count])
    monkeypatch.setattr(modules["processes"], "first_rows", lambda args, count: Path("rows.parquet"))
    monkeypatch.setattr(modules["processes"], "without_dropout", lambda args: Path("encoder"))
    return argparse.Namespace(limit=None, work=Path("work"))


def test_the_largest_difference_of_all_updates_counts(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    end = {"epoch": 1, "train_loss": 0.5}
    logs = {
        1: [entry(0.5, [0, 1]), entry(0.25, [2]), end],
        2: [entry(0.5, [0, 1]), entry(0.125, [2]), {**end, "train_loss": 9.0}],
    }
    assert modules["processes"].difference(play(modules, monkeypatch, logs)) == (0.125, 2)


def test_other_rows_are_no_comparison(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    args = play(modules, monkeypatch, {1: [entry(0.5, [0, 1])], 2: [entry(0.5, [1, 0])]})
    with pytest.raises(SystemExit, match="the two sides took other rows"):
        modules["processes"].difference(args)


@pytest.mark.parametrize(("two", "apart", "met"), [([14.0, 16.0], 9e-6, True), ([14.0, 14.9], 2e-5, False)])
def test_the_fastest_runs_are_held_against_the_bar(
    modules: Any, monkeypatch: pytest.MonkeyPatch, two: list[float], apart: float, met: bool
) -> None:
    written: list[Any] = []
    monkeypatch.setattr(modules["records"], "write", written.append)
    args = argparse.Namespace(precision="float32", rows=3000, runs=3)
    modules["processes"].report(args, {"one": [9.0, 10.0], "two": two}, apart, 12)
    speed, losses = written
    assert (speed.value, speed.peer["value"], speed.met) == (max(two), 10.0, met)
    assert speed.ratio == pytest.approx(max(two) / 10)
    assert (losses.value, losses.met) == (apart, met)
    assert speed.command.endswith("--rows 3000 --runs 3")  # all that decides the figure


def test_an_encoder_without_dropout_is_a_copy(modules: Any, tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    config = {"hidden_dropout_prob": 0.1, "dropout": 0.2, "hidden_size": 32}
    (tmp_path / "encoder" / "config.json").write_text(json.dumps(config))
    made = modules["processes"].without_dropout(argparse.Namespace(encoder=tmp_path / "encoder", work=tmp_path))
    assert json.loads((made / "config.json").read_text()) == {
        "hidden_dropout_prob": 0.0,
        "dropout": 0.0,
        "hidden_size": 32,
    }
    assert json.loads((tmp_path / "encoder" / "config.json").read_text()) == config
