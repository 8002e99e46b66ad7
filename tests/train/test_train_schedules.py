"""Courses of the learning rate: numbers by hand, and torch's own for 1cycle."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limbeck.train.schedules import FACTORS, Course, constant, cosine, cycle_bounds, linear, notices
from limbeck.train.settings import FitSettings, Schedule

LR = 0.01
TOTALS = st.integers(1, 200)
SHARES = st.floats(0, 0.99)
SCHEDULES = get_args(Schedule)


def optimizer(*rates: float) -> torch.optim.Optimizer:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates or (LR,)]
    return torch.optim.AdamW(groups, lr=LR)


def course(made: torch.optim.Optimizer, epoch_sizes: Sequence[int], name: str, **fit: Any) -> Course:
    return Course(made, FitSettings(schedule=name, **fit), epoch_sizes)  # type: ignore[arg-type]


def run(name: str, epoch_sizes: Sequence[int], losses: Sequence[float] = (), **fit: Any) -> Any:
    """Rates and beta1 of each update, moved on as the loop does: after every one, the last included."""
    made = optimizer()
    moving = course(made, epoch_sizes, name, **fit)
    rates, betas = [], []
    for epoch, size in enumerate(epoch_sizes):
        for _ in range(size):
            rates.append(moving.rate)
            betas.append(moving.momentum)
            made.step()
            moving.after_update()
        moving.after_epoch(losses[epoch] if losses else None)
    return rates, betas


# pure functions


@pytest.mark.parametrize(
    ("total", "warmup", "factors"),
    [
        (5, 0.4, [1 / 2, 1, 1, 2 / 3, 1 / 3]),
        (4, 0.0, [1, 3 / 4, 2 / 4, 1 / 4]),
        (1, 0.06, [1]),
        (3, 0.9, [1 / 3, 2 / 3, 1]),
    ],
)
def test_linear_by_hand(total: int, warmup: float, factors: list[float]) -> None:
    assert [linear(n, total=total, warmup=warmup) for n in range(total)] == pytest.approx(factors)


@pytest.mark.parametrize(
    ("total", "warmup", "factors"),
    [
        (6, 1 / 3, [1 / 2, 1, 1, (1 + 2**-0.5) / 2, 1 / 2, (1 - 2**-0.5) / 2]),
        (3, 0.0, [1, 3 / 4, 1 / 4]),  # cos 60 and 120 degrees are 1/2 and -1/2
        (1, 0.06, [1]),
    ],
)
def test_cosine_by_hand(total: int, warmup: float, factors: list[float]) -> None:
    assert [cosine(n, total=total, warmup=warmup) for n in range(total)] == pytest.approx(factors)


def test_constant_by_hand() -> None:
    assert [constant(n, total=10, warmup=0.3) for n in range(5)] == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])
    assert [constant(n, total=3, warmup=0) for n in range(4)] == [1, 1, 1, 1]


@given(TOTALS, SHARES, st.integers(0, 10))
def test_factors_are_never_negative_nor_above_1(total: int, warmup: float, beyond: int) -> None:
    for factor in FACTORS.values():
        assert all(0 < factor(n, total=total, warmup=warmup) <= 1 for n in range(total))
        assert 0 <= factor(total + beyond, total=total, warmup=warmup) <= 1


@given(TOTALS, SHARES, st.sampled_from([linear, cosine]))
def test_they_rise_then_fall(total: int, warmup: float, factor: Any) -> None:
    factors = [factor(n, total=total, warmup=warmup) for n in range(total)]
    assert max(factors) == 1
    peak = factors.index(1)
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)


# applied to an optimiser


@pytest.mark.parametrize("name", FACTORS)
def test_the_scheduler_applies_the_factor(name: str) -> None:
    rates, betas = run(name, [6, 4], warmup=0.3)
    assert rates == pytest.approx([LR * FACTORS[name](n, total=10, warmup=0.3) for n in range(10)])
    assert set(betas) == {0.9}


def test_1cycle_by_its_end_points() -> None:
    rates, betas = run("1cycle", [101])
    peak = rates.index(max(rates))
    assert (rates[0], rates[peak], rates[-1]) == pytest.approx((LR / 10, LR, LR / 1000), rel=1e-2)
    assert peak == pytest.approx(0.3 * 101 - 1, abs=1)
    assert (betas[0], betas[peak], betas[-1]) == pytest.approx((0.95, 0.85, 0.95), abs=1e-3)


def test_1cycle_is_torchs() -> None:
    made = optimizer()
    torchs = torch.optim.lr_scheduler.OneCycleLR(
        made, LR, total_steps=40, pct_start=0.3, div_factor=10, final_div_factor=100
    )
    expected = []
    for _ in range(40):
        expected.append(float(torchs.get_last_lr()[0]))
        made.step()
        torchs.step()
    assert run("1cycle", [20, 20])[0] == pytest.approx(expected)


def test_triangles_by_hand() -> None:
    # a cycle an epoch of 4 updates: 0.1, 0.55, 1, 0.55 times the rate, and beta1 the other way round
    rates, betas = run("triangular", [4, 4])
    assert rates == pytest.approx([LR * factor for factor in (0.1, 0.55, 1, 0.55) * 2])
    assert betas == pytest.approx([0.95, 0.90, 0.85, 0.90] * 2)


def test_triangles_of_half_the_height_each_time() -> None:
    rates, betas = run("triangular2", [8], cycle_length=0.5)
    assert rates == pytest.approx([LR * factor for factor in (0.1, 0.55, 1, 0.55, 0.1, 0.325, 0.55, 0.325)])
    assert betas == pytest.approx([0.95, 0.90, 0.85, 0.90, 0.95, 0.925, 0.90, 0.925])


def test_a_triangle_may_have_an_odd_number_of_updates() -> None:
    rates, _ = run("triangular", [3])
    assert rates == pytest.approx([LR * 0.1, LR * 0.7, LR * 0.7])  # its top lies between the two


def test_a_triangle_has_two_updates_at_least_and_so_a_top() -> None:
    rates, betas = run("triangular", [1] * 6)  # an epoch of one update has no room for it
    assert rates == pytest.approx([LR / 10, LR] * 3)
    assert betas == pytest.approx([0.95, 0.85] * 3)
    assert run("triangular", [8], cycle_length=0.1)[0] == pytest.approx([LR / 10, LR] * 4)
    assert run("triangular2", [1] * 6)[0] == pytest.approx([LR * n for n in (0.1, 1, 0.1, 0.55, 0.1, 0.325)])


def test_sgdr_by_hand() -> None:
    # cycles of 2, 4 and 8 updates: (1 + cos) / 2 at 0, 90 degrees; 0, 45, 90, 135; 0, ...
    rates, betas = run("sgdr", [2, 2, 2, 2], cycle_mult=2)
    high, low = (1 + 2**-0.5) / 2, (1 - 2**-0.5) / 2
    eighth = (1 + math.cos(math.pi / 8)) / 2
    assert rates == pytest.approx([LR * factor for factor in (1, 1 / 2, 1, high, 1 / 2, low, 1, eighth)])
    assert set(betas) == {0.9}


@pytest.mark.parametrize(
    ("epoch_sizes", "fit", "n_cycles"),
    [
        ([10, 10, 11], {}, 3),
        ([5, 5, 5], {"cycle_length": 1.5}, 2),
        ([17, 17, 18, 18, 17, 17, 18], {"cycle_mult": 2}, 3),
        ([5, 5], {"cycle_length": 0.5}, 4),  # of 2, 3, 3 and 2 updates
        ([9, 9, 9, 9], {"cycle_length": 0.5}, 8),
        ([7, 7, 7], {"cycle_length": 0.5}, 6),
        ([2, 2], {"cycle_length": 0.1}, 4),  # no cycle is shorter than an update
    ],
)
def test_sgdr_does_not_start_again_behind_its_last_cycle(epoch_sizes: list[int], fit: Any, n_cycles: int) -> None:
    rates, _ = run("sgdr", epoch_sizes, **fit)
    assert rates.count(LR) == n_cycles
    assert rates[-1] <= LR / 2 or n_cycles == len(rates)


@pytest.mark.parametrize(
    ("epoch_sizes", "fit", "bounds"),
    [
        ([5, 4, 6], {}, (0, 5, 9, 15)),
        ([5, 4, 6], {"cycle_length": 1.5}, (0, 7, 15)),  # 5 and half of 4
        ([5, 4], {"cycle_length": 1.5}, (0, 7, 14)),  # the third epoch would be as long as the first
        ([5, 4], {"cycle_length": 3.5}, (0, 5 + 4 + 5 + 2)),  # 2.5 of the fourth, to the even
        ([5, 4, 6], {"cycle_length": 1e12}, (0, 5 * 10**12)),  # 5 + 4 + 6 and (10^12 - 3) x 5
        ([5, 4, 6], {"cycle_mult": 10**12}, (0, 5, 5 + 4 + 6 + 5 * (10**12 - 2))),
    ],
)
def test_where_cycles_of_sgdr_end(epoch_sizes: list[int], fit: Any, bounds: tuple[int, ...]) -> None:
    found = cycle_bounds(FitSettings(schedule="sgdr", **fit), epoch_sizes)
    assert found == bounds
    rates, _ = run("sgdr", epoch_sizes, **fit)
    assert [rates[bound] for bound in bounds[:-1]] == [LR] * (len(bounds) - 1)


def test_sgdr_of_whole_updates_is_torchs() -> None:
    made = optimizer()
    torchs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(made, T_0=4, T_mult=2)
    expected = []
    for _ in range(12):
        expected.append(float(torchs.get_last_lr()[0]))
        made.step()
        torchs.step()
    assert run("sgdr", [4, 4, 4], cycle_mult=2)[0] == pytest.approx(expected)


def test_triangles_do_not_drift_where_cycles_have_no_whole_number_of_updates() -> None:
    rates, _ = run("triangular", [5, 5], cycle_length=0.5)  # of 2.5 updates
    assert rates == pytest.approx([LR * n for n in (0.1, 0.82, 0.46, 0.46, 0.82)] * 2)


def test_plateau_by_hand() -> None:
    losses = [0.5, 0.5, 0.6, 0.4, 0.41, 0.42, 0.43]
    # two epochs without a better loss (2 and 3), then one better, then two again
    rates, betas = run("plateau", [1] * 8, [*losses, 0.44], warmup=0, plateau_factor=0.1)
    assert rates == pytest.approx([LR, LR, LR, LR / 10, LR / 10, LR / 10, LR / 100, LR / 100])
    assert set(betas) == {0.9}


def test_plateau_within_a_warm_up_lowers_what_it_rises_to() -> None:
    # rising 1/4, 1/2, 3/4, 1; after the second update, an epoch without a better loss, all that follows is halved
    rates, _ = run("plateau", [1] * 8, [0.5, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1], warmup=0.5, plateau_patience=1)
    assert rates == pytest.approx([LR * factor for factor in (1 / 4, 1 / 2, 3 / 8, 1 / 2, 1 / 2, 1 / 2, 1 / 2, 1 / 4)])


def test_any_better_loss_is_better_however_little() -> None:
    losses = [0.5 - n * 1e-6 for n in range(5)]
    assert run("plateau", [1] * 5, losses, warmup=0, plateau_patience=1)[0] == [LR] * 5


def test_a_rate_may_be_cut_however_low_it_is() -> None:
    made = optimizer(4e-9)
    moving = course(made, [1] * 3, "plateau", warmup=0, plateau_patience=1)
    moving.after_epoch(0.5)
    moving.after_epoch(0.6)
    assert moving.rate == pytest.approx(2e-9)


def test_plateau_without_validation_rows_is_constant() -> None:
    assert run("plateau", [2, 2, 2, 2], warmup=0)[0] == [LR] * 8


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 4, 7])
def test_short_runs_have_rates_too(name: str, total: int) -> None:
    rates, _ = run(name, [total])
    assert len(rates) == total
    assert all(0 < rate <= LR * (1 + 1e-12) for rate in rates)  # a sum is rounded


@pytest.mark.parametrize("name", SCHEDULES)
def test_groups_keep_their_own_rates(name: str) -> None:
    made = optimizer(LR, LR / 4)
    moving = course(made, [3, 3, 3], name, warmup=0.3, plateau_patience=1)
    for epoch in range(3):
        for _ in range(3):
            high, low = (float(group["lr"]) for group in made.param_groups)
            assert low == pytest.approx(high / 4)
            made.step()
            moving.after_update()
        moving.after_epoch(float(epoch))


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("stop", [0, 2, 4])
def test_a_course_goes_on_from_what_json_kept(name: str, stop: int) -> None:
    losses = [0.5, 0.6, 0.6, 0.7, 0.7, 0.8]

    def drive(moving: Course, made: torch.optim.Optimizer, epochs: range) -> list[tuple[float, float, float]]:
        seen = []
        for epoch in epochs:
            for _ in range(3):
                seen.append((moving.rate, moving.momentum, float(made.param_groups[1]["lr"])))
                made.step()
                moving.after_update()
            moving.after_epoch(losses[epoch])
        return seen

    settings: dict[str, Any] = {"warmup": 0.4, "plateau_patience": 1, "cycle_length": 2.0, "cycle_mult": 2}
    made = optimizer(LR, LR / 2)
    moving = course(made, [3] * 6, name, **settings)
    whole = drive(moving, made, range(6))

    first = optimizer(LR, LR / 2)
    stopped = course(first, [3] * 6, name, **settings)
    seen = drive(stopped, first, range(stop))
    kept = json.dumps(stopped.dump(), allow_nan=False)
    groups = json.loads(json.dumps(first.state_dict()["param_groups"]))

    second = optimizer(LR, LR / 2)
    resumed = course(second, [3] * 6, name, **settings)
    state = second.state_dict()
    state["param_groups"] = [group | {"betas": tuple(group["betas"])} for group in groups]
    second.load_state_dict(state)
    resumed.load(json.loads(kept))
    assert seen + drive(resumed, second, range(stop, 6)) == whole


def test_a_resume_knows_how_many_epochs_were_no_better() -> None:
    stopped = course(optimizer(), [1] * 4, "plateau", warmup=0, plateau_factor=0.1)
    for loss in (0.5, 0.6):
        stopped.after_epoch(loss)
    resumed = course(optimizer(), [1] * 4, "plateau", warmup=0, plateau_factor=0.1)
    resumed.load(json.loads(json.dumps(stopped.dump())))
    assert resumed.rate == LR
    resumed.after_epoch(0.7)  # the second one
    assert resumed.rate == pytest.approx(LR / 10)


# what is said of settings


def said(has_valid: bool = True, **fit: Any) -> list[str]:
    return notices(FitSettings(**{"epochs": 3, **fit}), has_valid=has_valid)


def test_nothing_is_said_of_settings_that_work() -> None:
    for name in SCHEDULES:
        assert said(schedule=name) == []
    assert said(schedule="sgdr", cycle_mult=2) == []
    assert said(schedule="sgdr", cycle_length=1.5) == []
    assert said(schedule="triangular", cycle_length=0.5) == []
    assert said(schedule="plateau", plateau_factor=0.3, plateau_patience=1) == []


def test_settings_that_do_nothing_are_named() -> None:
    assert said(schedule="plateau", has_valid=False) == [
        "--schedule plateau has no validation rows to watch: the rate stays as it is"
    ]
    assert said(schedule="1cycle", warmup=0.2) == [
        "--warmup does nothing with --schedule 1cycle; it is for linear, cosine, constant, plateau"
    ]
    assert said(schedule="plateau", warmup=0.2) == []
    assert said(schedule="triangular", cycle_mult=2) == [
        "--cycle-mult does nothing with --schedule triangular; it is for sgdr"
    ]
    assert said(cycle_length=3.0, plateau_factor=0.1, plateau_patience=4) == [
        "--cycle-length does nothing with --schedule linear; it is for triangular, triangular2, sgdr",
        "--plateau-factor does nothing with --schedule linear; it is for plateau",
        "--plateau-patience does nothing with --schedule linear; it is for plateau",
    ]


def test_a_cycle_that_is_cut_is_told() -> None:
    ends = "ends within a cycle: whole ones end after"
    assert said(schedule="sgdr", cycle_mult=2, epochs=5) == [
        f"--schedule sgdr {ends} 1, 3, 7 epochs and so on, not after 5"
    ]
    assert said(schedule="triangular2", cycle_length=2.0) == [
        f"--schedule triangular2 {ends} 2, 4 epochs and so on, not after 3"
    ]
