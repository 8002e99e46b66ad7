"""The benchmark of the static student: what each side is told to do, and what is compared for the speed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules
from support.tiny import SENTENCES, save_tiny

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    """The benchmark and its neighbours, importable while the tests run."""
    with plain_modules(FOLDER, ("records", "commands", "sentiment_sides", "distil", "static")) as found:
        yield found


def args(tmp_path: Path) -> argparse.Namespace:
    return argparse.Namespace(data=Path("DATA"), work=tmp_path, limit=None, seeds=[1, 2], seeds_text="1,2")


def test_labels_alone_get_as_many_updates(modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: Path(f"{name}.parquet") for name in ("scores", "labelled", "labels")}
    monkeypatch.setattr(modules["distil"], "files_of", lambda args: files)
    monkeypatch.setattr(modules["static"], "piece_of", lambda side, seed, args: {"updates": 700 + seed})
    soft, hard = (list(map(str, modules["static"].words_of(side, 2, args(tmp_path)))) for side in ("soft", "hard"))
    assert soft[soft.index("--teacher-scores") + 1] == "scores.parquet"
    assert "labels.parquet" not in soft and "--max-updates" not in soft
    assert hard[1] == "labels.parquet" and hard[hard.index("--hard") + 1] == "1"
    assert hard[hard.index("--teacher-scores") + 1] == "labelled.parquet"
    assert hard[hard.index("--max-updates") + 1] == "702"
    for words in (soft, hard):
        held = words.index("--held-out")
        assert words[held + 1 : held + 3] == ["DATA/sst2/dev.parquet", "DATA/sst2/test.parquet"]
        assert words[words.index("--student") + 1] == "static"


def test_speed_is_the_median_of_the_turns(modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("vaderSentiment")
    save_tiny(tmp_path / "tiny")
    times = iter([0.1, 0.1, 0.1, 0.2, 0.1, 0.4])  # ours, then VADER's, in three turns
    monkeypatch.setattr(modules["static"], "TURNS", 3)
    monkeypatch.setattr(modules["static"], "_seconds", lambda call: next(times))
    told = modules["static"].speed(tmp_path / "tiny", SENTENCES)
    assert told["ours"] == pytest.approx(5 * len(SENTENCES) / 0.1)  # five times as many texts as VADER
    assert told["vader"] == pytest.approx(len(SENTENCES) / 0.2)
    assert told["ratios"] == [5.0, 10.0, 20.0] and told["ratio"] == pytest.approx(10.0)
