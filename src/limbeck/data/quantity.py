"""Whether labels are numbers of a quantity, what stands among such numbers that is none, and the numbers themselves.

A column of many different numbers with fractional parts is a quantity. One value that is none makes it a column of
classes, since a file means what it says; but nobody means sixty classes that are called as decimals, so it is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from limbeck.data.collected import Collected
from limbeck.data.columns import Columns
from limbeck.data.dataset import number, numbers
from limbeck.data.rows import RowSource
from limbeck.errors import DataError, first_ones, quoted

REGRESS_DISTINCT = 20
"""More distinct numbers than this, some with a fractional part, are taken for a quantity and not for classes."""
_MOST = 0.9
"""From this share of the distinct labels on, numbers make a column that likely was to hold a quantity."""
_SHOWN = 5
"""So many labels that are no numbers are named."""
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


def is_quantity(labels: Sequence[str]) -> bool:
    """Tell whether labels are many different numbers, some with a fractional part."""
    distinct = list(dict.fromkeys(labels))
    values = numbers(distinct)
    return len(distinct) > REGRESS_DISTINCT and values is not None and _has_fractions(values)


def no_numbers(found: Collected, rows: RowSource) -> str:
    """Name what stands among labels that are a quantity but for that; empty where they are none with it left out.

    A number with a decimal comma speaks for a quantity, and is named, since it is not read as one.
    """
    distinct = list(dict.fromkeys(found.labels))
    values = [value for label in distinct if (value := number(_with_point(label))) is not None]
    if len(values) <= REGRESS_DISTINCT or len(values) < _MOST * len(distinct) or not _has_fractions(values):
        return ""
    lines: dict[str, list[int]] = {}
    for label, line in zip(found.labels, found.lines, strict=True):
        if number(label) is None:
            lines.setdefault(label, []).append(line)
    shown = [f"{quoted(label)} ({rows.where(places)})" for label, places in list(lines.items())[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(lines) - len(shown)} more" if len(lines) > len(shown) else "")


def quantities(found: Collected, columns: Columns, rows: RowSource) -> list[float]:
    """Give the labels as numbers.

    Raises:
        DataError: some are none; each is named with its line.
    """
    values = [number(label) for label in found.labels]
    wrong = [
        f"{rows.name}, {rows.unit} {line}: column {columns.label!r} holds {quoted(label)}, and --task regress wants a "
        "number" + (" with a decimal point, not a comma" if _DECIMAL_COMMA.fullmatch(label) else "")
        for line, label, value in zip(found.lines, found.labels, values, strict=True)
        if value is None
    ]
    if wrong:
        raise DataError(first_ones(wrong))
    return [value for value in values if value is not None]


def _with_point(label: str) -> str:
    return label.replace(",", ".") if _DECIMAL_COMMA.fullmatch(label) else label


def _has_fractions(values: Sequence[float]) -> bool:
    return any(not value.is_integer() for value in values)
