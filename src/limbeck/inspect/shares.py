"""How sure a share is, given its rows: arithmetic alone, without numpy."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.95


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
    z, share = normal_point(level), hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # at the ends the bound is exact, where the arithmetic would miss it by a rounding
    return Interval(share, 0.0 if hits == 0 else middle - reach, 1.0 if hits == n else middle + reach)


def normal_point(level: float) -> float:
    """How many standard deviations to either side hold ``level`` of a normal distribution: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)
