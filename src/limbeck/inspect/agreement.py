"""How far two models agree on the same inputs: a function of their logits, for a model before and after a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.tasks import TaskLike


@dataclass(frozen=True)
class Agreement:
    """What became of the answers."""

    n_texts: int
    labels: float | None
    """Share of texts with the same class; None for numbers, and without a text."""
    mean: float
    """Mean over texts of the largest difference of a probability; for numbers, of the number."""
    largest: float
    """Largest such difference."""

    def line(self) -> str:
        """The agreement in words.

        >>> Agreement(200, 0.995, 0.0021, 0.034).line()
        '99.5 % of 200 texts get the same label; their probabilities differ by 0.0021 on average, by 0.034 at most'
        """
        if not self.n_texts:
            return "no text has an answer of both, so there is nothing to compare"
        what = "numbers" if self.labels is None else "probabilities"
        differ = f"{what} differ by {self.mean:.2g} on average, by {self.largest:.2g} at most"
        if self.labels is None:
            return f"{self.n_texts:,} texts: {differ}"
        return f"{100 * self.labels:.4g} % of {self.n_texts:,} texts get the same label; their {differ}"


def agreement(task: TaskLike, before: NDArray[Any], after: NDArray[Any]) -> Agreement:
    """Compare two sets of logits of the same inputs, each of shape ``(N, C)``; N may be 0."""
    first, second = task.decode(before.astype(np.float64)), task.decode(after.astype(np.float64))
    if first.compared:
        apart = np.stack([np.abs(second.compared[name] - first.compared[name]) for name in first.compared], axis=1)
        differences = apart.max(axis=1, initial=0.0)
    else:
        differences = np.abs(after - before).astype(np.float64).max(axis=1, initial=0.0)
    same = [a == b for a, b in zip(first.predicted, second.predicted, strict=True)]
    return Agreement(
        n_texts=len(before),
        labels=float(np.mean(same)) if task.classes and same else None,
        mean=float(differences.mean()) if len(differences) else 0.0,
        largest=float(differences.max(initial=0.0)),
    )
