"""Json lines: one object a line, blank lines skipped, values kept as json has them.

Only a line feed ends a record: U+2028, U+2029 and U+0085 may stand inside a string.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from limbeck.data.formats.text_file import open_text
from limbeck.data.rows import BadRow, Record, Remark, Row, RowSource
from limbeck.errors import DataError

SUFFIXES = (".jsonl", ".ndjson", ".json")
_ARRAY = "a json array, and each line must be one json object; write one a line, as FILE.jsonl"
_HEADER_ROWS = 1000
"""So many first records are asked for their keys; reading all would read the file twice."""


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a file of json objects, one a line.

    Raises:
        DataError: the file is empty or not in ``encoding``.
    """

    def rows() -> Iterator[Record]:
        with open_text(path, encoding, newline="\n") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield from _records(line, text)

    first = list(islice(rows(), _HEADER_ROWS))
    if not first:
        raise DataError(f"{path} is empty; each line must be one json object")
    if not any(isinstance(record, Row) for record in first):
        raise DataError(f"{path}, line {first[0].line}: {getattr(first[0], 'problem', '')}")
    columns = dict.fromkeys(key for record in first if isinstance(record, Row) for key in record.cells)
    return RowSource(str(path), list(columns), rows, skip_bad_rows=skip_bad_rows)


def _records(line: int, text: str) -> Iterator[Record]:
    """A line's row, and before it a remark on each of its keys that stands twice."""
    row = _row(line, text)
    if isinstance(row, Row):
        yield from (
            Remark(line, f"the key {key!r} stands twice in a row, and its last value is read")
            for key in _twins(row.cells, text)
        )
    yield row


def _twins(cells: Mapping[str, object], text: str) -> list[str]:
    """The keys of a line that stand twice in its own object; what stands within its values is no matter."""
    if all(text.count(f'"{key}"') < 2 for key in cells):  # of nearly every line, and quick to see
        return []
    names: list[str] = []

    def as_dict(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names[:] = (name for name, _ in pairs)  # the outermost object comes last
        return dict(pairs)

    json.loads(text, object_pairs_hook=as_dict)
    return [key for key in cells if names.count(key) > 1]


def _row(line: int, text: str) -> Row | BadRow:
    try:
        cells = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("["):
            return BadRow(line, _ARRAY)
        return BadRow(line, f"not json: {error.msg} at character {error.colno}; each line must be one json object")
    except ValueError:  # Python's limit on the digits of an integer
        return BadRow(line, "a whole number of more than 4300 digits; put it in quotes")
    except RecursionError:
        return BadRow(line, "json nested too deeply")
    if isinstance(cells, list):
        return BadRow(line, _ARRAY)
    if not isinstance(cells, dict):
        return BadRow(line, f"a json {_kind(cells)}, and each line must be one json object")
    return Row(line, cells)


def _kind(value: object) -> str:
    names: dict[type, str] = {str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


class Encoder:
    """Write rows as json lines in utf-8; a row with lone surrogates is written in escapes, so that none is lost."""

    def __init__(self, file: BinaryIO, path: Path, columns: Sequence[str], schema: object = None) -> None:
        del path, columns, schema
        self._file = file

    def write_rows(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows, each with the keys that it has; null for what is not a finite number."""
        for cells in rows:
            try:
                line = _line(cells)
            except ValueError:  # nan or infinity, which json has no word for
                cells = _finite(json.loads(json.dumps(cells, default=plain)))
                line = _line(cells)
            try:
                self._file.write(line.encode("utf-8") + b"\n")
            except UnicodeEncodeError:
                self._file.write(_line(cells, ascii_only=True).encode("ascii") + b"\n")

    def finish(self) -> None:
        """Nothing is held back."""

    def drop(self) -> None:
        """Nothing is held back."""


def _line(cells: object, *, ascii_only: bool = False) -> str:
    return json.dumps(cells, ensure_ascii=ascii_only, default=plain, allow_nan=False)


def _finite(value: Any) -> Any:
    """The same with None in place of numbers that are not finite, however deep they stand."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain(value: object) -> object:
    """Give what json can hold for a value of numpy, or of another format's own type (as text).

    >>> plain(b"abc")
    'abc'
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if callable(tolist := getattr(value, "tolist", None)):
        return tolist()
    return str(value)
