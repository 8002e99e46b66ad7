"""The temperature: against a grid, at its bounds, and with few rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limbeck.inspect.calibrate import BOUNDS, smoothed, soft_cross_entropy, temperature
from limbeck.metrics import softmax

Sample = tuple[NDArray[np.float64], NDArray[np.int64]]


def sample(seed: int, n_rows: int = 200, n_classes: int = 3, scale: float = 4.0) -> Sample:
    """Rows whose targets are drawn from their probabilities at temperature 1, times ``scale``."""
    random = np.random.default_rng(seed)
    honest = random.normal(size=(n_rows, n_classes))
    targets = np.array([random.choice(n_classes, p=row) for row in softmax(honest)])
    return honest * scale, targets


SAMPLES = st.builds(sample, st.integers(0, 50), st.integers(1, 60), st.integers(2, 4), st.floats(0.01, 100))


def test_smoothed_by_hand() -> None:
    # class 0 twice: (2 + 1) / (2 + 3), the rest shared; class 1 once: (1 + 1) / (1 + 3)
    found = smoothed(np.array([0, 1, 0]), 3)
    np.testing.assert_allclose(found, [[0.6, 0.2, 0.2], [0.25, 0.5, 0.25], [0.6, 0.2, 0.2]])


def test_smoothed_is_platts_for_two_classes() -> None:
    # 3 positive of 4: (3 + 1) / (3 + 2), and for the negative one 1 - 2/3
    found = smoothed(np.array([1, 1, 1, 0]), 2)
    np.testing.assert_allclose(found[:, 1], [0.8, 0.8, 0.8, 1 / 3])
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_soft_cross_entropy_by_hand() -> None:
    logits, soft = np.array([[0.0, math.log(3)]]), np.array([[0.5, 0.5]])
    assert soft_cross_entropy(logits, soft) == pytest.approx((math.log(4) + math.log(4 / 3)) / 2)


def test_the_temperature_by_hand() -> None:
    # 3 of 4 right at a margin of m, smoothed: (4/5 x 3 + 1/3) / 4 = 41/60 for the class, so m / T = ln(41/19)
    logits = np.array([[0.0, 6.0]] * 4)
    assert temperature(logits, np.array([1, 1, 1, 0])) == pytest.approx(6 / math.log(41 / 19))


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_no_other_temperature_is_better(scale: float, n_classes: int) -> None:
    logits, targets = sample(1, n_classes=n_classes, scale=scale)
    soft = smoothed(targets, n_classes)
    grid = np.geomspace(*BOUNDS, 2000)
    losses = [soft_cross_entropy(logits / value, soft) for value in grid]
    found = temperature(logits, targets)
    assert found == pytest.approx(grid[np.argmin(losses)], rel=0.005)
    assert soft_cross_entropy(logits / found, soft) <= min(losses) + 1e-12


def test_honest_logits_times_four_are_divided_by_about_four() -> None:
    assert temperature(*sample(0, n_rows=5000)) == pytest.approx(4, rel=0.1)


@given(SAMPLES)
def test_no_label_changes_and_the_bounds_hold(rows: Sample) -> None:
    logits, targets = rows
    found = temperature(logits, targets)
    assert BOUNDS[0] <= found <= BOUNDS[1]
    assert (logits / found).argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()
    soft = smoothed(targets, logits.shape[1])
    assert soft_cross_entropy(logits / found, soft) <= soft_cross_entropy(logits, soft) + 1e-12


@given(SAMPLES, st.floats(0.1, 10))
def test_twice_the_logits_twice_the_temperature(rows: Sample, factor: float) -> None:
    logits, targets = rows
    one, other = temperature(logits, targets), temperature(logits * factor, targets)
    if BOUNDS[0] < one < BOUNDS[1] and BOUNDS[0] < other < BOUNDS[1]:
        assert other == pytest.approx(one * factor, rel=1e-6)


@given(st.integers(1, 30), st.floats(1, 20))
def test_rows_that_are_all_right_stay_finite(n_rows: int, margin: float) -> None:
    # unsmoothed, T would fall to 0; smoothed, (n + 1) / (n + 2) is what n rows of one class can tell
    logits, targets = np.array([[0.0, margin]] * n_rows), np.ones(n_rows, np.int64)
    found = temperature(logits, targets)
    assert found == pytest.approx(np.clip(margin / math.log(n_rows + 1), *BOUNDS))
    assert softmax(logits / found)[0, 1] < 1


def test_bounds() -> None:
    wrong = temperature(np.array([[9.0, 0.0]] * 50), np.ones(50, np.int64))
    faint = temperature(np.array([[0.0, 0.001]] * 50), np.ones(50, np.int64))
    assert (wrong, faint) == (BOUNDS[1], BOUNDS[0])


def test_without_rows_nothing_is_changed() -> None:
    assert temperature(np.zeros((0, 3)), np.zeros(0, np.int64)) == 1.0


def test_float32_is_enough() -> None:
    logits, targets = sample(2)
    assert temperature(logits.astype(np.float32), targets) == pytest.approx(temperature(logits, targets), rel=1e-5)
