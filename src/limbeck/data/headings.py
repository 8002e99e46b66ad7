"""Tell whether the first line of a delimited file is a row of texts, which a file without column names begins with.

It is a doubt and no more: the line is read as column names all the same, and the doubt is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from limbeck.data.columns import LABEL_NAMES, PAIR_NAMES, TEXT_NAMES
from limbeck.data.spelling import looks
from limbeck.errors import quoted

_KNOWN = {*TEXT_NAMES, *LABEL_NAMES, *(name for pair in PAIR_NAMES for name in pair)}
_MANY_WORDS, _SENTENCE_WORDS = 5, 2
"""A heading of so many words looks like a text; with a sentence's mark at its end one of so many does."""


def doubt(columns: Sequence[str], records: Iterable[Sequence[str]] = ()) -> str:
    """Why the headings look like a row, in words for a notice; empty where nothing speaks for it.

    A heading that people name columns by ends every doubt. A heading that stands as a cell below it, as a label does
    in a file without names, is as telling as one that reads like a sentence.

    >>> doubt(["An hour I want back."]), doubt(["id", "text"]), doubt(["id", "opening hours"])
    ("'An hour I want back.' reads like a text", '', '')

    Args:
        columns: the headings.
        records: some rows below them; a repetition of the headings says nothing.
    """
    if names_known(columns):
        return ""
    for heading in columns:
        n_words = len(heading.split())
        if n_words >= _MANY_WORDS or (n_words >= _SENTENCE_WORDS and heading.rstrip().endswith((".", "!", "?"))):
            return f"{quoted(heading)} reads like a text"
    for record in records:
        if list(record) != list(columns):
            for heading, cell in zip(columns, record, strict=False):
                if heading.strip() and heading == cell:
                    return f"{quoted(heading)} stands in a row below it too"
    return ""


def names_known(columns: Sequence[str]) -> bool:
    """Tell whether a heading is one that people name columns of texts and labels by."""
    return not _KNOWN.isdisjoint(map(looks, columns))
