"""The sketch: exact for few texts, close for many, blind to order and labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.data.dataset import input_id
from limbeck.data.sketch import LEAST_ROWS, SIZE, share_known, sketch


def ids(begin: int, end: int) -> list[bytes]:
    return [input_id(f"text {n}") for n in range(begin, end)]


def test_few_texts_are_known_exactly() -> None:
    kept = sketch(ids(0, 60))
    assert len(kept) == 60 and all(len(value) == 8 for value in kept)
    assert share_known(kept, ids(0, 60)) == 1.0
    assert share_known(kept, ids(30, 90)) == 0.5
    assert share_known(kept, ids(60, 90)) == 0.0


@pytest.mark.parametrize(("begin", "share"), [(0, 1.0), (1000, 0.5), (1500, 0.25), (2000, 0.0)])
def test_of_many_texts_a_share_is_estimated(begin: int, share: float) -> None:
    kept = sketch(ids(0, 2000))
    assert len(kept) == SIZE
    assert share_known(kept, ids(begin, begin + 2000)) == pytest.approx(share, abs=0.12)


def test_what_cannot_be_told_is_not_told() -> None:
    assert share_known([], ids(0, 10)) is None
    assert share_known(sketch(ids(0, 10)), ids(0, LEAST_ROWS - 1)) is None
    assert share_known(sketch(ids(0, 10_000)), ids(0, 10)) is None


@given(st.permutations(ids(0, 20)))
def test_order_and_repetition_do_not_matter(order: list[bytes]) -> None:
    assert sketch([*order, *order[:5]]) == sketch(ids(0, 20))
