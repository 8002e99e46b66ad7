from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect.occlude import by_chance, first_masks, log_odds, neighbours, split_strongest, without, word_effects


def test_words_alone_get_what_the_ridge_leaves_them() -> None:
    masks = neighbours(2, 1)
    # each word has one row: w = fell / (1 + ridge)
    effects = word_effects(masks, np.array([[3.0], [-1.0]]), ridge=0.5)
    assert effects[:, 0] == pytest.approx([2.0, -2 / 3])


def test_effects_are_the_normal_equations() -> None:
    random = np.random.default_rng(3)
    masks, fell = random.random((9, 5)) < 0.5, random.normal(size=(9, 2))
    left_out = 1.0 - masks
    slow = np.linalg.solve(left_out.T @ left_out + 0.3 * np.eye(5), left_out.T @ fell)
    assert word_effects(masks, fell, ridge=0.3) == pytest.approx(slow)


def test_words_that_repeat_each_other_share_what_both_do() -> None:
    # alone neither moves anything, together they move 3: least squares of (w1, w2, w1 + w2) against (0, 0, 3) gives 1
    masks = np.array([[False, True], [True, False], [False, False]])
    assert word_effects(masks, np.array([[0.0], [0.0], [3.0]]), ridge=0.0)[:, 0] == pytest.approx([1.0, 1.0])


def test_words_left_out_only_together_share_evenly() -> None:
    masks = without([np.array([0, 1, 2]), np.array([3])], 4)
    effects = word_effects(masks, np.array([[6.0], [1.0]]), ridge=0.0)
    assert effects[:, 0] == pytest.approx([2.0, 2.0, 2.0, 1.0])


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 12), st.integers(1, 40))
def test_first_masks_fit_and_leave_each_word_out(n_words: int, n_rows: int) -> None:
    masks = first_masks(n_words, n_rows)
    if masks is None:
        assert n_words > n_rows
        return
    assert masks.shape[1] == n_words and n_words <= len(masks) <= n_rows
    alone = masks[masks.sum(axis=1) == n_words - 1]
    assert {int(row.argmin()) for row in alone} == set(range(n_words))


def test_rows_by_chance_come_with_their_opposites_and_repeat() -> None:
    masks = by_chance(9, 32)
    assert masks.shape == (32, 9) and np.array_equal(masks[:16], ~masks[16:])
    assert masks.any(axis=1).all() and not masks.all(axis=1).any()
    assert np.array_equal(masks, by_chance(9, 32))
    assert len(set(masks.sum(axis=1).tolist())) > 4  # any number of words is left out


def test_kinds_of_rows_are_whole_or_not_there() -> None:
    sizes = {n_rows: len(first_masks(10, n_rows)) for n_rows in (10, 18, 19, 50, 51, 256)}  # type: ignore[arg-type]
    assert sizes == {10: 10, 18: 10, 19: 19, 50: 19, 51: 51, 256: 51}


def test_two_words_are_not_left_out_together() -> None:
    masks = first_masks(2, 256)
    assert masks is not None and masks.tolist() == [[False, True], [True, False]]


def test_the_strongest_groups_are_split_into_words() -> None:
    groups = [np.array([0, 1]), np.array([2]), np.array([3, 4, 5]), np.array([6, 7])]
    chosen, parts = split_strongest(groups, np.array([0.1, -3.0, 2.0, -1.0]), 5)
    assert chosen == [2, 3]  # a group of one word has nothing to split
    assert [part.tolist() for part in parts] == [[3], [4], [5], [6], [7]]
    assert split_strongest(groups, np.array([0.1, -3.0, 2.0, -1.0]), 4)[0] == [2]


def test_a_group_of_too_many_words_is_split_into_parts() -> None:
    chosen, parts = split_strongest([np.arange(10)], np.array([1.0]), 4)
    assert chosen == [0] and [len(part) for part in parts] == [3, 3, 2, 2]
    assert split_strongest([np.array([3])], np.array([1.0]), 4) == ([], [])


def test_log_odds_are_hand_computed_and_bounded() -> None:
    assert log_odds(np.array([0.5, 0.75])) == pytest.approx([0.0, math.log(3)])
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
