"""Sentences, by rules: every kind of end, by hand, and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.text.sentences import sentences

BY_HAND: list[tuple[str, list[str]]] = [
    ("", []),
    ("  \n ", []),
    ("no end", ["no end"]),
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("it was bad. very bad", ["it was bad.", "very bad"]),
    ("What?! No way!! Yes...", ["What?!", "No way!!", "Yes..."]),
    # abbreviations and initials
    ("Dr. No and Mrs. Smith vs. the world. Fine.", ["Dr. No and Mrs. Smith vs. the world.", "Fine."]),
    ("Fish, e.g. cod, i.e. not trout. Yes.", ["Fish, e.g. cod, i.e. not trout.", "Yes."]),
    ("J. R. R. Tolkien wrote it. J.K. Rowling did not.", ["J. R. R. Tolkien wrote it.", "J.K. Rowling did not."]),
    (
        "He is in the U.S. Army. She left the U.S. The end.",
        ["He is in the U.S. Army.", "She left the U.S.", "The end."],
    ),
    (
        "We left at 5 p.m. sharp. At 6 p.m. The show began.",
        ["We left at 5 p.m. sharp.", "At 6 p.m.", "The show began."],
    ),
    (
        "Soap, towels etc. were there. Towels etc. The rest was not.",
        ["Soap, towels etc. were there.", "Towels etc.", "The rest was not."],
    ),
    ("So did I. Then we left.", ["So did I.", "Then we left."]),
    ("No. 5 is alive. No. It is not.", ["No. 5 is alive.", "No.", "It is not."]),
    # numbers
    ("It cost $3.50. It broke after 1.5 days.", ["It cost $3.50.", "It broke after 1.5 days."]),
    ("1. The food was cold. 2. So was the wine.", ["1. The food was cold.", "2. So was the wine."]),
    # ellipses
    ("Well... it was... fine. OK... Next one.", ["Well... it was... fine.", "OK...", "Next one."]),
    ("Well… maybe… Next.", ["Well… maybe…", "Next."]),
    ("simple . . . and good . it works .", ["simple . . . and good .", "it works ."]),
    # quotes and brackets
    ('"Stop!" he said. "I won\'t." She left.', ['"Stop!" he said.', '"I won\'t."', "She left."]),
    ("The plot (if any!) is thin. (Really.) Yes.", ["The plot (if any!) is thin.", "(Really.)", "Yes."]),
    ("“Bad.” That is all.", ["“Bad.”", "That is all."]),
    # emoticons and emoji
    ("Great. :) Bad! :-( The end.", ["Great. :)", "Bad! :-(", "The end."]),
    ("Loved it :) The staff was nice 👍 Will return", ["Loved it :)", "The staff was nice 👍", "Will return"]),
    ("I <3 New York. I ❤ New York.", ["I <3 New York.", "I ❤ New York."]),
    ("Awful 😡😡 Never again", ["Awful 😡😡", "Never again"]),
    # breaks
    ("A film.<br /><br />But long<br>The end", ["A film.", "But long", "The end"]),
    ("First para\n\nsecond para", ["First para", "second para"]),
    ("A list:\n* one\n* two", ["A list:", "* one", "* two"]),
    ("Good\nBad", ["Good", "Bad"]),
    ("it goes\non here", ["it goes on here"]),
    (
        "This line is so long that somebody's editor must have broken it\nBefore its end.",
        ["This line is so long that somebody's editor must have broken it Before its end."],
    ),
    ("One.\r\nTwo.", ["One.", "Two."]),
    # a missing blank, and what only looks like one
    ("It was bad.The end was worse!Really.", ["It was bad.", "The end was worse!", "Really."]),
    ("See www.site.com or booking.Com for more. Bye", ["See www.site.com or booking.Com for more.", "Bye"]),
    ("rated 4.5/5. Buy!", ["rated 4.5/5.", "Buy!"]),
]


@pytest.mark.parametrize(("text", "expected"), BY_HAND, ids=[text[:30] for text, _ in BY_HAND])
def test_by_hand(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="aB .!?…\n:)(\"'1<3-x", max_size=80))
def test_nothing_is_lost_but_white_space(text: str) -> None:
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence == " ".join(sentence.split()) and sentence for sentence in found)


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    found = sentences(text)
    assert bool(found) == bool("".join(text.split())) or "<" in text


@pytest.mark.parametrize("part", ["a. ", "A. ", "!", ". ", "<br", "\n \n", ":) ", "*. ", '" ', "1. ", "x!y?"])
def test_long_texts_take_steps_in_proportion(part: str) -> None:
    """Twice the text has twice the ends or as many; a quadratic rule would not come back from this in a minute."""
    few, many = len(sentences(part * 10_000)), len(sentences(part * 20_000))
    assert many in (few, 2 * few)
