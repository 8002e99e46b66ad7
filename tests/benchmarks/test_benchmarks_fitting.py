"""What the benchmarks of autofit and of a handful of labels draw and judge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    with plain_modules(FOLDER, ("records", "commands", "autofit", "few_labels")) as found:
        yield found


def test_the_best_of_the_grid_is_that_of_the_lowest_mean(modules: Any) -> None:
    grid = {"1e-4": [0.4, 0.2], "2e-4": [0.1, 0.7]}
    best, loss, ratio = modules["autofit"].verdict(grid, [0.3, 0.33])
    assert best == "1e-4"
    assert loss == pytest.approx(0.3)
    assert ratio == pytest.approx(1.05)


def test_draws_have_so_many_rows_of_each_class_and_depend_on_the_seed(modules: Any) -> None:
    draw = modules["few_labels"].draw
    labels = ["a"] * 20 + ["b"] * 30 + ["c"] * 3
    rows = draw(labels, 8, 1)
    assert [sum(labels[row] == name for row in rows) for name in "abc"] == [8, 8, 3]
    assert rows == sorted(set(rows)) == draw(labels, 8, 1)
    assert rows != draw(labels, 8, 2)


def test_setfit_learns_where_it_is_there_and_from_few_labels(modules: Any) -> None:
    sides_of = modules["few_labels"].sides_of
    assert sides_of(8, SimpleNamespace(setfit_python="python")) == ("auto", "frozen", "setfit")
    assert sides_of(128, SimpleNamespace(setfit_python="python")) == ("auto", "frozen")
    assert sides_of(8, SimpleNamespace(setfit_python=None)) == ("auto", "frozen")


def test_rows_are_written_as_they_are(modules: Any, tmp_path: Path) -> None:
    import csv

    modules["autofit"].write_rows(tmp_path / "rows.csv", ['a "b", c', "d\ne"], ["x", "y"])
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["text", "label"], ['a "b", c', "x"], ["d\ne", "y"]]
