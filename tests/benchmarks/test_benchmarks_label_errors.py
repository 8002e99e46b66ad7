"""The benchmark of wrong labels: what it flips, and what it counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark() -> Any:
    with plain_modules(FOLDER, ("records", "commands", "label_errors")) as modules:
        yield modules["label_errors"]


def test_as_many_labels_as_asked_are_flipped_by_the_seed(benchmark: Any) -> None:
    labels = ["bad", "good"] * 50
    noisy, chosen = benchmark.flip(labels, 10, 1)
    assert len(chosen) == 10
    assert {row for row in range(100) if noisy[row] != labels[row]} == chosen
    assert set(noisy) == {"bad", "good"}
    assert benchmark.flip(labels, 10, 1) == (noisy, chosen) != benchmark.flip(labels, 10, 2)


def test_found_are_flipped_rows_among_the_first(benchmark: Any) -> None:
    listed = [{"text": text, "label": label} for text, label in (("a", "x"), ("b", "y"), ("c", "x"))]
    flipped = [("a", "x"), ("b", "x"), ("c", "x")]
    assert [benchmark.found_among(listed, flipped, n) for n in (0, 1, 2, 3)] == [0, 1, 1, 2]


def test_the_records_hold_shares_and_gains(benchmark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import argparse

    written: list[Any] = []
    monkeypatch.setattr(benchmark.records, "write", lambda record, stamps, **_: written.append((record, stamps)))
    accuracies = {"noisy": (0.84, 0.85), "list": (0.86, 0.85), "faultless": (0.87, 0.86)}
    pieces = {
        side: [{"accuracy": one, "stamp": (side, number)} for number, one in enumerate(told)]
        for side, told in accuracies.items()
    }
    pieces["list"][0] |= {"found": 350, "flipped": 500, "dropped": 400, "dropped_flipped": 300}
    pieces["list"][1] |= {"found": 250, "flipped": 500, "dropped": 300, "dropped_flipped": 200}
    benchmark.report(argparse.Namespace(seeds_text="1,2", seeds=[1, 2], epochs=1, lr="1e-4"), pieces)
    (found, stamps), (gained, _), (room, _) = written
    assert (found.value, found.met, len(stamps)) == (60.0, True, 6)
    assert gained.value == pytest.approx(1.0) and gained.met
    assert "listed as likely wrong (400 with 300 of the flipped, 300 with 200 of the flipped)" in gained.what
    assert room.value == pytest.approx(2.0) and room.detail["accuracies"]["faultless"] == [87.0, 86.0]
    assert found.detail["shares"] == [70.0, 50.0]
    assert gained.detail["accuracies"]["noisy"] == [84.0, 85.0]
