"""Two models beside each other on the same labelled rows, from their Scores: a measure of each, and the difference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.errors import shown_measure
from limbeck.inspect.intervals import of_paired_shares, of_rows
from limbeck.scores import Scores
from limbeck.tasks import TaskLike


@dataclass(frozen=True)
class Pair:
    """The comparison."""

    n_rows: int
    measure: str
    """What is compared: the task's first measure."""
    first: float
    second: float
    difference: float
    """Second minus first."""
    low: float
    high: float
    """Ends of the 95 % interval of the difference, of paired rows."""
    first_low: float | None = None
    """Lower end of the 95 % interval of ``first`` alone, where the measure can be below 0, as correlations can."""

    @property
    def retention(self) -> float | None:
        """The second's measure in percent of the first's; None where that is not surely above 0."""
        return metrics.retention(self.first, self.second, self.first_low)

    def to_json(self) -> dict[str, Any]:
        """The fields, as json holds them."""
        return asdict(self)

    def line(self, first: str, second: str) -> str:
        """The comparison in words.

        >>> Pair(200, "accuracy", 0.95, 0.93, -0.02, -0.045, 0.005).line("teacher", "student")
        'accuracy of 200 rows: teacher 0.9500, student 0.9300 (97.9 % of it), difference -0.0200 (-0.0450 to 0.0050)'
        """
        kept = f" ({self.retention:.1f} % of it)" if self.retention is not None else ""
        return (
            f"{self.measure.replace('_', ' ')} of {self.n_rows:,} rows: {first} {shown_measure(self.first)}, {second} "
            f"{shown_measure(self.second)}{kept}, difference {shown_measure(self.difference)} "
            f"({shown_measure(self.low)} to {shown_measure(self.high)})"
        )


def compare(task: TaskLike, first: Scores, second: Scores, targets: NDArray[Any]) -> Pair | None:
    """Compare two models on the rows that both answered.

    Args:
        task: that both do, with the classes in the order of the logits.
        first: of the same inputs as ``second``, in their order or not.
        second: one row a target.
        targets: as the task encodes them, shape ``(len(second),)``.

    Returns:
        The comparison; None where fewer than two rows have an answer of both.
    """
    rows = second.join(first)
    both = (rows >= 0) & second.answered
    both[both] = first.answered[rows[both]]
    if both.sum() < 2:
        return None
    logits = (first.logits[rows[both]].astype(np.float64), second.logits[both].astype(np.float64))
    known = targets[both]
    name = next(iter(task.metrics(logits[0], known)))

    low = None
    if name == "accuracy":
        found = of_paired_shares(*(side.argmax(axis=1) == known for side in logits))
    else:
        found = of_rows(len(known), lambda drawn: _difference(task, name, logits, known, drawn))
        low = of_rows(len(known), lambda drawn: float(task.metrics(logits[0][drawn], known[drawn])[name])).low
    values = [float(task.metrics(side, known)[name]) for side in logits]
    return Pair(len(known), name, values[0], values[1], found.value, found.low, found.high, low)


def _difference(
    task: TaskLike,
    name: str,
    logits: tuple[NDArray[np.float64], NDArray[np.float64]],
    known: NDArray[Any],
    drawn: NDArray[np.int64],
) -> float:
    """The measure of the second less that of the first, on the rows that are drawn."""
    one, other = (float(task.metrics(side[drawn], known[drawn])[name]) for side in logits)
    return other - one
