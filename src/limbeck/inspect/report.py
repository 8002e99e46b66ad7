"""What a model got right and wrong: a function of Scores, with the texts put back where the caller has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.data.dataset import Dataset
from limbeck.errors import DataError, shown_measure
from limbeck.metrics import PerClass
from limbeck.runtime.answer import NOT_A_NUMBER
from limbeck.scores import Scores
from limbeck.tasks import TaskLike


@dataclass(frozen=True)
class Report:
    """Measures, confusion and the order of the losses."""

    task: str
    classes: tuple[str, ...]
    n_rows: int
    n_unanswered: int
    """Rows without an answer, mostly with nothing to read; they are in no figure."""
    metrics: dict[str, float]
    per_class: PerClass | None
    confusion: NDArray[np.int64] | None
    """Counts by true class (row) and predicted class (column)."""
    greatest: NDArray[np.int64]
    """Row numbers by falling loss."""
    losses: NDArray[np.float64]
    """Loss of each row; nan where it was not answered."""
    predicted: list[Any]

    def to_json(self) -> dict[str, Any]:
        """The figures, without any text."""
        record: dict[str, Any] = {
            "task": self.task,
            "rows": self.n_rows,
            "unanswered": self.n_unanswered,
            "metrics": self.metrics,
        }
        if self.per_class is not None and self.confusion is not None:
            record["classes"] = {
                name: {
                    "precision": float(self.per_class.precision[n]),
                    "recall": float(self.per_class.recall[n]),
                    "f1": float(self.per_class.f1[n]),
                    "rows": int(self.per_class.support[n]),
                }
                for n, name in enumerate(self.classes)
            }
            record["confusion"] = self.confusion.tolist()
        return record

    def lines(self) -> list[str]:
        """The report as text."""
        out = [f"rows: {self.n_rows}" + (f", {self.n_unanswered} without an answer" if self.n_unanswered else "")]
        out += [f"{name.replace('_', ' ')}: {shown_measure(value)}" for name, value in self.metrics.items()]
        if self.per_class is None or self.confusion is None:
            return out
        width = max(len("true \\ predicted"), *(len(name) for name in self.classes))
        out += ["", f"{'class':<{width}}  precision  recall      f1    rows"]
        each = self.per_class
        for n, name in enumerate(self.classes):
            out.append(
                f"{name:<{width}}  {each.precision[n]:9.4f}  {each.recall[n]:6.4f}  "
                f"{each.f1[n]:6.4f}  {each.support[n]:6d}"
            )
        columns = [max(6, len(name)) for name in self.classes]
        head = "  ".join(f"{name:>{size}}" for name, size in zip(self.classes, columns, strict=True))
        out += ["", f"{'true ' + chr(92) + ' predicted':<{width}}  {head}"]
        for name, row in zip(self.classes, self.confusion, strict=True):
            out.append(f"{name:<{width}}  " + "  ".join(f"{n:>{size}}" for n, size in zip(row, columns, strict=True)))
        return out

    def greatest_losses(self, dataset: Dataset, n: int = 20) -> list[dict[str, Any]]:
        """The ``n`` rows of the greatest loss, with their text, line and labels."""
        found = []
        for row in self.greatest[:n].tolist():
            item = dataset.inputs[row]
            found.append(
                {
                    "line": dataset.place(row),
                    "loss": float(self.losses[row]),
                    "true": dataset.targets[row] if dataset.targets is not None else None,
                    "predicted": self.predicted[row],
                    "text": item if isinstance(item, str) else list(item),
                }
            )
        return found


def make_report(scores: Scores, task: TaskLike) -> Report:
    """Judge what a model said.

    Raises:
        DataError: the scores have no targets, or no row was answered.
    """
    if scores.targets is None:
        raise DataError("there are no labels to compare with; name their column with --label-column")
    kept = np.flatnonzero(scores.answered)
    if not scores.answerable.any():
        raise DataError("no row has anything to read; name the column of texts with --text-column")
    if not len(kept):
        raise DataError(f"of every row {NOT_A_NUMBER}; see what answers with: limbeck check MODEL")
    logits, targets = scores.logits.astype(np.float64), scores.targets
    losses = np.full(len(logits), np.nan)
    losses[kept] = task.loss(logits[kept], targets[kept])
    predicted: Sequence[Any] = task.decode(logits).predicted
    per_class = confusion = None
    if task.classes:
        best = logits[kept].argmax(axis=1)
        per_class = metrics.per_class(best, targets[kept], task.n_outputs)
        confusion = metrics.confusion(best, targets[kept], task.n_outputs)
    return Report(
        task=task.name,
        classes=task.classes,
        n_rows=len(logits),
        n_unanswered=len(logits) - len(kept),
        metrics=task.metrics(logits[kept], targets[kept]),
        per_class=per_class,
        confusion=confusion,
        greatest=kept[np.argsort(-losses[kept], kind="stable")],
        losses=losses,
        predicted=list(predicted),
    )
