"""Where a model is worse than elsewhere: parts of the rows, each with its measure and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limbeck.data.dataset import number
from limbeck.inspect.intervals import of_mean
from limbeck.inspect.shares import Interval, wilson

_BINS = 5
_MOST_VALUES = 30
"""So many values of a column, the most frequent, are slices of their own."""
_ABSENT = "(no value)"


@dataclass(frozen=True)
class Slice:
    """Some of the rows."""

    by: str
    """What they were cut by: ``length``, ``class`` or a column's name."""
    value: str
    """What they have in common."""
    n_rows: int
    measure: Interval
    """Accuracy; of numbers the mean absolute error."""


def make_slices(values: NDArray[np.float64], parts: Mapping[str, Sequence[str]], *, share: bool) -> list[Slice]:
    """The slices of each way of cutting, those that are surely bad first.

    The order is by the better end of the interval (of a share the upper, of an error the lower), so that three rows
    that happen to be wrong do not hide a hundred of which a third are.

    Args:
        values: of each row, 1 where it is right and 0 where not, or its error; nan rows are in no slice.
        parts: what to cut by -> the value of each row.
        share: whether ``values`` are hits of a share, which gets Wilson's interval.
    """
    kept = np.isfinite(values)
    spread = float(values[kept].std()) if kept.any() else 0.0
    found = []
    for by, names in parts.items():
        rows_of: dict[str, list[int]] = {}
        for row in np.flatnonzero(kept).tolist():
            rows_of.setdefault(names[row], []).append(row)
        for value, rows in rows_of.items():
            chosen = values[rows]
            measure = wilson(int(chosen.sum()), len(rows)) if share else of_mean(chosen, spread=spread)
            found.append(Slice(by, value, len(rows), measure))
    return sorted(found, key=lambda one: (one.measure.high if share else -one.measure.low, one.by, one.value))


def length_bins(lengths: NDArray[np.int64], unit: str = "tokens") -> list[str]:
    """The name of each row's bin of lengths: at most five, of like many rows.

    >>> length_bins(np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 40]))[::3]
    ['1-2 tokens', '3-4 tokens', '7-8 tokens', '9-40 tokens']
    """
    return [f"{name} {unit}" for name in _binned(lengths.astype(np.float64))]


def column_parts(cells: Sequence[str | None]) -> list[str]:
    """The name of each row's part by a source column.

    Numbers of many values are cut into bins of like many rows; of many other values the most frequent are kept, and the
    rest is one part.
    """
    names = [_ABSENT if cell is None or not cell.strip() else cell.strip() for cell in cells]
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    if len(counts) <= _MOST_VALUES:
        return names
    values = [number(name) for name in names]
    if all(value is not None or name == _ABSENT for value, name in zip(values, names, strict=True)):
        bins: Iterator[str] = iter(_binned(np.array([value for value in values if value is not None])))
        return [_ABSENT if value is None else next(bins) for value in values]
    often = set(sorted(counts, key=lambda name: (-counts[name], name))[:_MOST_VALUES])
    rest = f"({len(counts) - len(often)} other values)"
    return [name if name in often else rest for name in names]


def _binned(values: NDArray[np.float64]) -> list[str]:
    """A range for each value: bounds at quantiles, so that equal values share a bin."""
    if not len(values):
        return []
    bounds = np.unique(np.quantile(values, np.arange(1, _BINS) / _BINS, method="inverted_cdf"))
    place = np.searchsorted(bounds, values, side="left")
    ranges = {}
    for n in np.unique(place).tolist():
        inside = values[place == n]
        low, high = f"{inside.min():.15g}", f"{inside.max():.15g}"  # in full: bins of one name would be one part
        ranges[n] = low if low == high else f"{low}-{high}"
    return [ranges[n] for n in place.tolist()]
