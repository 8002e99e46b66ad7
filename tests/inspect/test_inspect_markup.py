"""Texts in HTML: nothing gets out of its place, and nothing is hidden."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect.markup import isolated, marked, shown, table


class Seen(HTMLParser):
    """The tags and the text that a reader of HTML sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onclick='x' &", "&quot; onclick=&#x27;x&#x27; &amp;"),
        ("a\x00b\x1b[2J", "a␀b␛[2J"),
        ("\u202eevil\u2066\u200f", "[U+202E]evil[U+2066][U+200F]"),
        ("half \ud83d", "half \ufffd"),
        ("two\nlines\tand", "two\nlines\tand"),
        ("🙂 שלום", "🙂 שלום"),
    ],
)
def test_what_is_shown(text: str, html: str) -> None:
    assert shown(text) == html


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_no_text_makes_a_tag_or_what_cannot_be_written(text: str) -> None:
    page = isolated(text)
    assert Seen(page).tags == ["bdi"]
    assert page.encode("utf-8")
    assert not any(sign in page for sign in "\x00\u202e\u2067")


def test_words_that_mattered() -> None:
    # of 0.5, -1 and 0.04 the strongest is 1: steps 2, 4, and too faint to mark
    page = marked("not <b>good</b> at all", [(0, 3, 0.5, "+0.50"), (4, 15, -1.0, "<"), (16, 18, 0.04, "")])
    assert page == (
        '<bdi><mark class="for w2" title="+0.50">not</mark> <mark class="against w4" title="&lt;">'
        "&lt;b&gt;good&lt;/b&gt;</mark> at all</bdi>"
    )
    assert marked("plain", []) == "<bdi>plain</bdi>"
    assert marked("zero", [(0, 4, 0.0, "")]) == "<bdi>zero</bdi>"


def test_a_table() -> None:
    found = table(("name", "rows"), [("a", "1"), ("b", "2")], numbers=(1,))
    assert Seen(found).tags.count("tr") == 3 and found.count('class="n"') == 3
    assert Seen(found).text.split() == ["namerows", "a1", "b2"]
