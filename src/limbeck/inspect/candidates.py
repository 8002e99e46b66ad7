"""The rows of a file of any size that a model is least sure of, in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from limbeck.data import Row, input_of
from limbeck.inspect.pick import features, margins, pick
from limbeck.runtime.answer import Answer
from limbeck.runtime.stream import FileAnswers
from limbeck.text import Input, texts_in

CANDIDATES_EACH = 10
"""Candidates for each row to pick: more would be surer rows, fewer leave diversity nothing to choose from."""
LEAST_CANDIDATES, MANY_CANDIDATES = 300, 2000
"""Above the second number memory and time count more: two candidates for each row."""
MOST_AT_ONCE = 1000
"""Rows to pick among candidates that are all compared with them, which takes the square of their number: ten times as
many in one took an hour and a half on two old cores."""


@dataclass(frozen=True)
class Candidate:
    """A row with its answer."""

    row: Row
    answer: Answer
    item: Input
    margin: float


@dataclass
class Candidates:
    """The rows of the smallest margin among all that were offered, at most ``size``; equal texts count once.

    A row that falls out of the heap cannot come back by an equal text, which has the same margin: that is why what was
    seen need not be remembered.
    """

    size: int
    n_rows: int = 0
    n_copies: int = 0
    """Rows whose text was among the candidates already."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why rows without an answer have none -> how many."""
    _heap: list[tuple[float, int, str]] = field(default_factory=list)
    _held: dict[str, Candidate] = field(default_factory=dict)

    def offer(self, row: Row, answer: Answer, item: Input) -> None:
        """Look at one row."""
        self.n_rows += 1
        if answer.predicted is None:
            self.reasons[answer.reason.partition(":")[0]] += 1
            return
        key = "\0".join(" ".join(text.split()) for text in texts_in(item))
        if key in self._held:
            self.n_copies += 1
            return
        margin = float(margins(np.array([list(answer.probs.values())]))[0])
        entry = (-margin, -self.n_rows, key)
        if len(self._heap) >= self.size:
            if entry <= self._heap[0]:
                return
            del self._held[heapq.heapreplace(self._heap, entry)[2]]
        else:
            heapq.heappush(self._heap, entry)
        self._held[key] = Candidate(row, answer, item, margin)

    def ordered(self) -> list[Candidate]:
        """The candidates, the smallest margin first."""
        return [self._held[key] for _, _, key in sorted(self._heap, reverse=True)]


def size_for(n: int) -> int:
    """How many candidates ``n`` rows are picked from.

    >>> size_for(5), size_for(50), size_for(500), size_for(5000)
    (300, 500, 2000, 10000)
    """
    return max(LEAST_CANDIDATES, min(CANDIDATES_EACH * n, MANY_CANDIDATES), 2 * n)


def pick_rows(
    answers: FileAnswers, n: int, *, seed: int = 0, on_rows: Callable[[int], object] | None = None
) -> tuple[list[Candidate], Candidates]:
    """The ``n`` rows of a file that are worth labelling next, in the order picked, and what became of the rest.

    Of more than :data:`MOST_AT_ONCE` the candidates are dealt out, by their margins, to parts that are picked from each
    by itself: time grows with the rows alone, and rows that are alike may be picked from two parts.

    Args:
        answers: the rows with their answers, of a model with classes.
        n: how many; all rows with an answer where the file has fewer.
        seed: of the draws.
        on_rows: is told of each chunk's number of rows.
    """
    found = Candidates(size_for(n))
    for chunk in answers.answered():
        for row, answer in chunk:
            found.offer(row, answer, input_of(row.cells, answers.inputs))
        if on_rows:
            on_rows(len(chunk))
    ordered = found.ordered()
    n_parts = -(-min(n, len(ordered)) // MOST_AT_ONCE)
    parts = [_picked(ordered[part::n_parts], len(range(part, n, n_parts)), seed=seed + part) for part in range(n_parts)]
    return [one for turn in zip_longest(*parts) for one in turn if one is not None], found


def _picked(candidates: list[Candidate], n: int, *, seed: int) -> list[Candidate]:
    """``n`` of the candidates, in the order picked; all of them where there are fewer."""
    probs: NDArray[np.float64] = np.array([list(one.answer.probs.values()) for one in candidates])
    return [candidates[place] for place in pick(probs, features([one.item for one in candidates]), n, seed=seed)]
