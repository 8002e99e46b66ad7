"""The words of an input, and the input without some of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from limbeck.text import Input, texts_in
from limbeck.text.sentences import sentences
from limbeck.text.words import words

NOTHING_LEFT = "."
"""What is asked about in place of a text that has lost all its words: no model is trained on nothing."""
MOST_WORDS = 20
"""A longer sentence is taken apart: it would say too little about where in it to look."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Units:
    """The words that a model reads of an input, across both texts of a pair."""

    texts: tuple[str, ...]
    is_pair: bool
    places: tuple[tuple[int, int, int], ...]
    """Part, start and end of each word."""
    unread: tuple[tuple[Span, ...], ...]
    """Stretches of each part that the model does not read."""

    def __len__(self) -> int:
        """Words there are."""
        return len(self.places)

    def without(self, kept: Iterable[bool]) -> Input:
        """The input with the words that are not ``kept`` taken out, and what is not read anyway."""
        out: list[list[Span]] = [[] for _ in self.texts]
        for (part, start, end), stays in zip(self.places, kept, strict=True):
            if not stays:
                out[part].append((start, end))
        texts = [_cut(*given) for given in zip(self.texts, out, self.unread, strict=True)]
        if all(not text.strip() for text in texts):
            texts[0] = NOTHING_LEFT
        return (texts[0], texts[1]) if self.is_pair else texts[0]

    def groups(self, at_most: int) -> list[NDArray[np.int64]]:
        """The places of each sentence's words, long ones taken apart, neighbours joined until there are so few."""
        starts = [_sentence_starts(text) for text in self.texts]
        found: list[list[int]] = []
        last: tuple[int, int] | None = None
        for n, (part, start, _) in enumerate(self.places):
            sentence = part, bisect_right(starts[part], start)
            if sentence != last or len(found[-1]) >= MOST_WORDS:
                found.append([])
            found[-1].append(n)
            last = sentence
        each = -(-len(found) // max(1, at_most))
        return [
            np.array(list(chain.from_iterable(found[n : n + each])), np.int64) for n in range(0, len(found), each or 1)
        ]


def units(item: Input, read: Sequence[Sequence[Span]]) -> Units:
    """The words of ``item``.

    Args:
        item: a text or a pair.
        read: the stretches of each part that the model reads, in order.
    """
    texts = texts_in(item)
    places = tuple(
        (part, start, end)
        for part, (text, spans) in enumerate(zip(texts, read, strict=True))
        for start, end in words(text)
        if any(first <= start and end <= last for first, last in spans)
    )
    unread = tuple(tuple(_between(len(text), spans)) for text, spans in zip(texts, read, strict=True))
    return Units(texts, not isinstance(item, str), places, unread)


def _between(length: int, spans: Sequence[Span]) -> Iterable[Span]:
    at = 0
    for start, end in spans:
        if start > at:
            yield at, start
        at = end
    if length > at:
        yield at, length


def _cut(text: str, spans: Sequence[Span], unread: Sequence[Span] = ()) -> str:
    """The text without ``spans``, of the blanks on both sides of each one; a blank stands for what is not read.

    >>> _cut("a good film", [(2, 6)]), _cut("good film", [(0, 4)]), _cut("a (good) film", [(3, 7)])
    ('a film', 'film', 'a () film')
    """
    out, at = "", 0
    for start, end in sorted((*spans, *unread)):
        out += text[at:start]
        if (start, end) in unread and out and not out[-1].isspace():
            out += " "
        at = end
        if (not out or out[-1].isspace()) and text[at : at + 1].isspace():
            at += 1
    return out + text[at:]


def _sentence_starts(text: str) -> list[int]:
    """Where each sentence begins; its words are looked for one after the other, since blanks and marks are lost."""
    starts, at = [], 0
    for sentence in sentences(text):
        for n, word in enumerate(sentence.split(" ")):
            found = text.find(word, at)
            if found < 0:
                continue
            if not n:
                starts.append(found)
            at = found + len(word)
    return starts
