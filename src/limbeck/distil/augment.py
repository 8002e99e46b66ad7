"""Variants of texts for a teacher to judge: single words exchanged for others that stand in such places.

TinyBERT masks a word and takes what BERT puts there, or a neighbour by GloVe vectors. Here a word is exchanged for one
that stands between the same two neighbours elsewhere in the texts, which needs no further model; where no such word is
known, the word stays. What a variant means is the teacher's to say: no label goes along.

Source: Jiao et al. 2020 (arXiv 1909.10351), section 4.2 and algorithm 1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from limbeck.text import Input
from limbeck.text.words import words

SHARE = 0.4
"""Chance of each word to be exchanged: TinyBERT's p_t."""
MOST_KNOWN = 50
"""Words that are remembered for a place; a place of function words would have thousands."""
_EDGE = ""


def places(texts: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """The words that stand between two neighbours, in the order of their first use, for places that several share."""
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for text in texts:
        own = [text[begin:end] for begin, end in words(text)]
        lower = [_EDGE, *(word.lower() for word in own), _EDGE]
        for n, word in enumerate(own):
            known = found[lower[n], lower[n + 2]]
            if len(known) < MOST_KNOWN:
                known.setdefault(word)
    return {place: list(known) for place, known in found.items() if len(known) > 1}


def variants(inputs: Sequence[Input], n: int, *, seed: int) -> list[Input]:
    """Up to ``n`` variants of each input, none of which stands among the inputs; one seed gives one list.

    >>> variants(["a good film", "a bad film"], 1, seed=0)
    []
    >>> variants(["a good film", "a bad film", "a bad idea", "the good idea"], 2, seed=4)
    ['a good idea', 'the good film']
    """
    known = places(text for item in inputs for text in _texts(item))
    random = np.random.default_rng(seed)
    seen, made = set(inputs), []
    for item in inputs:
        for _ in range(n):
            parts = [_exchanged(text, known, random) for text in _texts(item)]
            variant: Input = parts[0] if isinstance(item, str) else (parts[0], parts[1])
            if variant not in seen:
                seen.add(variant)
                made.append(variant)
    return made


def _texts(item: Input) -> tuple[str, ...]:
    return (item,) if isinstance(item, str) else item


def _exchanged(text: str, known: dict[tuple[str, str], list[str]], random: np.random.Generator) -> str:
    """The text with some of its words exchanged, its white space and punctuation as they were."""
    spans = words(text)
    lower = [_EDGE, *(text[begin:end].lower() for begin, end in spans), _EDGE]
    out, last = [], 0
    for n, (begin, end) in enumerate(spans):
        others = [word for word in known.get((lower[n], lower[n + 2]), ()) if word.lower() != lower[n + 1]]
        is_exchanged = random.random() < SHARE and others
        out += [text[last:begin], str(others[random.integers(len(others))]) if is_exchanged else text[begin:end]]
        last = end
    return "".join([*out, text[last:]])
