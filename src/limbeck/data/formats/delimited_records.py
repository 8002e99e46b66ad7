"""The records of a comma- or tab-separated file: fields, and the lines that quotes hold together. No format of its own.

Quotes in a ``.csv`` are read strictly: one that never closes, or closes before the field ends, is named with its line
rather than left to swallow the lines behind it; so is one that closes at the next stray mark, over lines that are rows.
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
        return any(cell.strip() and _shape(cell) in seen for cell, seen in zip(row, self._seen, strict=False))


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


def _csv_records(lines: Iterable[str], first: int, separator: str, shapes: Shapes | None) -> Iterator[Fields | BadRow]:
    held: list[str] = []
    reader = csv.reader(_noted(lines, held), delimiter=separator, strict=True)
    while True:
        begin = first + reader.line_num
        held.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _quote_problem(begin, str(error))
            continue
        if shapes is not None and len(held) > 1 and shapes.are_rows(held, separator):
            yield BadRow(
                begin,
                f'a quote mark (") opens here and closes {len(held) - 1} lines below, over lines that look like rows; '
                "double or remove both",
            )
            continue
        if shapes is not None:
            shapes.add(fields)
        yield begin, fields


def _noted(lines: Iterable[str], held: list[str]) -> Iterator[str]:
    for line in lines:
        held.append(line)
        yield line


def _quote_problem(line: int, error: str) -> BadRow:
    if "unexpected end of data" in error or "field limit" in error:
        return BadRow(
            line, 'a field that begins with a quote mark (") never closes it; double or remove it', fatal=True
        )
    if "expected after" in error:
        return BadRow(line, 'a field that begins with a quote mark (") goes on behind its closing one; double both')
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
