"""Texts that stand in a dataset more than once, word for word or nearly, and those of them whose labels contradict.

Equal texts are equal after case, white space and punctuation are set aside. Near ones share at least 80 % of their
words and pairs of neighbouring words (Jaccard). They are sought by min-hashing in bands (Broder 1997; Leskovec et al.
2020, "Mining of Massive Datasets", section 3.4), in time and memory that grow with the words and not with the pairs of
texts: each text of a bucket is compared with the bucket's first and with the one before it, never with all. What was
rejected: tf-idf with nearest neighbours, which is quadratic; embeddings, which call opposites near.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.text import Input

NEAR = 0.8
"""Share of words and neighbouring pairs, of those that either text has, that near duplicates have in common."""
_HASHES, _BAND = 64, 4
"""64 minima in bands of four: texts that share 80 % meet with a chance of 1 - (1 - 0.8^4)^16: 0.9998."""
_CHUNK_PIECES = 1 << 19
"""Pieces hashed at once, 4 MB a hash."""
_MOST_PIECES = 1024
"""Of a longer text so many pieces, those of the least hashes, stand for all."""
_LEAST_WORDS = 4
"""Shorter texts are near to none: a word of three is half of the sense."""
_NOT_WORDS = re.compile(r"[\W_]+")
"""Python counts marks, such as the vowels of Hindi and Thai, among these."""


@dataclass(frozen=True)
class Group:
    """Rows that hold the same text, or nearly."""

    rows: tuple[int, ...]
    """Row numbers, ascending; two at least."""
    is_exact: bool
    """Equal after :func:`normal`; else near."""
    contradicts: bool
    """Whether the rows have different targets."""


def normal(item: Input) -> str:
    """A text without what does not change its words; of a pair, both, parted by a line break.

    A text without any word, such as ``:)``, keeps its signs.

    >>> normal("An hour,  I want BACK!"), normal(":)")
    ('an hour i want back', ':)')
    """
    if not isinstance(item, str):
        return "\n".join(map(normal, item))
    plain = unicodedata.normalize("NFKC", item).casefold()
    return _NOT_WORDS.sub(" " if plain.isascii() else _gap, plain).strip() or " ".join(plain.split())


def _gap(found: re.Match[str]) -> str:
    """What stays of what is no letter: the marks of the letter before it, and a blank for the rest."""
    rest = found[0] if found.start() == 0 else found[0].lstrip(_marks(found[0]))
    return found[0][: len(found[0]) - len(rest)] + " " * bool(rest)


def _marks(text: str) -> str:
    return "".join(character for character in text if unicodedata.category(character)[0] == "M")


def find_duplicates(inputs: Sequence[Input], targets: Sequence[Any] | None) -> list[Group]:
    """Groups of equal and of near texts; those that contradict come first, then exact ones, then by their first row.

    Rows of an exact group stand in a near group too where another text is near to theirs.

    Args:
        inputs: texts or pairs.
        targets: their labels; None contradicts nothing.
    """
    texts = [normal(item) for item in inputs]
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        rows_of.setdefault(text, []).append(row)
    groups = [(rows, True) for rows in rows_of.values() if len(rows) > 1]
    distinct = list(rows_of)
    for members in _near(distinct):
        groups.append((sorted(row for member in members for row in rows_of[distinct[member]]), False))
    found = [
        Group(tuple(rows), is_exact, targets is not None and len({targets[row] for row in rows}) > 1)
        for rows, is_exact in groups
    ]
    return sorted(found, key=lambda group: (not group.contradicts, not group.is_exact, group.rows))


def _near(texts: Sequence[str]) -> list[list[int]]:
    """Groups of distinct texts that are near, by their places."""
    places = [place for place, text in enumerate(texts) if len(text.split()) >= _LEAST_WORDS]
    minima = _minima([texts[place] for place in places])
    parent = list(range(len(places)))
    for first, second in _candidates(minima):
        roots = _root(parent, first), _root(parent, second)
        if roots[0] != roots[1] and _alike(texts[places[first]], texts[places[second]]):
            parent[max(roots)] = min(roots)
    groups: dict[int, list[int]] = {}
    for member in range(len(places)):
        groups.setdefault(_root(parent, member), []).append(places[member])
    return [members for members in groups.values() if len(members) > 1]


def _candidates(minima: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    """Pairs of texts to compare: each of a bucket with its first, and with the one before."""
    for band in range(0, _HASHES, _BAND):
        keys = np.zeros(len(minima), np.uint64)
        for n in range(band, band + _BAND):
            keys = keys * np.uint64(0x9E3779B97F4A7C15) + minima[:, n]
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        first = 0
        for place in np.flatnonzero(same).tolist():
            if not place or not same[place - 1]:
                first = int(order[place])
            yield first, int(order[place + 1])
            if first != order[place]:
                yield int(order[place]), int(order[place + 1])


def _minima(texts: Sequence[str]) -> NDArray[np.uint32]:
    """The least of each of 64 hashes over the pieces of each text: shape ``(N, 64)``."""
    random = np.random.default_rng(0)
    factors = random.integers(1, 1 << 63, _HASHES, dtype=np.uint64) | np.uint64(1)
    minima = np.zeros((len(texts), _HASHES), np.uint32)
    for begin, owners, pieces in _chunks(texts):
        for n, factor in enumerate(factors):
            mixed = _mixed(pieces * factor)
            minima[begin : begin + len(owners), n] = np.minimum.reduceat(mixed, owners)
    return minima


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint64]]]:
    """Some texts at a time: the first one's number, where each begins among the pieces, the pieces."""
    held: list[NDArray[np.uint64]] = []
    begin = size = 0
    vocabulary: dict[str, int] = {}
    for n, text in enumerate(texts):
        held.append(_pieces(text, vocabulary))
        size += len(held[-1])
        if size >= _CHUNK_PIECES or n + 1 == len(texts):
            owners = np.cumsum([0, *(len(pieces) for pieces in held[:-1])])
            yield begin, owners, np.concatenate(held)
            held, begin, size = [], n + 1, 0


def _pieces(text: str, vocabulary: dict[str, int]) -> NDArray[np.uint64]:
    """Hashes of a text's words and pairs of neighbouring words, none twice."""
    numbers = [vocabulary.setdefault(word, len(vocabulary) + 1) for word in text.split()]
    words = np.array(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    pairs = (words[:-1] ^ (words[1:] * np.uint64(0xC2B2AE3D27D4EB4F))) * np.uint64(0x165667B19E3779F9)
    return np.unique(np.concatenate([words, pairs]))[:_MOST_PIECES]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The upper half, where the product of a multiplicative hash is well mixed."""
    return ((values ^ (values >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93) >> np.uint64(32)).astype(np.uint32)


def _alike(first: str, second: str) -> bool:
    one, other = (set(_words_and_pairs(text.split())) for text in (first, second))
    return len(one & other) >= NEAR * len(one | other)


def _words_and_pairs(words: list[str]) -> Iterable[object]:
    yield from words
    yield from pairwise(words)


def _root(parent: list[int], member: int) -> int:
    while parent[member] != member:
        parent[member] = parent[parent[member]]
        member = parent[member]
    return member
