"""Variants of texts for a teacher to judge: single words exchanged for others that stand in such places.

TinyBERT masks a word and takes what BERT puts there, or a neighbour by GloVe vectors. Here a word is exchanged for one
that stands between the same two neighbours elsewhere in the texts, which needs no further model; where no such word is
known, the word stays. What a variant means is the teacher's to say: no label goes along.

Source: Jiao et al. 2020 (arXiv 1909.10351), section 4.2 and algorithm 1.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limbeck.distil.rows import loose_id
from limbeck.text import Input, texts_in
from limbeck.text.words import words

if TYPE_CHECKING:
    from limbeck.models import Watch, WatchRows

SHARE = 0.4
"""Chance of each word to be exchanged: TinyBERT's p_t."""
MOST_KNOWN = 50
"""Words that are remembered for a place; a place of function words would have thousands."""
_EDGE = ""


class Places:
    """The words that stand between two neighbours, for all pairs of neighbours in some texts.

    Words are kept as numbers, in arrays: half a million texts have ten million places.

    >>> Places(["a good film", "A bad film", "a Good film"]).words("a", "film")
    ['good', 'bad']
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._number: dict[str, int] = {_EDGE: 0}
        """Of each word in lower case."""
        self._forms: list[str] = [_EDGE]
        """Each word as it stood when it was first met."""
        numbers, edge = array("i"), self._number[_EDGE]
        for text in texts:
            numbers.append(edge)
            numbers.extend(self._learn(text[begin:end]) for begin, end in words(text))
        numbers.append(edge)
        row = np.frombuffer(numbers, np.int32).astype(np.int64)
        inside = np.flatnonzero(row[1:-1]) + 1
        place, word = row[inside - 1] * len(self._forms) + row[inside + 1], row[inside]
        places, self._members, self._begins = _grouped(place, word)
        self._group = dict(zip(places.tolist(), range(len(places)), strict=True))

    def words(self, before: str, behind: str) -> list[str]:
        """Those between two neighbours, empty for an edge of the text, in the order of their first use: at most
        :data:`MOST_KNOWN`, and none where only one is known."""
        left, right = self._number.get(before.lower()), self._number.get(behind.lower())
        if left is None or right is None:
            return []
        group = self._group.get(left * len(self._forms) + right)
        if group is None:
            return []
        begin, end = self._begins[group], self._begins[group + 1]
        return [self._forms[number] for number in self._members[begin : min(end, begin + MOST_KNOWN)].tolist()]

    def _learn(self, word: str) -> int:
        number = self._number.setdefault(word.lower(), len(self._forms))
        if number == len(self._forms):
            self._forms.append(word)
        return number


def _grouped(
    place: NDArray[np.int64], word: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The places that several words share, the words of one place behind those of another, and where each begins."""
    order = np.lexsort((np.arange(len(place)), word, place))
    place, word = place[order], word[order]
    is_first = np.ones(len(place), np.bool_)
    is_first[1:] = (place[1:] != place[:-1]) | (word[1:] != word[:-1])
    place, word, position = place[is_first], word[is_first], order[is_first]
    order = np.lexsort((position, place))
    place, word = place[order], word[order]
    _, inverse, counts = np.unique(place, return_inverse=True, return_counts=True)
    several = counts[inverse] > 1
    places, counts = np.unique(place[several], return_counts=True)
    return places, word[several], np.concatenate([[0], np.cumsum(counts)])


def variants(
    inputs: Sequence[Input],
    n: int,
    *,
    seed: int,
    kept_out: Container[bytes] = frozenset(),
    watch: WatchRows | None = None,
) -> list[Input]:
    """Up to ``n`` variants of each input; one seed gives one list.

    Args:
        inputs: none of which is a variant.
        n: how many to try to make of each.
        seed: of what is exchanged.
        kept_out: loose ids of further inputs that no variant may be, such as those of a test.
        watch: shows how far it is.

    >>> variants(["a good film", "a bad film"], 1, seed=1)
    []
    >>> variants(["a good film", "a bad film", "a bad idea", "the good idea"], 2, seed=4)
    ['a good idea', 'the good film']
    """
    random = np.random.default_rng(seed)
    seen, made = set(inputs), []
    with contextlib.nullcontext() if watch is None else watch("variants of texts", 2 * len(inputs)) as shown:
        known = Places(text for item in _counted(inputs, shown) for text in texts_in(item))
        for item in _counted(inputs, shown):
            split = [(text, words(text)) for text in texts_in(item)]
            for _ in range(n):
                parts = [_exchanged(text, spans, known, random) for text, spans in split]
                variant: Input = parts[0] if isinstance(item, str) else (parts[0], parts[1])
                if variant not in seen and loose_id(variant) not in kept_out:
                    seen.add(variant)
                    made.append(variant)
    return made


def _counted(inputs: Sequence[Input], shown: Watch | None) -> Iterator[Input]:
    for item in inputs:
        yield item
        if shown is not None:
            shown.advance(1)


def _exchanged(text: str, spans: Sequence[tuple[int, int]], known: Places, random: np.random.Generator) -> str:
    """The text with some of its words exchanged, its white space and punctuation as they were."""
    own = [_EDGE, *(text[begin:end] for begin, end in spans), _EDGE]
    out, last = [], 0
    for n in np.flatnonzero(random.random(len(spans)) < SHARE).tolist():
        others = [word for word in known.words(own[n], own[n + 2]) if word.lower() != own[n + 1].lower()]
        if others:
            begin, end = spans[n]
            out += [text[last:begin], others[random.integers(len(others))]]
            last = end
    return "".join([*out, text[last:]])
