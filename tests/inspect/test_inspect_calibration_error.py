from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.errors import DataError, SettingsError
from limbeck.inspect.calibration_error import calibration_error, debiased_error


def test_the_error_is_the_hand_computed_one() -> None:
    probs = np.array([0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1])
    truths = np.array([1, 0, 0, 0, 1, 1, 0, 0])
    # bin 1: s = .1, y = 1/4, n = 4: .0225 - (3/16)/3 = -.04; bin 2: s = .9, y = 1/2: .16 - (1/4)/3 = .076666...
    assert debiased_error(probs, truths, bins=2) == pytest.approx(math.sqrt((-0.04 + 0.16 - 1 / 12) / 2), abs=1e-12)


def test_one_bin_compares_means() -> None:
    probs, truths = np.full(10, 0.8), np.array([1] * 5 + [0] * 5)
    assert debiased_error(probs, truths, bins=1) == pytest.approx(math.sqrt(0.09 - 0.25 / 9), abs=1e-12)


def test_an_estimate_below_zero_is_zero() -> None:
    assert debiased_error(np.array([0.5, 0.5]), np.array([0, 1])) == 0.0


def test_bins_are_of_equal_mass_and_sorted_by_probability() -> None:
    probs, truths = np.array([0.99, 0.01, 0.98, 0.02, 0.6, 0.4]), np.array([0, 0, 1, 0, 1, 1])
    # bins (.01, .02): s = .015, y = 0; (.4, .6): s = .5, y = 1; (.98, .99): s = .985, y = 1/2, less its variance of 1/4
    assert debiased_error(probs, truths, bins=3) == pytest.approx(
        math.sqrt((0.015**2 + 0.5**2 + 0.485**2 - 0.25) / 3), abs=1e-12
    )


def _slow_square(probs: np.ndarray, truths: np.ndarray, bins: int, *, debiased: bool = True) -> float:
    """The formula, a bin at a time."""
    rows = sorted(range(len(probs)), key=lambda n: (probs[n], n))
    n_bins = min(bins, len(rows) // 2)
    total = 0.0
    for n in range(n_bins):
        inside = rows[round(n * len(rows) / n_bins) : round((n + 1) * len(rows) / n_bins)]
        said = sum(probs[row] for row in inside) / len(inside)
        true = sum(truths[row] for row in inside) / len(inside)
        chance = true * (1 - true) / (len(inside) - 1) if debiased else 0.0
        total += len(inside) / len(rows) * ((said - true) ** 2 - chance)
    return total


def _slow(probs: np.ndarray, truths: np.ndarray, bins: int) -> float:
    return math.sqrt(max(0.0, _slow_square(probs, truths, bins)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60), st.integers(1, 20))
def test_it_agrees_with_a_slow_reference(rows: list[tuple[float, bool]], bins: int) -> None:
    probs, truths = np.array([p for p, _ in rows]), np.array([t for _, t in rows])
    assert debiased_error(probs, truths, bins=bins) == pytest.approx(_slow(probs, truths, bins), abs=1e-7)


def test_honest_probabilities_measure_about_nothing_and_shifted_ones_their_shift() -> None:
    random = np.random.default_rng(3)
    probs = random.uniform(0.1, 0.8, 40_000)
    truths = random.uniform(size=40_000) < probs
    assert debiased_error(probs, truths) < 0.01
    assert debiased_error(probs + 0.1, truths) == pytest.approx(0.1, abs=0.01)


def test_the_plain_error_of_few_rows_would_be_far_too_high() -> None:
    random = np.random.default_rng(0)
    squares, plain = [], []
    for _ in range(200):
        probs = random.uniform(size=150)
        truths = (random.uniform(size=150) < probs).astype(float)
        from limbeck.inspect import calibration_error as room

        squares.append(room._squared(probs, truths, 15, debiased=True))
        plain.append(room._squared(probs, truths, 15, debiased=False))
    assert abs(np.mean(squares)) < 0.002
    assert np.mean(plain) > 0.012


def test_the_interval_holds_the_true_error_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    held = 0
    for trial in range(40):
        probs = random.uniform(0.1, 0.8, 400)
        truths = random.uniform(size=400) < probs
        found = calibration_error(probs + 0.1, truths, resamples=60, seed=trial)
        held += found.low <= 0.1 <= found.high
        assert found.low <= found.value <= found.high
    assert held >= 32


@pytest.mark.parametrize(("level", "ends"), [(0.8, (0.1, 0.9)), (0.5, (0.25, 0.75))])
def test_the_interval_is_the_pivotal_one(level: float, ends: tuple[float, float]) -> None:
    random = np.random.default_rng(2)
    probs = random.uniform(0.5, 0.95, 50)
    truths = (random.uniform(size=50) < probs - 0.4).astype(float)
    found = calibration_error(probs, truths, bins=3, resamples=40, level=level, seed=5)
    drawn, plain = np.random.default_rng(5), _slow_square(probs, truths, 3, debiased=False)
    apart = [
        _slow_square(probs[rows], truths[rows], 3) - plain for rows in (drawn.integers(0, 50, 50) for _ in range(40))
    ]
    below, above = np.quantile(apart, ends)
    estimate = _slow_square(probs, truths, 3)
    squares = estimate, estimate - above, estimate - below  # what lies above the truth when drawn lies below it here
    assert min(squares) > 0
    assert (found.value, found.low, found.high) == pytest.approx(np.sqrt(squares).tolist())


def test_the_same_seed_gives_the_same_interval() -> None:
    probs, truths = np.linspace(0.05, 0.95, 40), np.arange(40) % 3 == 0
    first, again = (calibration_error(probs, truths, resamples=50, seed=4) for _ in range(2))
    assert first == again
    assert (first.rows, first.bins) == (40, 15)
    assert calibration_error(probs[:6], truths[:6], resamples=5).bins == 3


@pytest.mark.parametrize(
    ("probs", "truths", "said"),
    [
        ([0.5], [1], "1 rows tell no calibration error; give two or more"),
        ([], [], "0 rows tell no calibration error"),
        ([0.5, 0.5], [1], r"\(2,\) and truths of \(1,\)"),
        ([[0.5, 0.5]], [[1, 0]], r"give two of \(N,\)"),
        ([1.5, 0.5], [1, 0], "a probability is not between 0 and 1; give probabilities, not logits"),
        ([float("nan"), 0.5], [1, 0], "a probability is not between 0 and 1"),
        ([0.5, 0.5], [1, 2], "a truth is neither 0 nor 1"),
    ],
)
def test_bad_rows_are_named(probs: list[float], truths: list[float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        debiased_error(np.array(probs), np.array(truths))


def test_all_problems_come_at_once() -> None:
    with pytest.raises(DataError, match=r"(?s)1 rows.*between 0 and 1.*neither 0 nor 1"):
        debiased_error(np.array([7.0]), np.array([7]))


def test_bad_settings_are_named() -> None:
    rows = np.array([0.5, 0.5]), np.array([0, 1])
    with pytest.raises(SettingsError, match="0 bins hold no row"):
        debiased_error(*rows, bins=0)
    with pytest.raises(SettingsError, match="resamples 0 and level"):
        calibration_error(*rows, resamples=0)
    with pytest.raises(SettingsError, match=r"level 1\.0"):
        calibration_error(*rows, level=1.0)
