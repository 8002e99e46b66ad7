"""The words that mattered in the rows that cost most, as the page marks them: of so many rows as a budget pays for.

Occlusion asks a model about a text some two times for each of its words, so that a long text costs as the square of its
length: fifty sentences are explained in the time of three reviews.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from limbeck.data.dataset import Dataset
from limbeck.inspect.explain import LEAST_ROWS, LONGEST, MOST_TOKENS, explain_many
from limbeck.inspect.explanation import Explanation
from limbeck.inspect.markup import Effect
from limbeck.runtime.predictor import Predictor
from limbeck.scores import Scores

BUDGET_TOKENS = 50_000
"""Tokens that all explanations may cost together: some twenty seconds of a small encoder on two cores."""


def words_that_mattered(
    predictor: Predictor, dataset: Dataset, scores: Scores, rows: Sequence[int], *, budget: int = BUDGET_TOKENS
) -> dict[int, tuple[list[Effect], ...]]:
    """Row -> the words of its text, or of each text of its pair; the first of ``rows`` that the budget pays for."""
    chosen = list(affordable(rows, [int(scores.read[row]) for row in rows], budget))
    explained = explain_many(predictor, [dataset.inputs[row] for row in chosen])
    return {row: _effects(one) for row, one in zip(chosen, explained, strict=True)}


def affordable(rows: Sequence[int], read: Sequence[int], budget: int) -> Iterator[int]:
    """Those of ``rows``, the first in any case, whose explanations together cost no more than ``budget`` tokens.

    >>> list(affordable([4, 8, 2], [10, 20, 10], 700))
    [4, 2]
    """
    spent = 0
    for place, (row, length) in enumerate(zip(rows, read, strict=True)):
        cost = min(2 * length * length, max(MOST_TOKENS, LEAST_ROWS * min(length, LONGEST)))
        if place == 0 or spent + cost <= budget:
            spent += cost
            yield row


def _effects(explanation: Explanation) -> tuple[list[Effect], ...]:
    found: tuple[list[Effect], ...] = tuple([] for _ in explanation.texts)
    for word in explanation.words:
        note = f"{word.effect:+.2f} {word.towards}".rstrip()
        found[word.part].append((word.start, word.end, word.effect, note))
    return found
