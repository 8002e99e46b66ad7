"""Intervals: numbers by hand, ends, and what they promise of repeated samples."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.inspect.intervals import of_confusion, of_mean, of_paired_shares, of_rows
from limbeck.inspect.shares import wilson


def test_a_mean() -> None:
    # deviation of 1, 2, 3 is 1, so 2 plus or minus 1.959964 / sqrt(3)
    assert of_mean(np.array([1.0, 2.0, 3.0])) == pytest.approx((2, 2 - 1.1315857, 2 + 1.1315857), abs=1e-5)
    assert of_mean(np.array([5.0])) == (5, 5, 5)
    assert of_mean(np.array([5.0]), spread=2.0) == pytest.approx((5, 5 - 3.919928, 5 + 3.919928), abs=1e-5)
    assert of_mean(np.array([1.0, 2.0, 3.0]), spread=0.5) == of_mean(np.array([1.0, 2.0, 3.0]))
    many = np.arange(10.0)
    assert of_mean(many, spread=50.0) == of_mean(many)
    assert math.isnan(of_mean(np.zeros(0)).value)


def test_a_difference_of_shares_stays_between_its_ends() -> None:
    never, always = np.zeros(2, np.bool_), np.ones(2, np.bool_)
    reach = 1.959964 * math.sqrt(2 + 1 - 4 / 4) / 4  # around 2 / 4: up to 1.19
    assert of_paired_shares(never, always) == pytest.approx((1, 0.5 - reach, 1))
    assert of_paired_shares(always, never) == pytest.approx((-1, -1, reach - 0.5))


def test_the_level_decides_the_width() -> None:
    # half of a normal distribution lies within 0.67449 deviations
    values, right = np.array([1.0, 2.0, 3.0]), np.arange(1000) < 800
    assert of_mean(values, 0.5) == pytest.approx((2, 2 - 0.67449 / math.sqrt(3), 2 + 0.67449 / math.sqrt(3)), abs=1e-5)
    both = np.array([True] * 6 + [False] * 4)
    assert of_paired_shares(both, both, 0.5) == pytest.approx((0, -0.67449 / 12, 0.67449 / 12), abs=1e-5)
    deviation = math.sqrt(0.8 * 0.2 / 1000)
    for found in (
        of_rows(1000, lambda drawn: float(right[drawn].mean()), level=0.5),
        of_confusion(np.array([[400, 100], [100, 400]]), lambda one: float(one.trace() / one.sum()), level=0.5),
    ):
        assert found.high - found.low == pytest.approx(2 * 0.67449 * deviation, rel=0.2)


def test_the_bootstrap_of_accuracy_agrees_with_wilson() -> None:
    matrix = np.array([[400, 100], [100, 400]])

    def accuracy(one: NDArray[Any]) -> float:
        return float(one.trace() / one.sum())

    found = of_confusion(matrix, accuracy)
    assert found.value == 0.8
    assert found[1:] == pytest.approx(wilson(800, 1000)[1:], abs=0.006)
    right = np.arange(1000) < 800
    rows = of_rows(1000, lambda drawn: float(right[drawn].mean()))
    assert rows == pytest.approx(found, abs=0.006)
    assert of_rows(1000, lambda drawn: float(right[drawn].mean())) == rows  # seeded


@pytest.mark.parametrize(
    "cells", [[[40, 10], [20, 30]], [[40, 0, 3], [0, 0, 0], [2, 0, 0]], [[0, 5], [0, 0]], [[0, 0], [0, 0]]]
)
def test_resamples_one_at_a_time_over_the_cells_that_hold_rows_are_those_of_all_at_once(cells: list[list[int]]) -> None:
    matrix, seen = np.array(cells), []

    def keep(one: NDArray[Any]) -> float:
        seen.append(one.copy())
        return 0.0

    of_confusion(matrix, keep, seed=3)
    shares = (matrix / max(matrix.sum(), 1)).ravel()
    at_once = np.random.default_rng(3).multinomial(matrix.sum(), shares, size=500)
    np.testing.assert_array_equal(np.stack(seen[:500]).reshape(500, -1), at_once)


def test_the_bootstrap_of_many_classes_holds_one_resample_at_a_time() -> None:
    matrix = np.eye(300, dtype=np.int64) * 10
    tracemalloc.start()
    try:
        of_confusion(matrix, lambda one: float(one[0, 0]))
        assert tracemalloc.get_traced_memory()[1] < 8 * matrix.nbytes  # 500 of them at once, each with its cells
    finally:
        tracemalloc.stop()


def test_the_bootstrap_of_macro_f1_holds_its_value() -> None:
    targets, predicted = np.array([0] * 50 + [1] * 50), np.array([0] * 40 + [1] * 60)
    found = of_confusion(metrics.confusion(predicted, targets, 2), metrics.macro_f1)
    assert found.value == pytest.approx(metrics.per_class(predicted, targets, 2).f1.mean())
    assert found.low < found.value < found.high
