"""Regress: numbers in, numbers out, and figures by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from limbeck.errors import DataError
from limbeck.tasks.regress import Task

TASK = Task()


def test_targets_are_floats() -> None:
    found = TASK.encode([1, 2.5, "3", " -4e1 "])
    assert found.tolist() == [1.0, 2.5, 3.0, -40.0]
    assert found.dtype == np.float64
    assert TASK.encode([]).shape == (0,)


@pytest.mark.parametrize(
    "target", ["five", "", None, math.nan, math.inf, "nan", pytest.param(10**400, id="huge"), [1], -1e39]
)
def test_what_is_no_number_that_can_be_learnt_is_named_with_its_row(target: Any) -> None:
    with pytest.raises(DataError) as caught:
        TASK.encode([1.0, target])
    assert str(caught.value) == (
        f"row 2 has the target {target!r}; regression takes numbers from -1e+30 to 1e+30: mend the row, or give all in "
        "a larger unit"
    )


def test_the_unit_is_folded_into_the_output_layer() -> None:
    # mean 3, squares of the deviations 4 + 0 + 4 over 3 rows
    assert TASK.output_scale(np.array([1.0, 3.0, 5.0])) == pytest.approx((math.sqrt(8 / 3), 3.0))


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e6])
def test_equal_targets_have_no_unit(value: float) -> None:
    # their standard deviation may be rounded to something above 0
    assert TASK.output_scale(np.full(3, value)) == pytest.approx((1.0, value), rel=1e-12)


def test_targets_that_float32_does_not_tell_apart_have_no_unit() -> None:
    for least in (1e-200, 1e-320):  # squares of their deviations are 0
        assert TASK.output_scale(np.array([least, 3 * least])) == pytest.approx((1.0, 2 * least))
    assert TASK.output_scale(np.array([1e-30, 3e-30])) == pytest.approx((1e-30, 2e-30))


def test_answers_are_the_logits() -> None:
    answers = TASK.decode(np.array([[1.5], [-2.0]]))
    assert answers.predicted == [1.5, -2.0]
    assert answers.columns == {}
    assert TASK.decode(np.zeros((0, 1))).predicted == []


def test_figures_by_hand() -> None:
    # errors 0, 1, -1; ranks 1, 3, 2 against 1, 2, 3
    found = TASK.metrics(np.array([[1.0], [3.0], [2.0]]), np.array([1.0, 2.0, 3.0]))
    assert list(found) == ["pearson", "spearman", "mean_absolute_error", "root_mean_squared_error", "loss"]
    assert list(found.values()) == pytest.approx([0.5, 0.5, 2 / 3, math.sqrt(2 / 3), 2 / 3])
    assert all(type(value) is float for value in found.values())


def test_figures_are_scikit_learns() -> None:
    random = np.random.default_rng(5)
    logits, targets = random.normal(size=(50, 1)), random.normal(size=50)
    found = TASK.metrics(logits, targets)
    assert found["mean_absolute_error"] == pytest.approx(sk.mean_absolute_error(targets, logits[:, 0]))
    assert found["loss"] == pytest.approx(sk.mean_squared_error(targets, logits[:, 0]))


def test_the_loss_is_squared_error() -> None:
    assert TASK.loss(np.array([[1.0], [5.0]]), np.array([3.0, 4.0])).tolist() == [4.0, 1.0]
