"""The numbers that stand in a file of what a teacher said, and what they are where they are no probabilities.

The whole file is looked at, not its first rows: files are often sorted by class, and of a rare class, or of one that is
named only where it has a share, the first rows say nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limbeck.data import RowSource, cell_text
from limbeck.data.dataset import number
from limbeck.data.rows import is_nested
from limbeck.errors import DataError, shown_number

PREFIX = "p_"
"""How ``limbeck predict`` calls the probability of a class, before its name."""
TOLERANCE = 0.02
"""How far from 1 the probabilities of a row may add up: LLMs and rounded files are not exact."""
NEARLY_ALL = 0.95
"""Share of the rows that say so where columns are taken for something: a file may have some damaged rows."""
_HUGE = 1e100
"""Numbers beyond are damage: their sums would be infinite."""
_LONGEST_SHOWN = 60
_LIMITS = "and probabilities go from 0 to 1"
MARKED = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)\s*%|[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
"""Numbers with a percent sign or a decimal comma, which ``dataset.number`` does not read."""


@dataclass(frozen=True)
class Figures:
    """The cells of all rows and of all columns but those of the texts, as numbers."""

    name: str
    """Of the file, for messages."""
    headings: tuple[str, ...]
    """All columns, for messages."""
    columns: tuple[str, ...]
    """Those that hold no text, and of json lines also such as the first records lack."""
    values: NDArray[np.float64]
    """Shape ``(N, C)``; NaN where a cell holds no finite number, or a huge one."""
    n_filled: tuple[int, ...]
    """Of each column, how many cells are not empty."""
    marked: tuple[tuple[str, int], ...]
    """Of each column, a cell with a percent sign or a decimal comma, and how many there are."""

    def __len__(self) -> int:
        return len(self.values)

    def of(self, names: Iterable[str]) -> NDArray[np.float64]:
        """The numbers of these columns, shape ``(N, len(names))``."""
        return self.values[:, [self.columns.index(name) for name in names]]

    def in_order(self, names: Iterable[str]) -> list[str]:
        """These columns as they stand in the file."""
        return sorted(names, key=self.columns.index)

    def sums(self, names: Iterable[str]) -> NDArray[np.float64]:
        """What the numbers of each row add up to, shape ``(N,)``; where none stands, nothing is added."""
        return np.asarray(np.nansum(self.of(names), axis=1))

    def adds_up(self, names: Iterable[str], total: float = 1.0) -> NDArray[np.bool_]:
        """Which rows add up to ``total``, shape ``(N,)``."""
        return np.asarray(np.abs(self.sums(names) - total) <= total * TOLERANCE)

    def speaks(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Which rows hold a number in any of these columns, shape ``(N,)``."""
        return np.asarray(~np.isnan(self.of(names)).all(axis=1))

    def are_shares(self, name: str) -> bool:
        """Whether a column holds numbers from 0 to 1: in half of the rows, or wherever it holds anything."""
        cells = self.of([name])
        n_shares = int(((cells >= 0) & (cells <= 1)).sum())
        return n_shares > 0 and (2 * n_shares >= len(self) or n_shares == self.n_filled[self.columns.index(name)])

    def are_numbers(self, name: str) -> bool:
        """Whether a column holds numbers: in half of the rows, or wherever it holds anything."""
        n_numbers = int((~np.isnan(self.of([name]))).sum())
        return n_numbers > 0 and (2 * n_numbers >= len(self) or n_numbers == self.n_filled[self.columns.index(name)])

    def are_marked(self, name: str) -> bool:
        """Whether most cells of a column are numbers with a percent sign or a decimal comma."""
        n = self.columns.index(name)
        return 2 * self.marked[n][1] > self.n_filled[n]

    def has_negative(self, name: str) -> bool:
        """Whether a column holds a number below 0."""
        return bool((np.nan_to_num(self.of([name])) < 0).any())

    def are_none(self, name: str) -> bool:
        """Whether a column gives no row anything."""
        return bool((np.nan_to_num(self.of([name])) == 0).all())


def figures_of(source: RowSource, texts: Iterable[str | None]) -> Figures:
    """Read the numbers of a file.

    Args:
        source: the file.
        texts: its columns of texts, which are not looked at.

    Raises:
        DataError: rows are damaged and are not to be left out.
    """
    out = set(texts)
    columns = [name for name in source.columns if name not in out]
    place, n_filled, marked, rows = {name: n for n, name in enumerate(columns)}, Counter[str](), Counter[str](), []
    example: dict[str, str] = {}
    for _, cells in source:
        row = [np.nan] * len(place)
        for name, cell in cells.items():
            text = "" if name in out or is_nested(cell) else (cell_text(cell) or "").strip()
            if not text:
                continue
            if name not in place:  # a key that the first records of json lines lack
                place[name] = len(place)
                row.append(np.nan)
            n_filled[name] += 1
            value = number(text)
            if value is not None and abs(value) < _HUGE:
                row[place[name]] = value
            elif MARKED.fullmatch(text):
                marked[name] += 1
                example.setdefault(name, text)
        rows.append(row)
    values = np.full((len(rows), len(place)), np.nan)
    for n, row in enumerate(rows):
        values[n, : len(row)] = row
    return Figures(
        name=source.name,
        headings=tuple(dict.fromkeys((*source.columns, *place))),
        columns=tuple(place),
        values=values,
        n_filled=tuple(n_filled[name] for name in place),
        marked=tuple((example.get(name, ""), marked[name]) for name in place),
    )


def refuse_what_is_none(figures: Figures, names: Sequence[str], *, guessed: bool = False) -> None:
    """Raise where most rows of these columns hold something else than probabilities that can be told.

    Args:
        figures: of the file.
        names: columns that are, or may be, those of the classes.
        guessed: nobody said so, and unlike numbers beside each other may be anything.

    Raises:
        DataError: numbers with percent signs or decimal commas, percentages, counts, logits, or logarithms.
    """
    told = _told_of_marks(figures, names)
    if not told and len(names) > 1 and len(figures):
        told = told_of_total(figures, names)
        if not told and 2 * int((figures.sums(names) > 1).sum()) > int(figures.speaks(names).sum()):
            told = told_of_counts(figures, names)
        told = told or _told_of_logits(figures, names, guessed=guessed)
    if told:
        raise DataError(f"{figures.name} has {told}")


def told_of_total(figures: Figures, names: Sequence[str]) -> str:
    """In words what numbers are whose rows add up to 100, or as counts do to more than 1; empty where they do not."""
    speaks = figures.speaks(names)
    values, sums, n_rows = figures.of(names), figures.sums(names)[speaks], int(speaks.sum())
    if len(names) < 2 or not n_rows or np.nanmin(values) < 0:
        return ""
    of = listed(figures.in_order(names))
    if 2 * int(figures.adds_up(names, 100.0).sum()) > n_rows:
        return f"percentages in {of}, which add up to 100, {_LIMITS}: divide them by 100"
    total = float(np.median(sums))
    is_one = (sums == total).sum() >= NEARLY_ALL * n_rows
    if not is_one or total < 2 or not _are_counts(values):
        return ""
    return (
        f"counts in {of}, which add up to {shown_number(total)}, {_LIMITS}: divide each by the number of votes, their "
        "sum in the row"
    )


def told_of_counts(figures: Figures, names: Sequence[str]) -> str:
    """In words what whole numbers are that no total tells of; empty where they are none, or 0 and 1 alone."""
    values = figures.of(names)
    most = np.nan_to_num(values).max()
    if most < 2 or not _are_counts(values):
        return ""
    return (
        f"whole numbers in {listed(figures.in_order(names))}, such as {shown_number(most)}, {_LIMITS}: if they are "
        "counts of votes, divide each by their sum in the row"
    )


def _told_of_logits(figures: Figures, names: Sequence[str], *, guessed: bool) -> str:
    """In words what numbers below 0 and above 1 are; empty where most rows have none."""
    values = figures.of(names)
    beyond = values[~np.isnan(values) & ((values < 0) | (values > 1))]
    if not len(beyond) or (guessed and (beyond % 1 == 0).all()):
        return ""
    filled, n_rows = np.nan_to_num(values), int(figures.speaks(names).sum())
    least, most = filled.min(axis=1), filled.max(axis=1)
    such = f"numbers such as {shown_number(beyond[0])} in {listed(names)}"
    exponents = np.where(np.isnan(values), 0.0, np.exp(np.minimum(values, 1.0))).sum(axis=1)
    if 2 * int(((least < 0) & (most <= 0) & (np.abs(exponents - 1) <= TOLERANCE)).sum()) > n_rows:
        return f"{such}: they look like logarithms of probabilities, {_LIMITS}: take the exponential of each"
    if 2 * int(((least < 0) | ((most > 1) & (not guessed))).sum()) > n_rows:
        return f"{such}: they look like logits, {_LIMITS}: take the softmax of each row, at temperature 1"
    return ""


def _are_counts(values: NDArray[np.float64]) -> bool:
    """Whether all numbers are whole and none is below 0."""
    held = values[~np.isnan(values)]
    return bool(((held >= 0) & (held % 1 == 0)).all())


def _told_of_marks(figures: Figures, names: Sequence[str]) -> str:
    """In words which columns hold numbers with percent signs or decimal commas; empty where most are fine."""
    found = [name for name in names if figures.are_marked(name)]
    if not found:
        return ""
    cell = figures.marked[figures.columns.index(found[0])][0]
    is_percent = "%" in cell
    value = float(cell.rstrip("% ").replace(",", ".")) / (100 if is_percent else 1)
    signs = " and ".join(["percent signs"] * is_percent + ["decimal commas"] * ("," in cell))
    return (
        f"numbers with {signs} in {listed(found)}, such as {cell!r}: write {value:.6g}, numbers from 0 to 1 with a "
        "decimal point"
    )


def shown_cell(cell: object) -> str:
    """What stands in a cell, for a message."""
    text = repr(cell)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def listed(names: Sequence[str]) -> str:
    """Names in quotes, with commas between them."""
    return ", ".join(map(repr, names))
