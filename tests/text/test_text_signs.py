"""Emoticons, emoji, faces drawn with letters."""

from __future__ import annotations

import re

import pytest

from limbeck.text.signs import EMOTICON, has_emoticon, is_picture, is_wordy


@pytest.mark.parametrize(
    "text",
    [
        *(":)", ":-)", ":(", ":'(", ";)", ":/", "=)", ":|", "<3", "</3", "^_^", "-_-", ">:(", ":))))", ";_;", ">_<"),
        *(r"\o/", "(:", "):", "5/5 :)", ":) :)", "!!! :(", "^^", "(ツ)", "¯\\_(ツ)_/¯", "ಠ_ಠ"),
    ],
)
def test_emoticons_are_found(text: str) -> None:
    assert has_emoticon(text)


@pytest.mark.parametrize(
    "text",
    ["", "!!!", "10:30", "1:0", "12:3", "(1) (2)", "1) 2)", "://", "...", "50%", "3/4", "---", "[1]", "$5", "8)"],
)
def test_digits_and_punctuation_are_no_emoticons(text: str) -> None:
    assert not has_emoticon(text)


@pytest.mark.parametrize("sign", [":D", "xD", ":P", ":O", "XDD", "D:"])
def test_emoticons_with_letters_are_of_the_expression_too(sign: str) -> None:
    assert re.fullmatch(EMOTICON, sign)


def test_pictures_and_letters() -> None:
    assert all(map(is_picture, "❤😀👍☹⭐\U0001fae8"))
    assert not any(map(is_picture, "a5+!é好"))
    assert all(map(is_wordy, "aéßжя好한"))
    assert not any(map(is_wordy, "5!ツ❤ω_"))
