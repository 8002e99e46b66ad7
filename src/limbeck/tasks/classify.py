"""Classify: one of several classes, for a text or a pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.errors import DataError, nearest, together
from limbeck.tasks import Answers, Array

SENTIMENT = ("negative", "neutral", "positive")
"""Classes, in any order, whose answers have a ``score`` too."""


class Task:
    """Classes by name; logits are one a class, in the order of ``classes``."""

    name = "classify"

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise DataError(f"a classifier needs two or more different classes; these are {list(self.classes)!r}")

    @property
    def n_outputs(self) -> int:
        """One logit a class."""
        return len(self.classes)

    def encode(self, targets: Sequence[Any]) -> NDArray[np.int64]:
        """Indices of class names in ``classes``: shape ``(N,)``.

        Raises:
            DataError: a name that is no class.
        """
        index = {name: n for n, name in enumerate(self.classes)}
        names = [str(target) for target in targets]
        unknown = sorted(set(names) - index.keys())
        if unknown:
            raise DataError(
                together(f"label {name!r} is none of the classes: {nearest(name, self.classes)}" for name in unknown)
            )
        return np.fromiter((index[name] for name in names), np.int64, len(names))

    def output_scale(self, targets: NDArray[Any]) -> tuple[float, float]:
        """Nothing to fold: logits have no unit."""
        del targets
        return 1.0, 0.0

    def decode(self, logits: Array) -> Answers:
        """The likeliest class, ``p_<class>`` for each, and for the three of sentiment a ``score`` in [-1, 1].

        The score is p(positive) - p(negative): 0 for what is neutral, and for what is as much one as the other.
        """
        probs = metrics.softmax(logits)
        best = logits.argmax(axis=1) if len(logits) else np.zeros(0, np.int64)
        columns = {f"p_{name}": probs[:, n] for n, name in enumerate(self.classes)}
        if sorted(self.classes) == list(SENTIMENT):
            columns["score"] = columns["p_positive"] - columns["p_negative"]
        return Answers([self.classes[n] for n in best], columns)

    def loss(self, logits: Array, targets: NDArray[Any]) -> Array:
        """Cross-entropy of each row, in nats."""
        return metrics.cross_entropy(logits, targets)

    def metrics(self, logits: Array, targets: NDArray[Any]) -> dict[str, float]:
        """Accuracy, macro F1 (of the classes that occur, as true or as predicted) and mean loss."""
        predicted = logits.argmax(axis=1)
        return {
            "accuracy": float((predicted == targets).mean()),
            "macro_f1": metrics.macro_f1(metrics.confusion(predicted, targets, self.n_outputs)),
            "loss": float(self.loss(logits, targets).mean()),
        }

    def to_json(self) -> dict[str, Any]:
        """Name and classes."""
        return {"name": self.name, "classes": list(self.classes)}
