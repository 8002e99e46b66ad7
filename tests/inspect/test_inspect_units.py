from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect.units import MOST_WORDS, NOTHING_LEFT, Units, units
from limbeck.text import Input


def whole(item: Input) -> Units:
    texts = (item,) if isinstance(item, str) else item
    return units(item, [[(0, len(text))] for text in texts])


def test_a_word_goes_with_one_blank() -> None:
    made = whole("An awful, slow film.")
    assert len(made) == 4
    assert made.without([True, False, True, True]) == "An , slow film."
    assert made.without([False, True, True, True]) == "awful, slow film."
    assert made.without([True, True, False, False]) == "An awful, ."
    assert made.without([True] * 4) == "An awful, slow film."


def test_letters_of_scripts_without_blanks_go_alone() -> None:
    assert whole("不好吃").without([False, True, True]) == "好吃"


def test_nothing_left_is_a_full_stop() -> None:
    assert whole("good").without([False]) == NOTHING_LEFT
    assert whole(("good", "film")).without([False, False]) == (NOTHING_LEFT, "")


def test_pairs_have_the_words_of_both() -> None:
    made = whole(("a b", "c d"))
    assert made.places == ((0, 0, 1), (0, 2, 3), (1, 0, 1), (1, 2, 3))
    assert made.without([True, False, False, True]) == ("a ", "d")


def test_what_is_not_read_is_in_no_row() -> None:
    made = units("one two three four", [[(0, 3), (14, 18)]])
    assert [made.texts[part][start:end] for part, start, end in made.places] == ["one", "four"]
    assert made.without([True, True]) == "one four"
    assert made.without([False, True]) == "four"
    assert units("one two", [[(0, 3)]]).without([True]) == "one "


def test_groups_are_sentences() -> None:
    made = whole("The room was fine. The staff, rude! <br /> Never again")
    assert [group.tolist() for group in made.groups(9)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [group.tolist() for group in made.groups(2)] == [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9]]


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("ab .!\n"), max_size=200), st.integers(1, 5))
def test_groups_hold_every_word_once(text: str, at_most: int) -> None:
    made = whole(text)
    groups = made.groups(at_most)
    assert len(groups) <= at_most
    assert np.concatenate([np.zeros(0, np.int64), *groups]).tolist() == list(range(len(made)))


def test_long_sentences_are_taken_apart() -> None:
    assert [len(group) for group in whole("word " * 50).groups(9)] == [MOST_WORDS, MOST_WORDS, 10]


@pytest.mark.parametrize("item", ["", "...", ("", "")])
def test_a_text_without_words_has_none(item: Input) -> None:
    assert len(whole(item)) == 0 and whole(item).groups(3) == []
