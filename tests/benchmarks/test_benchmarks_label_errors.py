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
    accuracies = {
        "noisy": (0.84, 0.85),
        "list": (0.86, 0.85),
        "faultless": (0.87, 0.86),
        "noisy-longer": (0.80, 0.82),
        "list-longer": (0.80, 0.80),
        "faultless-longer": (0.90, 0.90),
    }
    pieces = {
        side: [{"accuracy": one, "stamp": (side, number)} for number, one in enumerate(told)]
        for side, told in accuracies.items()
    }
    pieces["list"][0] |= {"found": 350, "flipped": 500, "dropped": 400, "dropped_flipped": 300}
    pieces["list"][1] |= {"found": 250, "flipped": 500, "dropped": 300, "dropped_flipped": 200}
    benchmark.report(argparse.Namespace(seeds_text="1,2", seeds=[1, 2]), pieces)
    records = {record.name: record for record, _ in written}
    assert all(len(stamps) == 12 for _, stamps in written) and len(records) == 5
    found, gained = records["label-errors-found"], records["label-errors-gain"]
    assert (found.value, found.met, found.detail["shares"]) == (60.0, True, [70.0, 50.0])
    assert gained.value == pytest.approx(1.0) and gained.met
    assert "(400 with 300 of the flipped, 300 with 200 of the flipped): 3 epochs at 5e-5, of 84.5 %" in gained.what
    assert records["label-errors-room"].value == pytest.approx(2.0)
    longer = records["label-errors-gain-longer"]
    assert longer.value == pytest.approx(-1.0) and not longer.met and "5 epochs at 2e-4, of 81.0 %" in longer.what
    assert records["label-errors-room-longer"].value == pytest.approx(9.0)
    assert longer.detail["accuracies"]["noisy"] == [80.0, 82.0]


def test_sides_have_their_labels_and_their_training(benchmark: Any) -> None:
    assert len(benchmark.SIDES) == 6 and set(benchmark.LABELS) < set(benchmark.SIDES)
    assert benchmark.flags_of("list", 2)[4:] == [
        "--epochs",
        "3",
        "--lr",
        "5e-5",
        "--batch-tokens",
        "1024",
        "--seed",
        "2",
    ]
    assert "--keep last" in " ".join(benchmark.flags_of("faultless-longer", 1))


def test_rows_are_written_with_or_without_what_was_flipped(benchmark: Any, tmp_path: Path) -> None:
    rows = benchmark.Rows(["a", "b", "c"], ["x", "y", "x"], {1})
    assert rows.write(tmp_path / "all.csv").read_text().split() == ["text,label", "a,x", "b,y", "c,x"]
    benchmark._write(tmp_path / "none.csv", ("text", "label"), [])
    assert (tmp_path / "none.csv").read_text().split() == ["text,label"]
    assert rows.write(tmp_path / "some.csv", without_flipped=True).read_text().split() == ["text,label", "a,x", "c,x"]
