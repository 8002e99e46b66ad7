"""What is blank, and the one repair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.text import clean, is_blank

INVISIBLE = " \t\r\n\u00a0\u2003\u2028\u2029\u200b\u200d\u2060\ufeff\x00\x1f\x7f\x85\u00ad\ud800\udfff"
UNINKED = "\u3164\uffa0\u115f\u2800\ufe0f\U000e0100\u034f"


@pytest.mark.parametrize("text", ["", INVISIBLE, *INVISIBLE, *UNINKED, UNINKED + INVISIBLE])
def test_what_has_no_ink_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", "0", "?", "\ufffd", "́", "字", "😀", f"{INVISIBLE}.{INVISIBLE}", "\u3164a", "❤\ufe0f"]
)
def test_what_has_ink_is_not(text: str) -> None:
    assert not is_blank(text)


@given(st.text(st.characters(codec="utf-8")))
def test_clean_leaves_whole_texts_as_they_are(text: str) -> None:
    assert clean(text) is text or clean(text) == text


@given(st.text(st.characters(categories=["Cs", "Lu", "So"])))
def test_clean_gives_what_utf_8_can_write(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.encode("utf-8")) > 0 or not text
    assert len(cleaned) == len(text)
    assert clean(cleaned) == cleaned


def test_clean_by_hand() -> None:
    assert clean("a\ud83d b\udc00") == "a\ufffd b\ufffd"
    assert clean("fine 😀") == "fine 😀"
