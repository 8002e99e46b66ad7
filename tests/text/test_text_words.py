from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.text.words import words


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\u200b\n", []),
        ("An hour, I want back.", ["An", "hour", "I", "want", "back"]),
        (
            "don't well-made rock’n’roll AT&T e.g. a/b",
            ["don't", "well-made", "rock’n’roll", "AT&T", "e", "g", "a", "b"],
        ),
        ("3.50 1,000.5 end.Then 9/10.", ["3.50", "1,000.5", "end", "Then", "9/10"]),
        ("No!!! What?! So…", ["No", "!!!", "What", "?!", "So", "…"]),
        ("$5 100% ~", ["$", "5", "100", "~"]),
        ("so<br />so </b>good <3 1 < 2", ["so", "so", "good", "<3", "1", "<", "2"]),
        ("fine :) bad :-(", ["fine", ":)", "bad", ":-("]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("好吃。不好", ["好", "吃", "不", "好"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("ok👍🏽👨‍👩‍👧🇫🇷❤️x", ["ok", "👍🏽", "👨‍👩‍👧", "🇫🇷", "❤️", "x"]),
    ],
)
def test_words_are_what_a_reader_takes_for_them(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_places_are_in_order_and_in_the_text(text: str) -> None:
    at = 0
    for start, end in words(text):
        assert at <= start < end <= len(text)
        assert text[start:end].strip() == text[start:end]
        at = end


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(categories=("L", "N", "Zs"))))
def test_no_letter_is_lost(text: str) -> None:
    kept = "".join(cut(text))
    assert [c for c in text if c.isalnum()] == [c for c in kept if c.isalnum()]
