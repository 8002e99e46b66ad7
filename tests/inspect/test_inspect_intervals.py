"""Intervals: numbers by hand, ends, and what they promise of repeated samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.inspect.intervals import of_confusion, of_mean, of_rows
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


def test_the_bootstrap_of_macro_f1_holds_its_value() -> None:
    targets, predicted = np.array([0] * 50 + [1] * 50), np.array([0] * 40 + [1] * 60)
    found = of_confusion(metrics.confusion(predicted, targets, 2), metrics.macro_f1)
    assert found.value == pytest.approx(metrics.per_class(predicted, targets, 2).f1.mean())
    assert found.low < found.value < found.high
