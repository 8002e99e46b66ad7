"""Courses of the learning rate: numbers by hand, and torch's own for 1cycle."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limbeck.train.schedules import constant, linear, make_scheduler

LR = 0.01
TOTALS = st.integers(1, 200)
SHARES = st.floats(0, 0.99)


def run(name: str, total: int, warmup: float = 0.06) -> tuple[list[float], list[float]]:
    """Rates and beta1 of each update, stepped as the loop does: after every one, the last included."""
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler = make_scheduler(name, optimizer, total=total, warmup=warmup)
    rates, betas = [], []
    for _ in range(total):
        group: dict[str, Any] = optimizer.param_groups[0]
        rates.append(float(group["lr"]))
        betas.append(float(group["betas"][0]))
        optimizer.step()
        scheduler.step()
    return rates, betas


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


def test_constant_by_hand() -> None:
    assert [constant(n, total=10, warmup=0.3) for n in range(5)] == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])
    assert [constant(n, total=3, warmup=0) for n in range(4)] == [1, 1, 1, 1]


@given(TOTALS, SHARES, st.integers(0, 10))
def test_factors_are_never_negative_nor_above_1(total: int, warmup: float, beyond: int) -> None:
    for course in (linear, constant):
        assert all(0 < course(n, total=total, warmup=warmup) <= 1 for n in range(total))
        assert 0 <= course(total + beyond, total=total, warmup=warmup) <= 1


@given(TOTALS, SHARES)
def test_linear_rises_then_falls(total: int, warmup: float) -> None:
    factors = [linear(n, total=total, warmup=warmup) for n in range(total)]
    assert max(factors) == 1
    peak = factors.index(1)
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)


@pytest.mark.parametrize("name", ["linear", "constant"])
def test_the_scheduler_applies_the_course(name: str) -> None:
    course = {"linear": linear, "constant": constant}[name]
    rates, betas = run(name, 10, warmup=0.3)
    assert rates == pytest.approx([LR * course(n, total=10, warmup=0.3) for n in range(10)])
    assert set(betas) == {0.9}


def test_1cycle_by_its_end_points() -> None:
    rates, betas = run("1cycle", 101)
    peak = rates.index(max(rates))
    assert (rates[0], rates[peak], rates[-1]) == pytest.approx((LR / 10, LR, LR / 1000), rel=1e-2)
    assert peak == pytest.approx(0.3 * 101 - 1, abs=1)
    assert (betas[0], betas[peak], betas[-1]) == pytest.approx((0.95, 0.85, 0.95), abs=1e-3)


def test_1cycle_is_torchs() -> None:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    torchs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LR, total_steps=40, pct_start=0.3, div_factor=10, final_div_factor=100
    )
    expected = []
    for _ in range(40):
        expected.append(float(torchs.get_last_lr()[0]))
        optimizer.step()
        torchs.step()
    assert run("1cycle", 40)[0] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["linear", "constant", "1cycle"])
@pytest.mark.parametrize("total", [1, 2, 3, 4, 7])
def test_short_runs_have_rates_too(name: str, total: int) -> None:
    rates, _ = run(name, total)
    assert len(rates) == total
    assert all(0 < rate <= LR for rate in rates)
