"""The records of a comma- or tab-separated file: fields, and the lines that quotes hold together. No format of its own.

Quotes in a ``.csv`` are read strictly: one that never closes, or closes before the field ends, is named with its line
rather than left to swallow the lines behind it; so is one that closes at the next stray mark, over lines that are rows,
which are then read as such.
In a ``.tsv``, whose writers often know no quotes, a quote that is not closed within its line is a mark in the text;
only when the line then lacks fields are the next lines looked at.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from limbeck.data.formats.text_file import open_text
from limbeck.data.rows import BadRow

_TSV_RECORD_LINES = 1000
_SHAPE_CHARACTERS = 40
"""A longer cell is a text; labels, numbers and dates are shorter."""
_SHAPES_KEPT = 10_000
_SHAPE_COLUMNS = 20
"""So many columns tell; tables with an embedding in each row have a thousand."""
_DIGITS = re.compile(r"\d+")
Fields = tuple[int, list[str]]


class Layout(NamedTuple):
    """How the file is written."""

    separator: str
    n_above: int = 0
    """Lines above the headings."""


class Shapes:
    """What stood in each column, digits aside: labels, numbers and dates are known again by it, texts are not."""

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> None:
        self._n_columns = len(columns)
        self._seen: list[set[str]] = [set() for _ in columns[:_SHAPE_COLUMNS]]
        for fields in rows:
            self.add(fields)

    def add(self, fields: Sequence[str]) -> None:
        """Take the cells of a row; one with fewer or more of them than columns says nothing."""
        if len(fields) == self._n_columns:
            for seen, cell in zip(self._seen, fields, strict=False):
                if 0 < len(cell) <= _SHAPE_CHARACTERS and cell not in seen and len(seen) < _SHAPES_KEPT:
                    seen.add(_shape(cell))

    def are_rows(self, lines: Iterable[str], separator: str) -> bool:
        """Tell whether each line, blank ones aside, is a row by itself and has a cell as its column had before."""
        rows = [line.rstrip("\r\n").split(separator) for line in lines if line.strip()]
        return self._n_columns > 1 and all(len(row) == self._n_columns and self._known(row) for row in rows)

    def _known(self, row: Sequence[str]) -> bool:
        cells = zip(row, self._seen, strict=False)  # one that begins with a quote mark is written otherwise than read
        return any(cell.strip() and cell[0] != '"' and _shape(cell) in seen for cell, seen in cells)


def _shape(cell: str) -> str:
    return _DIGITS.sub("0", cell)


def records(path: Path, encoding: str, layout: Layout, shapes: Shapes | None = None) -> Iterator[Fields | BadRow]:
    """Yield the records of the file with the line on which each begins, the header among them, blank lines not.

    With ``shapes``, which grow, a record of a csv whose lines look like rows is a :class:`BadRow`.
    """
    with open_text(path, encoding) as file:
        begin = 1 + sum(1 for _ in islice(file, layout.n_above))
        is_tsv = path.suffix.lower() == ".tsv"
        found = _tsv_records(file, begin) if is_tsv else _csv_records(file, begin, layout.separator, shapes)
        yield from (record for record in found if record[1])


class _Lines:
    """The lines of a csv file, of which a reader notes those of a record, and reads some once more."""

    def __init__(self, lines: Iterable[str], first: int) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._next = first
        self.held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.held.append(self._again.popleft() if self._again else next(self._lines))
        return self.held[-1]

    def begin(self) -> int:
        """The line on which the next record begins."""
        self._next += len(self.held)
        self.held.clear()
        return self._next

    def again(self) -> None:
        """Let all lines of a record but the first be read again."""
        self._again.extendleft(reversed(self.held[1:]))
        del self.held[1:]


def _csv_records(file: Iterable[str], first: int, separator: str, shapes: Shapes | None) -> Iterator[Fields | BadRow]:
    lines = _Lines(file, first)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        begin, error = lines.begin(), ""
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            error = str(problem)
        n_below = len(lines.held) - 1
        goes_on = bool(error) and not _never_closes(error)  # in the last line, whose own quotes may hold separators
        if shapes is not None and n_below and shapes.are_rows(lines.held[: n_below + 1 - goes_on], separator):
            yield BadRow(begin, _over_rows(n_below, error))
            lines.again()
        elif error:
            yield _quote_problem(begin, n_below, error)
        else:
            if shapes is not None:
                shapes.add(fields)
            yield begin, fields


def _never_closes(error: str) -> bool:
    return "unexpected end of data" in error or "field limit" in error


def _over_rows(n_below: int, error: str) -> str:
    closes, mend = ("never closes", "it") if _never_closes(error) else (f"closes {_below(n_below)}", "both")
    return f'a quote mark (") opens here and {closes}, over lines that look like rows; double or remove {mend}'


def _below(n_lines: int) -> str:
    return "a line below" if n_lines == 1 else f"{n_lines} lines below"


def _quote_problem(line: int, n_below: int, error: str) -> BadRow:
    if _never_closes(error):
        return BadRow(
            line, 'a field that begins with a quote mark (") never closes it; double or remove it', fatal=True
        )
    if "expected after" in error:
        where = f", {_below(n_below)}" if n_below else ""
        return BadRow(
            line, f'a field that begins with a quote mark (") goes on behind its closing one{where}; double both'
        )
    return BadRow(line, error)


def _tsv_records(file: Iterable[str], begin: int) -> Iterator[Fields | BadRow]:
    source = iter(file)
    ahead: deque[str] = deque()
    n_columns = 0
    while line := (ahead.popleft() if ahead else next(source, "")):
        fields, n_lines = _tsv_fields(line, ahead, source, n_columns)
        n_columns = n_columns or len(fields)
        yield begin, fields
        begin += n_lines


def _tsv_fields(line: str, ahead: deque[str], source: Iterator[str], n_columns: int) -> tuple[list[str], int]:
    """Split a line, or the several lines of a quoted field; give the fields and how many lines they took."""
    literal = line.rstrip("\r\n").split("\t") if line.strip("\r\n") else []
    if '"' not in line:
        return literal, 1
    quoted, _ = _unquote([line])
    if quoted is not None and (not n_columns or len(quoted) == n_columns):
        return quoted, 1
    if not ahead:
        ahead.extend(islice(source, 1))
    regular = len(literal) == n_columns and (not ahead or len(ahead[0].rstrip("\r\n").split("\t")) == n_columns)
    if regular or not n_columns or quoted is not None:
        return literal, 1
    ahead.extend(islice(source, max(0, _TSV_RECORD_LINES - len(ahead))))
    quoted, n_lines = _unquote(chain([line], _before_a_row(ahead, n_columns)))
    if quoted is None or len(quoted) != n_columns:
        return literal, 1
    for _ in range(n_lines - 1):
        ahead.popleft()
    return quoted, n_lines


def _before_a_row(lines: Iterable[str], n_columns: int) -> Iterator[str]:
    """The lines that may belong to a field: those before one that is a row without quotes."""
    for line in lines:
        if '"' not in line and len(line.rstrip("\r\n").split("\t")) == n_columns:
            return
        yield line


def _unquote(lines: Iterable[str]) -> tuple[list[str] | None, int]:
    """Read the first quoted record, and how many lines it took; None where there is none."""
    reader = csv.reader(lines, delimiter="\t", strict=True)
    try:
        return next(reader), reader.line_num
    except (csv.Error, StopIteration):
        return None, 0
