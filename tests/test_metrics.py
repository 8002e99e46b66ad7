"""Measures: numbers by hand, and scikit-learn as the slow reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]
from sklearn import metrics as sk

from limbeck import metrics

CLASSES = 4
PAIRS = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=40)
NUMBERS = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=30)


def columns(rows: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    both = np.array(rows, np.int64)
    return both[:, 0], both[:, 1]


def test_softmax_by_hand() -> None:
    # e^0 : e^ln 3 = 1 : 3
    np.testing.assert_allclose(metrics.softmax(np.array([[0.0, math.log(3)]])), [[0.25, 0.75]])
    np.testing.assert_allclose(metrics.log_softmax(np.array([[5.0, 5.0]])), [[-math.log(2), -math.log(2)]])


@pytest.mark.parametrize("kind", [np.int64, np.float16, np.float32])
def test_softmax_takes_any_number(kind: Any) -> None:
    found = metrics.softmax(np.array([[1, 2], [30000, -30000]], kind))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [[1 / (1 + math.e), math.e / (1 + math.e)], [1.0, 0.0]])


def test_softmax_of_no_rows() -> None:
    assert metrics.softmax(np.zeros((0, 3))).shape == (0, 3)


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=5), st.floats(-1e3, 1e3))
def test_softmax_sums_to_one_and_knows_no_offset(rows: list[list[float]], offset: float) -> None:
    logits = np.array(rows)
    probs = metrics.softmax(logits)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    np.testing.assert_allclose(metrics.softmax(logits + offset), probs, atol=1e-8)


def test_cross_entropy_by_hand() -> None:
    logits = np.array([[0.0, math.log(3)], [0.0, math.log(3)], [1000.0, 0.0]])
    found = metrics.cross_entropy(logits, np.array([0, 1, 1]))
    np.testing.assert_allclose(found, [math.log(4), math.log(4 / 3), 1000])


@given(PAIRS)
def test_cross_entropy_is_scikit_learns_log_loss(rows: list[tuple[int, int]]) -> None:
    said, true = columns(rows)
    logits = np.eye(CLASSES)[said] * 2.0
    expected = sk.log_loss(true, metrics.softmax(logits), labels=range(CLASSES))
    assert metrics.cross_entropy(logits, true).mean() == pytest.approx(expected)


def test_confusion_has_true_rows_and_predicted_columns() -> None:
    found = metrics.confusion(np.array([1, 1, 0, 2]), np.array([0, 1, 0, 1]), 3)
    assert found.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert metrics.confusion(np.zeros(0), np.zeros(0), 2).tolist() == [[0, 0], [0, 0]]


def test_per_class_by_hand() -> None:
    # class 0: said twice, once right, true once; class 1: said once, right, true twice; class 2: neither said nor true
    found = metrics.per_class(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    np.testing.assert_allclose(found.precision, [1 / 2, 1, 0])
    np.testing.assert_allclose(found.recall, [1, 1 / 2, 0])
    np.testing.assert_allclose(found.f1, [2 / 3, 2 / 3, 0])
    assert found.support.tolist() == [1, 2, 0]


@given(PAIRS)
def test_counts_are_scikit_learns(rows: list[tuple[int, int]]) -> None:
    said, true = columns(rows)
    labels = range(CLASSES)
    np.testing.assert_array_equal(
        metrics.confusion(said, true, CLASSES), sk.confusion_matrix(true, said, labels=labels)
    )
    expected = sk.precision_recall_fscore_support(true, said, labels=labels, zero_division=0)
    found = metrics.per_class(said, true, CLASSES)
    for one, other in zip((found.precision, found.recall, found.f1, found.support), expected, strict=True):
        np.testing.assert_allclose(one, other)


def test_macro_f1_by_hand() -> None:
    # said 0, 0, 1 of 0, 1, 1: F1 2/3 and 2/3; a third class that does not occur is left out, one that is said counts 0
    assert metrics.macro_f1(metrics.confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)) == pytest.approx(2 / 3)
    assert metrics.macro_f1(metrics.confusion(np.array([0, 2]), np.array([0, 0]), 3)) == pytest.approx((2 / 3 + 0) / 2)
    assert math.isnan(metrics.macro_f1(np.zeros((2, 2), np.int64)))


@given(PAIRS)
def test_macro_f1_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    said, true = columns(rows)
    expected = sk.f1_score(true, said, average="macro", zero_division=0)
    assert metrics.macro_f1(metrics.confusion(said, true, CLASSES)) == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(PAIRS)
def test_matthews_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    said, true = columns(rows)
    assert metrics.matthews(said, true, CLASSES) == pytest.approx(sk.matthews_corrcoef(true, said), abs=1e-12)


def test_matthews_by_hand() -> None:
    # tp 1, tn 2, fp 1, fn 0: (1 x 2 - 1 x 0) / sqrt(2 x 1 x 3 x 2)
    said, true = np.array([1, 0, 0, 1]), np.array([1, 0, 0, 0])
    assert metrics.matthews(said, true, 2) == pytest.approx(2 / math.sqrt(12))
    assert metrics.matthews(np.zeros(4), true, 2) == 0.0


def test_pearson_by_hand() -> None:
    # deviations (-1, 0, 1) and (-1, 1, 0): 1 / sqrt(2 x 2)
    assert metrics.pearson(np.array([1, 2, 3]), np.array([1, 3, 2])) == pytest.approx(0.5)
    assert metrics.pearson(np.array([1, 2, 3]), np.array([-1, -2, -3])) == pytest.approx(-1)


@pytest.mark.parametrize("value", [0.1, 0.0, 1e300, 1 / 3])
def test_what_does_not_vary_has_no_correlation(value: float) -> None:
    # the mean of equal numbers is rounded, so that their deviations need not be 0
    flat, slope = np.full(7, value), np.arange(7.0)
    for first, second in ((flat, slope), (slope, flat), (flat, flat)):
        assert metrics.pearson(first, second) == 0.0
        assert metrics.spearman(first, second) == 0.0


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_correlation_has_no_unit(unit: float) -> None:
    first, second = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    assert metrics.pearson(first * unit, second) == pytest.approx(0.5)


def test_correlation_of_few_rows() -> None:
    for n in (0, 1):
        assert metrics.pearson(np.zeros(n), np.ones(n)) == 0.0
        assert metrics.spearman(np.zeros(n), np.ones(n)) == 0.0


def test_spearman_with_ties_by_hand() -> None:
    # ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: deviations (-1.5, 0, 0, 1.5) and (-1.5, 0.5, -0.5, 1.5): 4.5 / sqrt(4.5 x 5)
    found = metrics.spearman(np.array([10, 20, 20, 30]), np.array([0.1, 0.5, 0.2, 9.0]))
    assert found == pytest.approx(4.5 / math.sqrt(22.5))


@given(NUMBERS)
def test_correlations_are_scipys(rows: list[tuple[int, int]]) -> None:
    first, second = columns(rows)
    if len(set(first)) == 1 or len(set(second)) == 1:
        return
    assert metrics.pearson(first, second) == pytest.approx(stats.pearsonr(first, second)[0], abs=1e-12)
    assert metrics.spearman(first, second) == pytest.approx(stats.spearmanr(first, second)[0], abs=1e-12)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=20))
def test_correlation_stays_within_one(values: list[float]) -> None:
    side = np.array(values)
    assert metrics.pearson(side, side) == pytest.approx(1.0 if side.min() < side.max() else 0.0)
    assert -1.0 <= metrics.pearson(side, side[::-1]) <= 1.0
    assert metrics.pearson(side, side) <= 1.0
