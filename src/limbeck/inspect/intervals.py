"""How sure a figure is, given its rows: intervals at 95 % unless asked otherwise. Of shares: ``shares.py``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.inspect.shares import LEVEL, Interval, normal_point

RESAMPLES = 500


def of_mean(values: NDArray[Any], level: float = LEVEL) -> Interval:
    """The mean of ``values``, shape ``(N,)``, with its normal interval; without width below two of them."""
    mean = float(values.mean()) if len(values) else float("nan")
    if len(values) < 2:
        return Interval(mean, mean, mean)
    reach = normal_point(level) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def of_confusion(
    confusion: NDArray[np.int64], measure: Callable[[NDArray[np.int64]], float], *, level: float = LEVEL, seed: int = 0
) -> Interval:
    """A function of a confusion matrix ``(C, C)``, with its bootstrap interval of percentiles.

    Rows drawn with replacement give multinomial counts of the cells, so that the cost does not grow with the rows.
    Source: Efron and Tibshirani 1993, section 13.3.
    """
    total = int(confusion.sum())
    draws = np.random.default_rng(seed).multinomial(total, (confusion / max(total, 1)).ravel(), size=RESAMPLES)
    return _percentiles(measure(confusion), [measure(one.reshape(confusion.shape)) for one in draws], level)


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
