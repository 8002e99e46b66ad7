"""Regress: a number for a text or a pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.errors import DataError
from limbeck.tasks import Answers, Array

MOST = 1e30
"""Numbers beyond it are refused: models count in float32, which ends at 3e38, and answers may lie far from targets."""
_LEAST_SCALE = float(np.finfo(np.float32).tiny)
"""Numbers that differ by less are all alike in float32."""


class Task:
    """One logit, in the unit of the targets once :meth:`output_scale` is folded into the output layer."""

    name = "regress"
    classes: tuple[str, ...] = ()

    @property
    def n_outputs(self) -> int:
        """One number."""
        return 1

    def encode(self, targets: Sequence[Any]) -> NDArray[np.float64]:
        """Targets as floats: shape ``(N,)``.

        Raises:
            DataError: a target that is no number, or beyond :data:`MOST`.
        """
        numbers = []
        for n, target in enumerate(targets):
            try:
                numbers.append(float(target))
            except (TypeError, ValueError, OverflowError):
                numbers.append(math.nan)
            if not abs(numbers[-1]) <= MOST:
                raise DataError(
                    f"row {n + 1} has the target {target!r}; regression takes numbers from -{MOST:g} to {MOST:g}: mend "
                    "the row, or give all in a larger unit"
                )
        return np.array(numbers, np.float64)

    def output_scale(self, targets: NDArray[Any]) -> tuple[float, float]:
        """Deviation and mean of the training targets: the model learns standardised ones, whatever their unit."""
        varies = targets.min() < targets.max()  # the deviation of equal numbers is rounded to something above 0
        deviation = float(np.std(targets)) if varies else 0.0
        return deviation if deviation >= _LEAST_SCALE else 1.0, float(np.mean(targets))

    def decode(self, logits: Array) -> Answers:
        """The number itself."""
        return Answers([float(value) for value in logits[:, 0]])

    def loss(self, logits: Array, targets: NDArray[Any]) -> Array:
        """Squared error of each row."""
        error: Array = logits[:, 0] - targets
        return error * error

    def metrics(self, logits: Array, targets: NDArray[Any]) -> dict[str, float]:
        """Pearson and Spearman correlation, errors, and mean loss (squared error)."""
        predicted = logits[:, 0]
        error = predicted - targets
        return {
            "pearson": metrics.pearson(predicted, targets),
            "spearman": metrics.spearman(predicted, targets),
            "mean_absolute_error": float(np.abs(error).mean()),
            "root_mean_squared_error": float(np.sqrt((error * error).mean())),
            "loss": float((error * error).mean()),
        }

    def to_json(self) -> dict[str, Any]:
        """The name alone."""
        return {"name": self.name}
