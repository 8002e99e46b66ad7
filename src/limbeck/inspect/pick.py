"""Which texts to label next: those that the model is least sure of, and no two that would teach it the same.

A margin alone picks the same kind of doubtful text again and again. Here candidates are the rows of the smallest
margin, and among them k-means++ draws far-apart ones in the space of BADGE's gradient embeddings: (p - e) x h, with p
the probabilities, e the predicted class, and h what the text is like. A sure text is near the origin there, and texts
that are alike and would be corrected alike are near each other. h is a bag of hashed words and character n-grams, since
the graph of a saved model gives logits alone.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limbeck.text import Input, texts_in
from limbeck.text.words import words

Array = NDArray[np.float64]

BUCKETS = 2048
_NO_DISTANCE = 1e-9
_READ_CHARACTERS = 2000
_GRAM = 4


def margins(probs: Array) -> Array:
    """The likeliest class's probability less the second's, from 0 (no idea) to 1: shape ``(N, C) -> (N,)``.

    >>> margins(np.array([[0.5, 0.3, 0.2]])).round(6).tolist()
    [0.2]
    """
    top = np.sort(probs, axis=1)
    gap: Array = top[:, -1] - top[:, -2]
    return gap


def features(inputs: Sequence[Input]) -> Array:
    """What each input is like: hashed words and character 4-grams by tf-idf, of length 1: shape ``(N, BUCKETS)``.

    Counts are damped by their square root; the inverse frequencies are those among ``inputs``. The hash is the same on
    every machine.
    """
    made = np.zeros((len(inputs), BUCKETS))
    for row, item in zip(made, inputs, strict=True):
        np.add.at(row, _buckets(item), 1.0)
    made = np.sqrt(made)
    made *= np.log((1.0 + len(inputs)) / (1.0 + (made > 0).sum(axis=0))) + 1.0
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    unit: Array = made / np.where(lengths > 0, lengths, 1.0)
    return unit


def pick(probs: Array, like: Array, n: int, *, seed: int = 0) -> list[int]:
    """The places of ``n`` candidates in the order picked; all of them where there are fewer.

    The first is the one of the smallest margin. For each further one a few are drawn, each with a chance in proportion
    to its squared distance from the nearest one picked, and the one is taken that leaves the rest nearest to what is
    picked. When all that are left are copies of these, the smallest margin decides.

    Args:
        probs: of each candidate: shape ``(N, C)``.
        like: what each candidate is like, rows of length 1: shape ``(N, D)``.
        n: how many.
        seed: of the draws.

    Source:
        Ash et al. 2020, arXiv 1906.03671, algorithm 1 (BADGE); several draws as in Arthur and Vassilvitskii 2007,
        section 4 (k-means++).
    """
    n = min(n, len(probs))
    if not n:
        return []
    random = np.random.default_rng(seed)
    pull = probs.copy()
    pull[np.arange(len(pull)), probs.argmax(axis=1)] -= 1.0
    n_draws = 2 + int(math.log(n))
    by_margin = np.argsort(margins(probs), kind="stable").tolist()
    picked: list[int] = [by_margin[0]]
    far = _squared_distances(pull, like, np.array(picked))[:, 0]
    while len(picked) < n:
        far[picked] = 0.0
        total = far.sum()
        if total <= _NO_DISTANCE * len(far):
            taken = set(picked)
            return picked + [place for place in by_margin if place not in taken][: n - len(picked)]
        drawn = random.choice(len(far), n_draws, p=far / total)
        nearer = np.minimum(far[:, None], _squared_distances(pull, like, drawn))
        best = int(nearer.sum(axis=0).argmin())
        picked.append(int(drawn[best]))
        far = nearer[:, best]
    return picked


def _squared_distances(pull: Array, like: Array, places: NDArray[np.int64]) -> Array:
    """Between all gradient embeddings and those at ``places``, without making them: shape ``(N, len(places))``."""
    lengths = (pull * pull).sum(axis=1)
    products = (pull @ pull[places].T) * (like @ like[places].T)
    squared: Array = np.maximum(lengths[:, None] + lengths[places][None, :] - 2.0 * products, 0.0)
    return squared


def _buckets(item: Input) -> NDArray[np.int64]:
    """The bucket of each word and of each character n-gram of its words, marked by the part that it stands in."""
    found: list[int] = []
    for part, text in enumerate(texts_in(item)):
        beginning = text[:_READ_CHARACTERS].lower()
        for start, end in words(beginning):
            word = f"{part}<{beginning[start:end]}>"
            found.append(_hash(word))
            found += [_hash(word[n : n + _GRAM]) for n in range(1, len(word) - _GRAM + 1)]
    return np.array(found, np.int64)


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", errors="replace")) % BUCKETS
