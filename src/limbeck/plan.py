"""The batch plan: which rows an optimiser step sees, as a pure function.

Steps come first. Micro-batches (for memory) and processes only slice a step, so that accumulation and the number of
processes change neither its rows nor their order, and a resume restores one counter. Training and scoring plan with
the same code. What was rejected: shuffling samplers with a state of their own, which resume in the wrong order
(reported against several trainers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import SettingsError

Rows = NDArray[np.int64]

_POOL_STEPS = 50
"""Rows are sorted by length within pools of this many steps: little padding, and still a new mixture each epoch."""


@dataclass(frozen=True)
class Budget:
    """What one batch may hold: rows, or tokens with padding counted (rows x longest row)."""

    rows: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.rows, self.tokens) if value is not None]
        if len(given) != 1 or given[0] < 1:
            raise SettingsError(
                f"a batch is measured in rows or in tokens, one of the two and at least 1: "
                f"rows {self.rows}, tokens {self.tokens}"
            )

    def times(self, factor: int) -> Budget:
        """The budget of ``factor`` such batches together."""
        return Budget(
            None if self.rows is None else self.rows * factor, None if self.tokens is None else self.tokens * factor
        )


def training_plan(lengths: NDArray[np.int64], budget: Budget, *, seed: int, epoch: int) -> list[Rows]:
    """Give the steps of one epoch, each the row numbers that it sees, ordered by length.

    Args:
        lengths: tokens of each row.
        budget: what an optimiser step may hold, accumulation included.
        seed: of the whole run.
        epoch: counted from 0; each epoch has its own order.

    Returns:
        Every row stands in exactly one step. Counted in rows, all steps are full but the last; counted in tokens, what
        is left of a pool begins the next one: a step of two rows would move the weights as far as one of fifty.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    steps: list[Rows] = []
    rest_of_pool = order[:0]
    for start in range(0, len(order), pool := _pool_size(lengths, budget)):
        rows = np.concatenate([rest_of_pool, order[start : start + pool]])
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        if budget.rows is not None and len(rows) % budget.rows:
            # the incomplete step takes rows of every length, not the longest
            rest = rng.choice(len(rows), len(rows) % budget.rows, replace=False)
            steps += list(slices(np.delete(rows, rest), lengths, budget))
            last = [rows[np.sort(rest)]]
        else:
            cut = list(slices(rows, lengths, budget))
            carries = budget.rows is None and len(cut) > 1 and start + pool < len(order)
            rest_of_pool = cut.pop() if carries else order[:0]
            steps += cut
            last = []
    if not len(order):
        return []
    return [steps[n] for n in rng.permutation(len(steps))] + last


def scoring_plan(lengths: NDArray[np.int64], budget: Budget) -> list[Rows]:
    """Give batches of all rows, the longest first, so that a machine short of memory fails at once."""
    order = np.argsort(-lengths, kind="stable")
    return list(slices(order, lengths, budget))


def slices(rows: Rows, lengths: NDArray[np.int64], budget: Budget) -> Iterator[Rows]:
    """Cut ``rows`` in their order into batches that fit ``budget``; a row longer than the budget stands alone."""
    start, longest = 0, 0
    for stop, row in enumerate(rows.tolist()):
        longest_with = max(longest, int(lengths[row]))
        if stop > start and not _fits(stop + 1 - start, longest_with, budget):
            yield rows[start:stop]
            start, longest_with = stop, int(lengths[row])
        longest = longest_with
    if start < len(rows):
        yield rows[start:]


def shares(rows: Rows, lengths: NDArray[np.int64], count: int) -> list[Rows]:
    """Cut ``rows`` in their order into ``count`` parts for as many processes, their work as even as whole rows allow.

    The work of a part is its rows times its longest row. Returns the parts that make the largest work the smallest;
    the last are empty where others are better off without them, as when there are fewer rows than parts.

    >>> shares(np.arange(5), np.array([2, 2, 2, 3, 3]), 2)
    [array([0, 1, 2]), array([3, 4])]
    """
    if not len(rows):
        return [rows] * count
    longest = int(lengths[rows].max())
    low, high = max(1, longest, -(-int(lengths[rows].sum()) // count)), max(1, longest * len(rows))
    while low < high:
        middle = (low + high) // 2
        enough = len(list(slices(rows, lengths, Budget(tokens=middle)))) <= count
        low, high = (low, middle) if enough else (middle + 1, high)
    parts = list(slices(rows, lengths, Budget(tokens=low)))
    return parts + [rows[:0]] * (count - len(parts))


def _fits(n_rows: int, longest: int, budget: Budget) -> bool:
    return n_rows <= budget.rows if budget.rows is not None else n_rows * longest <= (budget.tokens or 0)


def _pool_size(lengths: NDArray[np.int64], budget: Budget) -> int:
    if budget.rows is not None:
        return budget.rows * _POOL_STEPS
    mean = max(1.0, float(lengths.mean())) if len(lengths) else 1.0
    tokens = min(budget.tokens or 1, int(lengths.sum()))  # a number of any size, where a float has an end
    return max(1, int(tokens / mean)) * _POOL_STEPS
