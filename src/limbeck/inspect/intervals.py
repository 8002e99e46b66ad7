"""How sure a figure is, given its rows: intervals at 95 % unless asked otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 500


class Interval(NamedTuple):
    """A figure between its bounds."""

    value: float
    low: float
    high: float


def wilson(hits: int, n: int, level: float = LEVEL) -> Interval:
    """A share and its score interval; of no row, anything between 0 and 1 (the share is nan).

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference", whose bounds stay
    within [0, 1] and hold at few rows, where the usual p plus or minus z s does neither.

    >>> [round(bound, 3) for bound in wilson(8, 10)]
    [0.8, 0.49, 0.943]
    """
    if not n:
        return Interval(float("nan"), 0.0, 1.0)
    z, share = _z(level), hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # at the ends the bound is exact, where the arithmetic would miss it by a rounding
    return Interval(share, 0.0 if hits == 0 else middle - reach, 1.0 if hits == n else middle + reach)


def of_mean(values: NDArray[Any], level: float = LEVEL) -> Interval:
    """The mean of ``values``, shape ``(N,)``, with its normal interval; without width below two of them."""
    mean = float(values.mean()) if len(values) else float("nan")
    if len(values) < 2:
        return Interval(mean, mean, mean)
    reach = _z(level) * float(values.std(ddof=1)) / math.sqrt(len(values))
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


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
