"""Measures of classification and regression in numpy, tested against scikit-learn; float64 throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_softmax(logits: NDArray[Any]) -> Array:
    """Logarithms of probabilities: shape ``(N, C)`` to ``(N, C)``."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=1, keepdims=True, initial=-np.inf)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def softmax(logits: NDArray[Any]) -> Array:
    """Probabilities that sum to 1 in each row: shape ``(N, C)`` to ``(N, C)``."""
    result: Array = np.exp(log_softmax(logits))
    return result


def cross_entropy(logits: NDArray[Any], targets: NDArray[Any]) -> Array:
    """Minus the log-probability of each row's target, in nats: shapes ``(N, C)``, ``(N,)`` to ``(N,)``."""
    result: Array = -log_softmax(logits)[np.arange(len(targets)), targets.astype(np.int64)]
    return result


def confusion(predicted: NDArray[Any], targets: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    """Counts by true class (row) and predicted class (column): shape ``(C, C)``."""
    cells = targets.astype(np.int64) * n_classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=n_classes * n_classes).reshape(n_classes, n_classes).astype(np.int64)


@dataclass(frozen=True)
class PerClass:
    """Measures of each class: shape ``(C,)`` each. A ratio whose denominator is empty is 0, as in scikit-learn."""

    precision: Array
    recall: Array
    f1: Array
    support: NDArray[np.int64]


def per_class(predicted: NDArray[Any], targets: NDArray[Any], n_classes: int) -> PerClass:
    """Precision, recall, F1 and number of true rows of each class."""
    matrix = confusion(predicted, targets, n_classes)
    hits = matrix.diagonal().astype(np.float64)
    precision = _ratio(hits, matrix.sum(axis=0))
    recall = _ratio(hits, matrix.sum(axis=1))
    f1 = _ratio(2 * hits, matrix.sum(axis=0) + matrix.sum(axis=1))
    return PerClass(precision, recall, f1, matrix.sum(axis=1))


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur in a confusion matrix ``(C, C)``, as true or as predicted; nan of no row.

    A class that occurs in neither has no F1 and is left out, as in scikit-learn's ``f1_score(average="macro")``.

    >>> macro_f1(np.array([[2, 0, 0], [0, 3, 0], [0, 0, 0]]))
    1.0
    """
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    occurs = both > 0
    return float((2 * matrix.diagonal()[occurs] / both[occurs]).mean()) if occurs.any() else float("nan")


def pearson(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Pearson's correlation, from -1 to 1; 0 where one side does not vary, or without rows."""
    if not all(len(side) and side.min() < side.max() for side in (first, second)):
        return 0.0
    return float(np.clip((_unit(first) * _unit(second)).sum(), -1.0, 1.0))


def spearman(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Spearman's correlation: Pearson's of the ranks, ties sharing their mean rank."""
    return pearson(_ranks(first), _ranks(second))


def matthews(predicted: NDArray[Any], targets: NDArray[Any], n_classes: int) -> float:
    """Matthews correlation of any number of classes (Gorodkin 2004); 0 where a side does not vary."""
    matrix = confusion(predicted, targets, n_classes).astype(np.float64)
    true, said, total = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    covariance = matrix.trace() * total - (true * said).sum()
    scale = float(np.sqrt((total**2 - (said**2).sum()) * (total**2 - (true**2).sum())))
    return float(covariance / scale) if scale > 0 else 0.0


def _ratio(part: Array, whole: NDArray[Any]) -> Array:
    result: Array = np.divide(part, whole, out=np.zeros(len(part), np.float64), where=whole > 0)
    return result


def _unit(values: NDArray[Any]) -> Array:
    """Deviations from the mean, as a vector of length 1; scaled before, so that no square leaves float64's range."""
    apart = values.astype(np.float64)
    apart -= apart.mean()
    apart /= np.abs(apart).max()
    result: Array = apart / np.sqrt((apart * apart).sum())
    return result


def _ranks(values: NDArray[Any]) -> Array:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts).astype(np.float64)
    result: Array = (last - (counts - 1) / 2)[inverse.ravel()]
    return result


def shown_rate(rate: float) -> str:
    """A learning rate as it is printed, two digits where the second is not 0.

    >>> shown_rate(8e-05), shown_rate(0.00012)
    ('8e-05', '1.2e-04')
    """
    return f"{rate:.1e}".replace(".0e", "e")


def exponential_means(values: Sequence[float] | Array, beta: float) -> Array:
    """Exponential means of the values so far, without the pull to 0 at the beginning: shape ``(N,)``.

    Source: Kingma and Ba 2015 (arXiv 1412.6980), section 3: mean / (1 - beta^n).

    >>> exponential_means([2.0, 4.0], 0.5).round(3).tolist()
    [2.0, 3.333]
    """
    mean, means = 0.0, []
    for n, value in enumerate(values, start=1):
        mean = beta * mean + (1 - beta) * float(value)
        means.append(mean / (1 - beta**n))
    return np.array(means, np.float64)


def retention(first: float, second: float, first_low: float | None = None) -> float | None:
    """The second measure in percent of the first; None where the first, or the low end of its interval, is not above 0.

    >>> retention(0.8, 0.6), retention(0.03, -0.2, first_low=-0.1)
    (75.0, None)
    """
    return 100 * second / first if first > 0 and (first_low is None or first_low > 0) else None
