"""Comma- and tab-separated files, by the standard library's csv: the columns, the rows, and the writer."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from limbeck.data.formats.delimited_head import layout_of
from limbeck.data.formats.delimited_records import Shapes, records
from limbeck.data.headings import doubt
from limbeck.data.rows import BadRow, Record, Remark, Row, RowSource
from limbeck.errors import DataError
from limbeck.text import clean

SUFFIXES = (".csv", ".tsv")
FIELD_LIMIT_CHARACTERS = 1 << 26
"""A longer field is taken for a quote that never closes; the library's own limit of 131,072 cuts real texts."""
_LOOKED_AT = 200
"""Rows in which a heading is looked for, which would make it a cell."""
_BREAK = re.compile("[\r\n]")


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a csv or tsv file with a header.

    Raises:
        DataError: the file is empty, its header cannot be used, or it is not in ``encoding``.
    """
    if csv.field_size_limit() < FIELD_LIMIT_CHARACTERS:
        csv.field_size_limit(FIELD_LIMIT_CHARACTERS)
    layout, notices = layout_of(path, encoding)
    header = next(records(path, encoding, layout), None)
    if header is None:
        raise DataError(f"{path} is empty; the first line must name the columns")
    if isinstance(header, BadRow):
        raise DataError(f"{path}, line {header.line}: {header.problem}")
    columns = _columns(path, header[1])
    first = islice(records(path, encoding, layout), 1, 1 + _LOOKED_AT)
    cells = [record[1] for record in first if not isinstance(record, BadRow)]
    if why := doubt(header[1], cells):
        notices.append(f"{path}: the first line is read as column names, though {why}; put a line of names above it")

    def rows() -> Iterator[Record]:
        for record in islice(records(path, encoding, layout, Shapes(columns, cells)), 1, None):
            if isinstance(record, BadRow):
                yield record
            elif len(columns) > 1 and _is_again(record[1], header[1]):
                yield Remark(record[0], "the headings once more, passed over")
            elif len(record[1]) > 1 or len(columns) == 1 or record[1][0].strip():
                yield from _row(*record, columns)

    return RowSource(str(path), columns, rows, skip_bad_rows=skip_bad_rows, notices=notices)


def _is_again(fields: Sequence[str], header: Sequence[str]) -> bool:
    """Tell the headings in the middle of a file that was put together from several, byte-order marks and all."""
    return fields[-1] == header[-1] and [fields[0].lstrip("\ufeff"), *fields[1:]] == header


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
        """Refuse the line breaks that a tsv's reader could take for the end of a record."""
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
