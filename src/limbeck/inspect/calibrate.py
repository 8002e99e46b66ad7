"""The temperature that makes probabilities honest, as a function of logits and targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.metrics import log_softmax, softmax

BOUNDS = (0.05, 20.0)
"""Temperatures outside say that the rows cannot tell: far below, all probabilities are 0 or 1; far above, all equal."""


def temperature(logits: NDArray[Any], targets: NDArray[Any]) -> float:
    """The T that minimises the mean cross-entropy of ``logits / T`` (Guo et al. 2017, arXiv 1706.04599, section 4.2).

    Targets are smoothed as Platt did (1999, section 2.2): of n rows of a class, the class gets (n + 1) / (n + C), so
    that a few rows that are all right do not drive T to 0. The loss is convex in 1 / T; its derivative is bisected.

    Args:
        logits: shape ``(N, C)``.
        targets: class indices, shape ``(N,)``.

    Returns:
        T within ``BOUNDS``; 1 without rows.
    """
    if not len(logits):
        return 1.0
    soft = smoothed(targets, logits.shape[1])
    low, high = 1.0 / BOUNDS[1], 1.0 / BOUNDS[0]
    if _slope(logits, soft, low) >= 0:
        return BOUNDS[1]
    if _slope(logits, soft, high) <= 0:
        return BOUNDS[0]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _slope(logits, soft, middle) < 0 else (low, middle)
    return 2 / (low + high)


def smoothed(targets: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Platt's targets for any number of classes: shape ``(N, C)``, rows sum to 1."""
    targets = targets.astype(np.int64)
    counts = np.bincount(targets, minlength=n_classes)[targets]
    right = (counts + 1) / (counts + n_classes)
    soft = np.repeat(((1 - right) / (n_classes - 1))[:, None], n_classes, axis=1)
    soft[np.arange(len(targets)), targets] = right
    return soft


def soft_cross_entropy(logits: NDArray[Any], soft: NDArray[np.float64]) -> float:
    """Mean cross-entropy against soft targets, both of shape ``(N, C)``."""
    return float(-(soft * log_softmax(logits)).sum(axis=1).mean())


def _slope(logits: NDArray[Any], soft: NDArray[np.float64], inverse: float) -> float:
    """Derivative of the mean cross-entropy by 1 / T: the mean of sum over classes of (p - t) z."""
    wide = logits.astype(np.float64)
    return float(((softmax(wide * inverse) - soft) * wide).sum(axis=1).mean())
