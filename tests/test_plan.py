"""The batch plan: every row once, full steps, the same again by the same seed."""

from __future__ import annotations

from itertools import combinations_with_replacement, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limbeck.errors import SettingsError
from limbeck.plan import Budget, Rows, scoring_plan, shares, slices, training_plan

LENGTHS = st.lists(st.integers(0, 40), max_size=150).map(lambda lengths: np.array(lengths, np.int64))
ROWS = st.integers(1, 20).map(lambda rows: Budget(rows=rows))
TOKENS = st.integers(1, 200).map(lambda tokens: Budget(tokens=tokens))


def each(steps: list[Rows]) -> list[int]:
    return [row for step in steps for row in step.tolist()]


def lists(steps: list[Rows]) -> list[list[int]]:
    return [step.tolist() for step in steps]


@given(LENGTHS, ROWS | TOKENS, st.integers(0, 3), st.integers(0, 3))
def test_every_row_stands_in_exactly_one_step(
    lengths: NDArray[np.int64], budget: Budget, seed: int, epoch: int
) -> None:
    steps = training_plan(lengths, budget, seed=seed, epoch=epoch)
    assert sorted(each(steps)) == list(range(len(lengths)))
    assert all(len(step) for step in steps)
    assert all((np.diff(lengths[step]) >= 0).all() for step in steps)
    assert lists(steps) == lists(training_plan(lengths, budget, seed=seed, epoch=epoch))


@given(LENGTHS, ROWS)
def test_counted_in_rows_all_steps_are_full_but_the_last(lengths: NDArray[np.int64], budget: Budget) -> None:
    sizes = [len(step) for step in training_plan(lengths, budget, seed=0, epoch=0)]
    full, rest = divmod(len(lengths), budget.rows or 1)
    assert sizes == [budget.rows] * full + [rest] * (rest > 0)


@given(LENGTHS, TOKENS)
def test_no_step_holds_more_tokens_unless_a_row_alone_does(lengths: NDArray[np.int64], budget: Budget) -> None:
    for step in training_plan(lengths, budget, seed=0, epoch=0) + scoring_plan(lengths, budget):
        assert len(step) == 1 or len(step) * lengths[step].max() <= (budget.tokens or 0)


@pytest.mark.parametrize("budget", [Budget(rows=8), Budget(tokens=200)])
def test_epochs_and_seeds_differ(budget: Budget) -> None:
    lengths = np.random.default_rng(0).integers(3, 40, 200)
    plans = [training_plan(lengths, budget, seed=seed, epoch=epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({str(lists(plan)) for plan in plans}) == 4
    # seed 0 epoch 1 is not seed 1 epoch 0
    assert lists(plans[1]) != lists(plans[2])


def test_rows_of_a_step_are_of_like_length_and_steps_are_mixed() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 3200)
    steps = training_plan(lengths, Budget(rows=16), seed=0, epoch=0)
    padded = sum(len(step) * lengths[step].max() for step in steps)
    assert padded < 1.1 * lengths.sum()
    longest = [int(lengths[step].max()) for step in steps]
    assert longest[:50] != sorted(longest[:50])


def test_the_incomplete_step_is_last_and_of_every_length() -> None:
    lengths = np.arange(100)
    spread = [np.ptp(training_plan(lengths, Budget(rows=32), seed=seed, epoch=0)[-1]) for seed in range(20)]
    assert np.mean(spread) > 20  # four of the longest would be 3 apart


def test_accumulation_only_slices_a_step() -> None:
    lengths = np.random.default_rng(2).integers(3, 40, 77)
    whole = training_plan(lengths, Budget(rows=16), seed=3, epoch=1)
    parts = training_plan(lengths, Budget(rows=4).times(4), seed=3, epoch=1)
    assert lists(whole) == lists(parts)
    for step in parts:
        micro = list(slices(step, lengths, Budget(rows=4)))
        assert each(micro) == step.tolist()
        assert [len(rows) for rows in micro[:-1]] == [4] * (len(micro) - 1)


@given(LENGTHS, ROWS | TOKENS)
def test_slices_keep_the_order(lengths: NDArray[np.int64], budget: Budget) -> None:
    rows = np.random.default_rng(0).permutation(len(lengths))
    cut = list(slices(rows, lengths, budget))
    assert each(cut) == rows.tolist()
    assert all(len(part) for part in cut)


def test_slices_by_hand() -> None:
    lengths = np.array([5, 5, 4, 9, 20, 1])
    # 2 x 5, then 4 with 9 would be 18, 9 alone, 20 is too long and stands alone
    cut = list(slices(np.arange(6), lengths, Budget(tokens=12)))
    assert lists(cut) == [[0, 1], [2], [3], [4], [5]]
    assert lists(list(slices(np.arange(6), lengths, Budget(tokens=18)))) == [[0, 1, 2], [3], [4], [5]]
    assert lists(list(slices(np.arange(6), lengths, Budget(rows=4)))) == [[0, 1, 2, 3], [4, 5]]


@given(LENGTHS, ROWS | TOKENS)
def test_scoring_begins_with_the_longest(lengths: NDArray[np.int64], budget: Budget) -> None:
    order = each(scoring_plan(lengths, budget))
    assert sorted(order) == list(range(len(lengths)))
    assert lengths[order].tolist() == sorted(lengths.tolist(), reverse=True)


def test_equal_lengths_are_scored_in_their_order() -> None:
    assert each(scoring_plan(np.array([2, 3, 2, 3]), Budget(rows=3))) == [1, 3, 0, 2]


@pytest.mark.parametrize(("rows", "tokens"), [(None, None), (4, 100), (0, None), (None, -1)])
def test_a_batch_is_measured_one_way(rows: int | None, tokens: int | None) -> None:
    with pytest.raises(SettingsError) as caught:
        Budget(rows, tokens)
    assert str(caught.value) == (
        f"a batch is measured in rows or in tokens, one of the two and at least 1: rows {rows}, tokens {tokens}"
    )


def test_budgets_multiply() -> None:
    assert Budget(rows=4).times(3) == Budget(rows=12)
    assert Budget(tokens=4).times(3) == Budget(tokens=12)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_of_a_pool_begins_the_next(seed: int) -> None:
    lengths = np.random.default_rng(7).integers(5, 60, 7000)  # four pools and a half of 50 steps
    plan = training_plan(lengths, Budget(tokens=1024), seed=seed, epoch=0)
    assert sorted(row for step in plan for row in step.tolist()) == list(range(7000))
    filled = [len(step) * int(lengths[step].max()) for step in plan]
    assert sum(tokens < 512 for tokens in filled) <= 1
    assert max(filled) <= 1024


# shares of a step


def work(rows: Rows, lengths: NDArray[np.int64]) -> int:
    return len(rows) * int(lengths[rows].max()) if len(rows) else 0


@given(LENGTHS, st.integers(1, 9))
def test_shares_are_the_step_in_its_order(lengths: NDArray[np.int64], count: int) -> None:
    step = np.argsort(lengths, kind="stable")
    parts = shares(step, lengths, count)
    assert len(parts) == count
    assert each(parts) == step.tolist()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(1, 4))
def test_no_other_cut_has_a_smaller_largest_share(numbers: list[int], count: int) -> None:
    lengths = np.array(numbers, np.int64)
    step = np.arange(len(lengths))
    largest = max(work(part, lengths) for part in shares(step, lengths, count))
    cuts = combinations_with_replacement(range(len(step) + 1), count - 1)
    parted = ([step[start:stop] for start, stop in pairwise([0, *cut, len(step)])] for cut in cuts)
    assert largest == min(max(work(part, lengths) for part in parts) for parts in parted)


def test_shares_by_hand() -> None:
    lengths = np.array([2, 2, 2, 2, 4, 8])
    assert lists(shares(np.arange(6), lengths, 2)) == [[0, 1, 2, 3], [4, 5]]  # 8 and 16; after the fifth row 20 and 8
    assert lists(shares(np.arange(6), lengths, 1)) == [[0, 1, 2, 3, 4, 5]]
    assert lists(shares(np.array([5]), lengths, 3)) == [[5], [], []]
    assert lists(shares(np.arange(0), lengths, 2)) == [[], []]


def test_a_budget_may_have_any_size() -> None:
    lengths = np.array([3, 9, 5])
    for most in (Budget(rows=10**400), Budget(tokens=10**400)):
        (step,) = training_plan(lengths, most, seed=0, epoch=0)
        assert sorted(step.tolist()) == [0, 1, 2]
