from __future__ import annotations

import re

from limbeck.inspect.explanation import Explanation, WordEffect
from limbeck.inspect.explanation_page import section

TEXT = "Not <good>, café 😊"
WORDS = (
    WordEffect("Not", 0, 3, 2.0, "negative"),
    WordEffect("good", 5, 9, -1.0, "positive"),
    WordEffect("café", 12, 16, 0.01, "negative"),
    WordEffect("😊", 17, 18, 0.0, "negative"),
)
MADE = Explanation(TEXT, "negative", {"negative": 0.75, "positive": 0.25}, WORDS)


def test_text_lists_the_strongest_first() -> None:
    assert MADE.text(2).splitlines() == [
        "negative  0.75",
        "   +2.00  Not   ####################  negative",
        "   -1.00  good  ##########            positive",
    ]


def test_words_that_did_nothing_are_not_listed() -> None:
    assert "😊" not in MADE.text(10) and "café" in MADE.text(10)


def test_colour_shows_the_text_exactly() -> None:
    shown = MADE.text(0, colour=True).splitlines()[1]
    assert re.sub(r"\x1b\[\d+m", "", shown) == TEXT
    assert "\x1b[1m\x1b[34mNot\x1b[0m" in shown and "\x1b[33mgood" in shown
    assert MADE.text(0, colour=True, show=str.upper).splitlines()[0] == "NEGATIVE  0.75"


def test_html_is_escaped_and_marks_the_words() -> None:
    page = MADE.html()
    assert re.sub(r"<[^>]*>", "", page) == "Not &lt;good&gt;, café 😊"
    assert page.count("<mark") == 2
    assert 'title="+2.00 negative">Not</mark>' in page and 'title="-1.00 positive">good</mark>' in page
    hostile = Explanation('"><script>', "a", {}, (WordEffect('"><script>', 0, 10, 1.0, '"><b>'),))
    assert "<script>" not in hostile.html() and "<b>" not in hostile.html()


def test_html_hides_nothing_and_lets_nothing_leak() -> None:
    turned = Explanation("a\u202eb\x00", "x\u202e", {}, (WordEffect("a", 0, 1, 1.0, "x\u202e"),))
    for page in (turned.html(), section(turned, "line 2")):
        assert "\u202e" not in page and "\x00" not in page
        assert "[U+202E]b␀</bdi>" in page and 'title="+1.00 x[U+202E]"' in page
    assert "<h2><bdi>line 2: x[U+202E]</bdi></h2>" in section(turned, "line 2")


def test_pairs_show_both_texts() -> None:
    pair = Explanation(("a", "b"), "x", {"x": 1.0}, (WordEffect("b", 0, 1, 1.0, "x", part=1),))
    assert [re.sub(r"<[^>]*>", "", line) for line in pair.html().splitlines()] == ["a", "b"]
    assert pair.html().splitlines()[0].count("<mark") == 0


def test_a_number_has_no_probability() -> None:
    made = Explanation("a b", 3.25, {}, (WordEffect("a", 0, 1, -0.5),))
    assert made.text().splitlines() == ["3.25", "   -0.50  a  ####################"]


def test_what_has_no_answer_says_why() -> None:
    made = Explanation(" ", None, {}, (), reason="empty text")
    assert made.text() == "-  empty text"
    assert made.to_json()["reason"] == "empty text" and made.to_json()["label"] is None


def test_json_has_places() -> None:
    word = MADE.to_json()["words"][1]
    assert word == {"text": "good", "start": 5, "end": 9, "effect": -1.0, "towards": "positive", "part": 0}
