"""Duplicates: what is equal, what is near, what contradicts, and time that does not grow with the pairs."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect import duplicates
from limbeck.inspect.duplicates import Group, find_duplicates, normal

LONG = "the room was clean and quiet and the breakfast was better than in any other place we stayed at this year"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("An hour,  I want BACK!", "an hour i want back"),
        ("ﬁne — Straße", "fine strasse"),
        (":)", ":)"),
        ("  :-(  :-( ", ":-( :-("),
        ("snake_case", "snake case"),
        ("कला, किला!", "कला किला"),
        ("ดี ดู", "ดี ดู"),
        ("Istanbul İ", "istanbul i\u0307"),
        ("so good ❤\ufe0f!", "so good"),
        ("\u0301 a", "a"),
        ("", ""),
        (("A joy.", "a bore"), "a joy\na bore"),
    ],
)
def test_what_does_not_change_the_words(text: str | tuple[str, str], plain: str) -> None:
    assert normal(text) == plain


def test_equal_texts_whose_labels_contradict_come_first() -> None:
    texts = ["a joy", "a bore", "A joy!", "so so", "a  bore", "So, so", "else"]
    labels = ["good", "bad", "good", "good", "good", "bad", "bad"]
    assert find_duplicates(texts, labels) == [
        Group((1, 4), True, True),
        Group((3, 5), True, True),
        Group((0, 2), True, False),
    ]
    assert [group.contradicts for group in find_duplicates(texts, None)] == [False] * 3


def test_pairs_are_equal_where_both_texts_are() -> None:
    pairs = [("joy", "a bore"), ("joy a", "bore"), ("JOY", "a bore.")]
    assert find_duplicates(pairs, ["x", "x", "y"]) == [Group((0, 2), True, True)]


def test_near_texts() -> None:
    near = LONG.replace("quiet", "calm")  # 19 of 21 words and 17 or so of 20 pairs
    far = "the staff was rude and slow and the dinner was worse than in any other place we stayed at this year"
    groups = find_duplicates([LONG, "something else altogether here", near, far, LONG + "!"], [1, 1, 0, 1, 1])
    assert groups == [Group((0, 2, 4), False, True), Group((0, 4), True, False)]  # what contradicts comes first


@pytest.mark.parametrize(("n_words", "is_near"), [(13, False), (14, True)])
def test_four_fifths_of_the_words_and_pairs_make_texts_near(n_words: int, is_near: bool) -> None:
    # one word of n differs: in common n - 1 words and n - 3 pairs, in either n + 1 of each: 22/28 and 24/30
    words = [f"w{n}" for n in range(n_words)]
    other = [*words[:5], "else", *words[6:]]
    assert find_duplicates([" ".join(words), " ".join(other)], None) == [Group((0, 1), False, False)] * is_near


def test_short_texts_are_near_to_none() -> None:
    assert find_duplicates(["not good at", "good at"], ["bad", "good"]) == []
    ha = [" ".join(["ha"] * n) for n in (3, 4, 5)]  # of one word and one pair each
    assert find_duplicates(ha, None) == [Group((1, 2), False, False)]


def test_texts_are_hashed_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(f"w{n * k % 23}" for k in range(1, 9)) for n in range(1, 12)]
    whole = duplicates._minima(texts)
    monkeypatch.setattr(duplicates, "_CHUNK_PIECES", 40)
    assert len(list(duplicates._chunks(texts))) > 3
    np.testing.assert_array_equal(duplicates._minima(texts), whole)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["a", "b", "A!", "c d e f g", "C  d e f g", "\ud83d", "\x00", ""]), max_size=12))
def test_exact_groups_are_the_classes_of_equal_texts(texts: list[str]) -> None:
    found = [group.rows for group in find_duplicates(texts, None) if group.is_exact]
    slow: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        slow.setdefault(normal(text), []).append(row)
    assert sorted(found) == sorted(tuple(rows) for rows in slow.values() if len(rows) > 1)


def test_nearly_all_near_pairs_are_found_and_none_that_is_not() -> None:
    random = np.random.default_rng(1)
    words = [f"w{n}" for n in range(500)]
    texts: list[str] = []
    for _ in range(100):
        drawn = [words[n] for n in random.integers(0, 500, 40)]
        changed = [*drawn]
        changed[int(random.integers(0, 40))] = "other"
        texts += [" ".join(drawn), " ".join(changed)]
    found = {group.rows for group in find_duplicates(texts, None)}
    assert found <= {(2 * n, 2 * n + 1) for n in range(100)}
    assert len(found) >= 98


def test_texts_from_one_template_cost_no_more_than_others() -> None:
    template = "dear customer we are sorry that your order number {} was late and we will send you the money back"
    started = time.process_time()
    groups = find_duplicates([template.format(n) for n in range(3000)], None)
    assert time.process_time() - started < 20
    assert max(len(group.rows) for group in groups) == 3000


def test_nothing_and_one() -> None:
    assert find_duplicates([], None) == []
    assert find_duplicates([LONG], ["good"]) == []


def test_words_that_differ_in_a_vowel_alone_are_two() -> None:
    assert find_duplicates(["किला", "काला", "ดี", "ดู"], ["a", "b", "a", "b"]) == []
    assert find_duplicates(["किला.", "किला"], ["a", "b"]) == [Group((0, 1), True, True)]
