"""Cuts and windows: pure functions of lengths, with their limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.text.cut import head_and_tail, share, windows

LENGTHS = st.integers(0, 600)
BUDGETS = st.integers(1, 300)


def longest_first(first: int, second: int, budget: int) -> tuple[int, int]:
    """transformers' way, a token at a time: the longer one loses one, the second where they are equal."""
    while first + second > budget:
        first, second = (first - 1, second) if first > second else (first, second - 1)
    return first, second


@pytest.mark.parametrize(
    ("lengths", "budget", "shares"),
    [
        ((10,), 254, (10,)),
        ((300,), 254, (254,)),
        ((10, 20), 30, (10, 20)),
        ((10, 300), 253, (10, 243)),
        ((300, 10), 253, (243, 10)),
        ((200, 300), 253, (127, 126)),
        ((0, 9), 4, (0, 4)),
        ((3, 3), 1, (1, 0)),
    ],
)
def test_share_by_hand(lengths: tuple[int, ...], budget: int, shares: tuple[int, ...]) -> None:
    assert share(lengths, budget) == shares


@given(LENGTHS, LENGTHS, BUDGETS)
def test_share_of_a_pair(first: int, second: int, budget: int) -> None:
    kept = share((first, second), budget)
    assert sum(kept) == min(first + second, budget)
    assert 0 <= kept[0] <= first
    assert 0 <= kept[1] <= second
    assert kept == longest_first(first, second, budget)


@given(LENGTHS, BUDGETS)
def test_share_of_one_text(length: int, budget: int) -> None:
    assert share((length,), budget) == (min(length, budget),)


@pytest.mark.parametrize(
    ("head", "kept"), [(0.0, [6, 7, 8, 9]), (0.25, [0, 7, 8, 9]), (0.5, [0, 1, 8, 9]), (1.0, [0, 1, 2, 3])]
)
def test_head_and_tail_by_hand(head: float, kept: list[int]) -> None:
    assert head_and_tail(10, 4, head).tolist() == kept


@given(LENGTHS, LENGTHS, st.floats(0, 1))
def test_head_and_tail_keeps_order_and_count(length: int, keep: int, head: float) -> None:
    kept = head_and_tail(length, keep, head).tolist()
    assert len(kept) == min(length, keep)
    assert kept == sorted(set(kept))
    assert all(0 <= place < length for place in kept)
    dropped = sorted(set(range(length)) - set(kept))
    assert not dropped or dropped == list(range(dropped[0], dropped[-1] + 1))  # one hole, in the middle


@pytest.mark.parametrize(
    ("length", "size", "spans"),
    [
        (0, 4, [(0, 0)]),
        (4, 4, [(0, 4)]),
        (5, 4, [(0, 3), (3, 5)]),
        (10, 4, [(0, 4), (4, 7), (7, 10)]),
    ],
)
def test_windows_by_hand(length: int, size: int, spans: list[tuple[int, int]]) -> None:
    assert windows(length, size) == spans


@given(LENGTHS, BUDGETS)
def test_windows_cover_every_token_once_and_evenly(length: int, size: int) -> None:
    spans = windows(length, size)
    assert [place for start, stop in spans for place in range(start, stop)] == list(range(length))
    widths = [stop - start for start, stop in spans]
    assert max(widths) <= size
    assert max(widths) - min(widths) <= 1
    assert len(spans) == max(1, (length + size - 1) // size)
