"""What a curve and a few tries speak for: hand-made curves, and numbers by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from limbeck.metrics import shown_rate
from limbeck.train.suggest import (
    BETA,
    Trial,
    convincing_loss,
    divergence,
    enough_evidence,
    evidence,
    falls,
    for_longer,
    has_diverged,
    next_rate,
    rounded,
    smoothed,
    steepest,
    tenth_of_minimum,
    valley,
    vertex,
)

DECADES = [10.0**power for power in range(-7, 3)]


def raw(curve: Sequence[float]) -> list[float]:
    """Losses whose smoothed curve is ``curve``: m = c (1 - beta^n), each loss (m - beta m_before) / (1 - beta)."""
    means = [value * (1 - BETA**n) for n, value in enumerate(curve, start=1)]
    return [(mean - BETA * before) / (1 - BETA) for before, mean in zip([0.0, *means], means, strict=False)]


def test_the_hand_made_curves_are_what_is_smoothed() -> None:
    curve = [5.0, 4.0, 4.5, 3.0]
    assert smoothed(raw(curve)) == pytest.approx(curve)
    # 0.1 x 2, then 0.9 x 0.2 + 0.1 x 4 = 0.58, over 1 - 0.9 and 1 - 0.81
    assert smoothed([2.0, 4.0]) == pytest.approx([2.0, 0.58 / 0.19])


# readings of a curve


def test_steepest_is_the_rate_of_the_steepest_slope() -> None:
    # slopes over two steps: -0.1, -0.7, -0.65, ...; what comes after the minimum does not count
    curve = [5.0, 5.0, 4.8, 3.6, 3.5, 3.4, 9.0, 1000.0, 5.0, 4.0]
    assert steepest(DECADES, raw(curve)) == DECADES[2]


def test_steepest_names_the_rate_of_its_own_index_in_a_long_curve() -> None:
    rates = [1e-7 * 10 ** (8 * n / 199) for n in range(200)]
    curve = [1.0] * 100 + [1 - 0.8 / (1 + math.exp(-(n - 50) / 4)) for n in range(100)]
    assert steepest(rates, raw(curve)) == pytest.approx(rates[150], rel=0.1)  # not 19 times lower


def test_valley_is_the_middle_of_the_longest_fall() -> None:
    assert valley(DECADES, raw([5, 5.1, 5.2, 4, 3, 2, 1, 1.5, 1.6, 2])) == DECADES[3]  # from 0 to 6
    assert valley(DECADES, raw([5, 4, 4.5, 3, 3.5, 2, 2.5, 1, 8, 9])) == DECADES[3]  # 5, 4, 3, 2, 1: from 0 to 7
    assert valley(DECADES, raw([3, 4, 5, 6, 5.5, 5, 4.5, 4, 2, 2.5])) == DECADES[5]  # from 3 to 8


def test_a_tenth_of_the_minimum() -> None:
    assert tenth_of_minimum(DECADES, raw([5, 5, 4, 3, 2, 1, 3, 4, 5, 6])) == pytest.approx(DECADES[5] / 10)


@pytest.mark.parametrize("losses", [[], [1.0], [1.0, 0.5], [1.0] * 10, [1.0 + n for n in range(10)], [1.0, 0.97] * 5])
def test_a_curve_that_does_not_fall_says_nothing(losses: list[float]) -> None:
    assert not falls(losses)
    rates = DECADES[: len(losses)]
    assert [reading(rates, losses) for reading in (steepest, valley, tenth_of_minimum)] == [None] * 3


def test_a_fall_within_the_noise_of_the_beginning_is_none() -> None:
    # ten losses of 1 and 3 in turn: mean 2, standard error 1.054 / sqrt(10) = 1/3, so that a fall must pass 1
    uneven = [1.0, 3.0] * 5
    assert not falls(uneven + [1.05] * 90) and falls(uneven + [0.95] * 90)


# divergence


def test_divergence_is_eight_losses_of_four_times_the_best() -> None:
    assert not has_diverged([]) and divergence([]) is None
    steady = [1.0] * 10
    assert not has_diverged([*steady, *[4.1] * 7]) and has_diverged([*steady, *[4.1] * 8])
    assert divergence([*steady, *[4.1] * 8]) == 10
    assert divergence([*steady, *[4.1] * 8, 1.0, 1.0]) == 10
    assert divergence([*steady, *[3.9] * 9]) is None


def test_a_loss_that_fell_first_diverges_from_where_it_fell_to() -> None:
    # behind twenty halves the smoothed loss stands at 0.5 + 0.5 (0.9^20 - 0.9^30) / (1 - 0.9^30): 0.541
    losses = [1.0] * 10 + [0.5] * 20
    assert divergence(losses + [2.1] * 8) is None
    assert divergence(losses + [2.2] * 8) == 30


def test_a_divergence_begins_where_losses_jump_not_where_the_smoothed_one_follows() -> None:
    losses = [1.0] * 20 + [10.0] * 8
    assert not has_diverged(losses[:27]) and has_diverged(losses)
    assert divergence(losses) == 20


def test_a_divergence_into_no_number_may_be_shorter() -> None:
    losses = [1.0] * 20 + [10.0] * 3
    assert divergence(losses) is None and divergence(losses, then_no_number=True) == 20
    assert divergence([1.0] * 20, then_no_number=True) is None


def test_a_rate_that_is_too_high_from_the_beginning_diverges_too() -> None:
    rising = [5.0, 9.0, 30.0, 60.0, 99.0, 200.0, 300.0, 500.0]
    assert divergence([0.7, *rising]) == 1
    assert divergence([0.7, 0.9, 0.6, *rising]) == 3


def test_a_single_high_loss_is_no_divergence() -> None:
    assert divergence([1.0] * 10 + [9.0] + [1.0] * 10) is None
    assert divergence([1.0] * 10 + [900.0]) is None


def test_uneven_batches_of_a_trained_model_are_no_divergence() -> None:
    """Nearly every row is known, and one in forty costs a lot: the means of eight differ a hundredfold."""
    random = np.random.default_rng(0)
    for _ in range(100):
        rows_lost = np.where(random.random((97, 8)) < 1 / 40, 3.0, 0.01)
        assert divergence(rows_lost.mean(axis=1)) is None


def test_a_lucky_first_batch_is_no_minimum() -> None:
    losses = [0.001, *[1.0] * 99]
    rates = [1e-7 * 10 ** (8 * n / 99) for n in range(100)]
    assert not falls(losses)
    assert [reading(rates, losses) for reading in (steepest, valley, tenth_of_minimum)] == [None] * 3


# tries


def search(loss: Callable[[float], float | None], start: float, **limits: float) -> list[Trial]:
    settings: dict[str, Any] = {"start": start, "factor": math.sqrt(10), "most": 7, "ceiling": 1.0, **limits}
    trials: list[Trial] = []
    while (rate := next_rate(trials, **settings)) is not None:
        trials.append(Trial(rate, loss(rate)))
    return trials


def powers(trials: Sequence[Trial]) -> list[float]:
    return [math.log10(trial.rate) for trial in trials]


def bowl(best: float) -> Callable[[float], float]:
    return lambda rate: 0.3 + 0.1 * math.log10(rate / best) ** 2


def test_it_goes_down_until_it_is_worse_then_looks_closer() -> None:
    trials = search(bowl(1e-4), 1e-3)
    assert powers(trials) == pytest.approx([-3, -3.5, -4, -4.5, -4.25, -3.75])
    assert vertex(trials) == pytest.approx(1e-4)


@pytest.mark.parametrize("best", [1e-5, 4e-5, 1e-4, 5e-4, 1e-3, 2e-3, 7e-3])
def test_a_parabola_is_found_exactly(best: float) -> None:
    trials = search(bowl(best), 1e-3)
    assert len(trials) <= 7
    assert vertex(trials) == pytest.approx(best)


def test_no_rate_is_tried_above_the_ceiling() -> None:
    trials = search(bowl(1.0), 1e-3, ceiling=2e-3)
    assert max(trial.rate for trial in trials) <= 2e-3
    assert search(bowl(1e-2), 1e-2, ceiling=1e-3)[0].rate == 1e-3


def test_what_diverges_sends_it_down() -> None:
    def loss(rate: float) -> float | None:
        return None if rate > 2e-4 else bowl(1e-4)(rate)

    trials = search(loss, 1e-3)
    assert powers(trials)[:4] == pytest.approx([-3, -3.5, -2.5, -4])
    assert [trial.loss is None for trial in trials][:4] == [True, True, True, False]
    found = vertex(trials)
    assert found is not None and 5e-5 < found < 2e-4
    assert vertex(search(lambda rate: None, 1e-3)) is None
    assert len(search(lambda rate: None, 1e-3, most=4)) == 4


def test_where_nothing_is_learnt_it_looks_on_both_sides() -> None:
    def loss(rate: float) -> float:
        return bowl(3e-2)(rate) if rate > 5e-3 else 1.3862 - rate  # what learns nothing differs by nothing

    trials = search(loss, 1e-3, learnt=1.2)
    assert powers(trials) == pytest.approx([-3, -3.5, -2.5, -4, -2, -1.5, -1])
    assert vertex(trials) == pytest.approx(3e-2)
    assert powers(search(lambda rate: 1.38, 1e-3, learnt=1.2, ceiling=2e-3)) == pytest.approx(
        [-3 - n / 2 for n in range(7)]
    )


def test_a_vertex_lies_between_the_neighbours() -> None:
    # losses 1, 0, 3 at 0, 1, 2 in the logarithm: slopes -1 and 3, bend 2, lowest at 0.5 + 1 / 4
    trials = [Trial(math.exp(place), loss) for place, loss in ((0, 1.0), (1, 0.0), (2, 3.0))]
    assert vertex(trials) == pytest.approx(math.exp(0.75))
    assert vertex(trials[:2]) == math.exp(1)  # no neighbour above
    assert vertex([*trials[:2], Trial(math.exp(2), None)]) == math.exp(1)
    assert vertex([]) is None


def test_of_equal_losses_the_lower_rate_is_best() -> None:
    trials = search(lambda rate: 0.5, 1e-3, most=4)
    assert vertex(trials) == min(trial.rate for trial in trials)


def test_longer_trainings_want_lower_rates() -> None:
    assert for_longer(1e-3, tried=100, wanted=400) == pytest.approx(1e-3 * 0.6417, rel=1e-3)
    assert for_longer(1e-3, tried=400, wanted=400) == for_longer(1e-3, tried=500, wanted=400) == 1e-3


# evidence


def test_evidence_by_hand() -> None:
    assert evidence(100, math.log(2), math.log(2) - 0.1, squared=False) == pytest.approx(10)
    assert evidence(10, 1.0, 0.5, squared=True) == pytest.approx(5 * math.log(2))
    assert evidence(10, 0.0, 0.0, squared=True) == 0
    assert enough_evidence(1) == pytest.approx(math.log(20))
    assert enough_evidence(10) == pytest.approx(math.log(200))
    for squared in (True, False):
        limit = convincing_loss(44, 1.4, 10, squared=squared)
        assert evidence(44, 1.4, limit, squared=squared) == pytest.approx(math.log(200))


def test_noise_hardly_ever_passes_for_a_finding() -> None:
    labels = np.random.default_rng(3).integers(0, 2, (4000, 20))
    for share in (0.55, 0.7, 0.9):  # models that say this of every row
        losses = -np.where(labels == 1, math.log(share), math.log(1 - share)).mean(axis=1)
        found = [evidence(20, math.log(2), loss, squared=False) > enough_evidence(1) for loss in losses]
        assert np.mean(found) <= 0.05


# figures for people


def test_a_rate_has_two_digits() -> None:
    assert [shown_rate(rate) for rate in (8e-5, 8.04e-5, 1.24e-4, 1e-3)] == ["8e-05", "8e-05", "1.2e-04", "1e-03"]
    assert rounded(8.04e-5) == 8e-5
    for ceiling, most in ((0.00129, 0.0012), (0.0012, 0.0012), (9.99e-5, 9.9e-5), (1e-4, 1e-4), (0.0003, 0.0003)):
        assert rounded(0.01, ceiling) == rounded(ceiling, ceiling) == most <= ceiling
    for digits in range(10, 100):
        assert rounded(1.0, digits / 1e5) == digits / 1e5  # what has two digits already loses nothing
