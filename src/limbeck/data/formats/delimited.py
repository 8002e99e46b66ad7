"""Comma- and tab-separated files, by the standard library's csv.

Quotes in a ``.csv`` are read strictly: one that never closes, or closes before the field ends, is named with its line
rather than left to swallow the lines behind it. In a ``.tsv``, whose writers often know no quotes, a quote that is not
closed within its line is a mark in the text; only when the line then lacks fields are the next lines looked at.
"""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from limbeck.data.formats.text_file import open_text
from limbeck.data.headings import doubt
from limbeck.data.rows import BadRow, Record, Remark, Row, RowSource
from limbeck.errors import DataError
from limbeck.text import clean

SUFFIXES = (".csv", ".tsv")
FIELD_LIMIT_CHARACTERS = 1 << 26
"""A longer field is taken for a quote that never closes; the library's own limit of 131,072 cuts real texts."""
_TSV_RECORD_LINES = 1000
_LOOKED_AT = 200
"""Rows in which a heading is looked for, which would make it a cell."""
_BREAK = re.compile("[\r\n]")
Fields = tuple[int, list[str]]


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a csv or tsv file with a header.

    Raises:
        DataError: the file is empty, its header cannot be used, or it is not in ``encoding``.
    """
    if csv.field_size_limit() < FIELD_LIMIT_CHARACTERS:
        csv.field_size_limit(FIELD_LIMIT_CHARACTERS)
    delimiter, notices = _delimiter(path, encoding)
    header = next(_records(path, encoding, delimiter), None)
    if header is None:
        raise DataError(f"{path} is empty; the first line must name the columns")
    if isinstance(header, BadRow):
        raise DataError(f"{path}, line {header.line}: {header.problem}")
    columns = _columns(path, header[1])
    first = islice(_records(path, encoding, delimiter), 1, 1 + _LOOKED_AT)
    if why := doubt(header[1], (record[1] for record in first if not isinstance(record, BadRow))):
        notices += (f"{path}: the first line is read as column names, though {why}; put a line of names above it",)

    def rows() -> Iterator[Record]:
        records = _records(path, encoding, delimiter)
        next(records, None)
        for record in records:
            if isinstance(record, BadRow):
                yield record
            elif len(record[1]) > 1 or len(columns) == 1 or record[1][0].strip():
                yield from _row(*record, columns)

    return RowSource(str(path), columns, rows, skip_bad_rows=skip_bad_rows, notices=notices)


def _delimiter(path: Path, encoding: str) -> tuple[str, tuple[str, ...]]:
    if path.suffix.lower() == ".tsv":
        return "\t", ()
    with open_text(path, encoding) as file:
        header = next((line for line in file if line.strip()), "")
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if "," not in header and mark in header:
            return mark, (f"{path}: the header is separated by {word}, so the file is read that way",)
    return ",", ()


def _columns(path: Path, header: Sequence[str]) -> list[str]:
    """Name the columns; all but the first of several blank headings by their place."""
    columns: list[str] = []
    for place, heading in enumerate(header, start=1):
        if heading in columns and heading.strip():
            first = columns.index(heading) + 1
            raise DataError(f"{path}: the heading {heading!r} stands over columns {first} and {place}; rename one")
        columns.append(f"column {place}" if heading in columns else heading)
    return columns


def _row(line: int, fields: list[str], columns: list[str]) -> Iterator[Record]:
    if len(fields) > len(columns) and not any(fields[len(columns) :]):
        fields = fields[: len(columns)]
        yield Remark(line, "a separator at the end of a line, with no heading over it, is passed over")
    if len(fields) == len(columns):
        yield Row(line, dict(zip(columns, fields, strict=True)))
    else:
        many = "many" if len(fields) > len(columns) else "few"
        yield BadRow(line, f"too {many} fields: {len(fields)}, and {len(columns)} headings")


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Fields | BadRow]:
    """Yield the records of the file with the line on which each begins, the header among them, blank lines not."""
    with open_text(path, encoding) as file:
        records = _tsv_records(file) if path.suffix.lower() == ".tsv" else _csv_records(file, delimiter)
        yield from (record for record in records if record[1])


def _csv_records(lines: Iterable[str], delimiter: str) -> Iterator[Fields | BadRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _quote_problem(begin, str(error))
            continue
        yield begin, fields


def _quote_problem(line: int, error: str) -> BadRow:
    if "unexpected end of data" in error or "field limit" in error:
        return BadRow(
            line, 'a field that begins with a quote mark (") never closes it; double or remove it', fatal=True
        )
    if "expected after" in error:
        return BadRow(line, 'a field that begins with a quote mark (") goes on behind its closing one; double both')
    return BadRow(line, error)


def _tsv_records(file: Iterable[str]) -> Iterator[Fields | BadRow]:
    source = iter(file)
    ahead: deque[str] = deque()
    n_columns = 0
    begin = 1
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
    quoted = _unquote([line])
    if quoted is not None and (not n_columns or len(quoted) == n_columns):
        return quoted, 1
    if not ahead:
        ahead.extend(islice(source, 1))
    regular = len(literal) == n_columns and (not ahead or len(ahead[0].rstrip("\r\n").split("\t")) == n_columns)
    if regular or not n_columns or quoted is not None:
        return literal, 1
    ahead.extend(islice(source, max(0, _TSV_RECORD_LINES - len(ahead))))
    for n_lines in range(1, len(ahead) + 1):
        if '"' not in ahead[n_lines - 1]:
            continue
        quoted = _unquote([line, *islice(ahead, n_lines)])
        if quoted is not None and len(quoted) == n_columns:
            for _ in range(n_lines):
                ahead.popleft()
            return quoted, n_lines + 1
    return literal, 1


def _unquote(lines: Sequence[str]) -> list[str] | None:
    """Read lines as one quoted record, or give None when they are none."""
    try:
        records = list(csv.reader(lines, delimiter="\t", strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


class Encoder:
    """Write rows as delimited text: utf-8, ``\\n`` ends a line, floats as ``repr`` gives them.

    Lone surrogates, which utf-8 cannot hold, become U+FFFD; a missing value is an empty field.
    """

    def __init__(self, file: BinaryIO, path: Path, columns: Sequence[str], schema: object = None) -> None:
        del schema
        self.path = path
        self.columns = list(columns)
        self._known = frozenset(columns)
        self._file = file
        self._is_tsv = path.suffix.lower() == ".tsv"
        # csv.writer quotes a lone CR only when its own line end holds one, so it gets CR LF and `write` takes CR off.
        self._writer = csv.writer(self, delimiter="\t" if self._is_tsv else ",", lineterminator="\r\n")
        self._writer.writerow(self.columns)

    def write(self, line: str) -> int:
        """Take one record from the csv writer."""
        return self._file.write(clean(line[:-2] + "\n").encode("utf-8"))

    def write_rows(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows.

        Raises:
            DataError: a row has a key that is no column, or a tsv cannot hold a cell.
        """
        for cells in rows:
            if not cells.keys() <= self._known:
                extra = next(key for key in cells if key not in self._known)
                raise DataError(
                    f"a row has the key {extra!r}, which {self.path} has no column for (it has {self.columns}); "
                    "write json lines instead: --out FILE.jsonl"
                )
            fields = [field(cells.get(column)) for column in self.columns]
            if self._is_tsv:
                self._refuse_unsafe(fields)
            self._writer.writerow(fields)

    def _refuse_unsafe(self, fields: Sequence[str]) -> None:
        """Refuse the line breaks that :func:`_tsv_fields` could take for the end of a record."""
        whole = "\t".join(fields)
        if _BREAK.search(whole) and (len(fields) == 1 or whole.count("\t") >= len(fields)):
            raise DataError(
                f"{self.path}: a cell holds a line break, and its row a tab inside a cell or no second column; a tsv "
                "has no safe form for that: write --out FILE.csv or FILE.jsonl instead"
            )

    def finish(self) -> None:
        """Nothing is held back."""

    def drop(self) -> None:
        """Nothing is held back."""


def field(value: object) -> str:
    """Give a cell as a field.

    >>> field(0.1), field(None), field(True), field(["a"])
    ('0.1', '', 'True', '["a"]')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if callable(item := getattr(value, "item", None)):
        return field(item())
    return str(value)
