"""The words that mattered: their places, and what a budget pays for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.data import Dataset
from limbeck.inspect.explain import explain
from limbeck.inspect.words import affordable, words_that_mattered
from limbeck.runtime.score import score
from support.tiny import SENTENCES, predictor


def test_each_word_stands_where_it_is_with_what_it_did() -> None:
    data = Dataset(list(SENTENCES), None)
    found = words_that_mattered(predictor(), data, score(predictor(), data), [5, 0])
    assert list(found) == [5, 0]
    (effects,) = found[5]
    assert [SENTENCES[5][start:end] for start, end, _, _ in effects] == SENTENCES[5].split()
    told = explain(predictor(), SENTENCES[5])
    np.testing.assert_allclose([effect for _, _, effect, _ in effects], [word.effect for word in told.words], rtol=1e-4)
    assert effects[0][3] == f"{told.words[0].effect:+.2f} {told.words[0].towards}"


def test_pairs_have_the_words_of_both_texts() -> None:
    data = Dataset([("a joy", "what a bore")], None)
    (parts,) = words_that_mattered(predictor("pair"), data, score(predictor("pair"), data), [0]).values()
    assert [len(part) for part in parts] == [2, 3]


def test_numbers_speak_for_no_class() -> None:
    data = Dataset(["the soup is warm"], None, "regress")
    ((effects,),) = words_that_mattered(predictor("regress"), data, score(predictor("regress"), data), [0]).values()
    assert len(effects) == 4 and all(note == f"{effect:+.2f}" for _, _, effect, note in effects)


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), max_size=30), st.integers(0, 100_000))
def test_the_budget_holds_but_for_the_first_row(lengths: list[int], budget: int) -> None:
    chosen = list(affordable(range(len(lengths)), lengths, budget))
    spent = sum(min(16_384, 2 * lengths[row] ** 2) for row in chosen[1:])
    assert chosen == sorted(chosen) and chosen[:1] == ([0] if lengths else [])
    first = min(16_384, 2 * lengths[0] ** 2) if lengths else 0
    assert spent <= max(0, budget - first)


@pytest.mark.parametrize("rows", [[], [3]])
def test_no_more_rows_than_asked(rows: list[int]) -> None:
    data = Dataset(list(SENTENCES), None)
    assert list(words_that_mattered(predictor(), data, score(predictor(), data), rows)) == rows
