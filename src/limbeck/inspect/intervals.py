"""How sure a figure is, given its rows: intervals at 95 % unless asked otherwise. Of shares: ``shares.py``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.inspect.shares import LEVEL, Interval, normal_point

RESAMPLES = 500
_FEW = 10


def of_mean(values: NDArray[Any], level: float = LEVEL, *, spread: float = 0.0) -> Interval:
    """The mean of ``values``, shape ``(N,)``, with its normal interval.

    Args:
        values: what to take the mean of; of none it is nan.
        level: share of intervals that hold the true mean.
        spread: the standard deviation of fewer than ten values, if their own is not greater: so few tell it badly, and
            one not at all.
    """
    mean = float(values.mean()) if len(values) else float("nan")
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if len(values) < _FEW:
        deviation = max(deviation, spread)
    reach = normal_point(level) * deviation / math.sqrt(max(1, len(values)))
    return Interval(mean, mean - reach, mean + reach)


def of_paired_shares(first: NDArray[np.bool_], second: NDArray[np.bool_], level: float = LEVEL) -> Interval:
    """How much more often the second is true than the first, rows paired: both of shape ``(N,)``, N above 0.

    With b rows where the first alone is true and c where the second alone is, the difference is (c - b) / N. For its
    interval half a row is added to each of the four kinds: two that agree on ten rows are not sure to agree on all.

    Source: Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions".

    >>> both = np.array([True] * 6 + [False] * 4)
    >>> [round(bound, 4) for bound in of_paired_shares(both, both)]
    [0.0, -0.1633, 0.1633]
    """
    n, b, c = len(first), int((first & ~second).sum()), int((second & ~first).sum())
    middle = (c - b) / (n + 2)
    reach = normal_point(level) * math.sqrt(b + c + 1 - (c - b) ** 2 / (n + 2)) / (n + 2)
    return Interval((c - b) / n, max(-1.0, middle - reach), min(1.0, middle + reach))


def of_confusion(
    confusion: NDArray[np.int64], measure: Callable[[NDArray[np.int64]], float], *, level: float = LEVEL, seed: int = 0
) -> Interval:
    """A function of a confusion matrix ``(C, C)``, with its bootstrap interval of percentiles.

    Rows drawn with replacement give multinomial counts of the cells, so that the cost grows with the cells and not with
    the rows. One resample is held at a time, and ``measure`` is to keep none of what it is given.
    Source: Efron and Tibshirani 1993, section 13.3.
    """
    random, total = np.random.default_rng(seed), int(confusion.sum())
    # of many classes most cells are empty and stay so; the last takes what is left of a draw, and so is always there
    cells = np.union1d(np.flatnonzero(confusion), [confusion.size - 1])
    shares = confusion.ravel()[cells] / max(total, 1)
    one, drawn = np.zeros(confusion.shape, np.int64), []
    for _ in range(RESAMPLES):
        one.ravel()[cells] = random.multinomial(total, shares)
        drawn.append(measure(one))
    return _percentiles(measure(confusion), drawn, level)


def of_rows(
    n_rows: int, measure: Callable[[NDArray[np.int64]], float], *, level: float = LEVEL, seed: int = 0
) -> Interval:
    """A function of row numbers, with its bootstrap interval of percentiles over rows drawn with replacement."""
    random = np.random.default_rng(seed)
    resamples = min(RESAMPLES, max(50, 10_000_000 // max(n_rows, 1)))
    drawn = [measure(random.integers(0, n_rows, n_rows)) for _ in range(resamples)]
    return _percentiles(measure(np.arange(n_rows)), drawn, level)


def _percentiles(value: float, drawn: list[float], level: float) -> Interval:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))
