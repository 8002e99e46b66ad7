"""A file as rows in bounded memory: the shape that every format reads into, and the care for damaged rows.

A format yields each record with its line, or a :class:`BadRow` in its place; :class:`RowSource` decides what happens
to those. With ``skip_bad_rows`` they are left out and named in a notice. Otherwise the first one ends the rows, the
rest of the file is looked through for others, and one error names them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple, Protocol

from limbeck.errors import PROBLEMS_SHOWN, DataError, first_ones, quoted


class Row(NamedTuple):
    """One record."""

    line: int
    """Where it begins: a line of a text file (the header is line 1), else a row counted from 1."""
    cells: dict[str, object]
    """Column -> value as the source has it."""


class BadRow(NamedTuple):
    """What stands in place of a record that cannot be read."""

    line: int
    problem: str
    fatal: bool = False
    """Whether nothing behind it can be read: never skipped."""


class Remark(NamedTuple):
    """What a reader did to a row, for one notice over all of them."""

    line: int
    text: str


Record = Row | BadRow | Remark


class Rows(Protocol):
    """What is read row by row: a source that can be read again, or the lines of a pipe."""

    name: str
    columns: list[str]
    unit: str
    schema: object

    @property
    def notices(self) -> list[str]:
        """What was decided, and what was left out."""
        ...

    def sample(self, n_rows: int = 200) -> Sequence[Mapping[str, object]]:
        """Cells of the first rows, to guess columns by; none where looking ahead would lose them."""
        ...

    def chunks(self, n_rows: int) -> Generator[list[Row]]:
        """The good rows, at most ``n_rows`` at a time."""
        ...

    def where(self, lines: Sequence[int]) -> str:
        """Name lines for a message; files by their names."""
        ...


class RowSource:
    """The rows of one source; iterate as often as needed, each time from the start.

    Args:
        name: the source in messages.
        columns: its columns in order (json lines: the keys of the first records).
        records: opens the source and yields its records.
        skip_bad_rows: leave damaged rows out instead of raising.
        unit: what ``Row.line`` counts, ``line`` or ``row``.
        schema: what a writer needs to give back the cells in their own types (parquet).
        notices: what was decided on opening; iteration adds to it.
        places: what ``Row.line`` 1 and the others are called, where that says more than a number (files).
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        records: Callable[[], Iterator[Record]],
        *,
        skip_bad_rows: bool = False,
        unit: str = "line",
        schema: object = None,
        notices: Sequence[str] = (),
        places: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.columns = list(columns)
        self.skip_bad_rows = skip_bad_rows
        self.unit = unit
        self.schema = schema
        self.places = tuple(places)
        self._records = records
        self._opening = tuple(notices)
        self._found: tuple[str, ...] = ()

    @property
    def notices(self) -> list[str]:
        """What was decided, and what was left out by the last iteration, as far as it went."""
        return [*self._opening, *self._found]

    def where(self, lines: Sequence[int]) -> str:
        """Name lines for a message, the first ten one by one; files by their names."""
        return where([self.places[line - 1] for line in lines] if self.places else lines, self.unit)

    def sample(
        self, n_rows: int = 200, *, only: Callable[[Mapping[str, object]], bool] | None = None
    ) -> list[Mapping[str, object]]:
        """Give the cells of the first ``n_rows`` good rows, ``only`` those for which that holds."""
        good = (record.cells for record in self._records() if isinstance(record, Row))
        return list(islice(good if only is None else filter(only, good), n_rows))

    def changed(self, columns: Sequence[str], change: Callable[[Row], Row | BadRow]) -> RowSource:
        """The same rows, each as ``change`` makes it; ``columns`` are those that it gives."""

        def records() -> Iterator[Record]:
            for record in self._records():
                yield change(record) if isinstance(record, Row) else record

        return RowSource(
            self.name,
            columns,
            records,
            skip_bad_rows=self.skip_bad_rows,
            unit=self.unit,
            notices=self._opening,
            places=self.places,
        )

    def __iter__(self) -> Iterator[Row]:
        """Yield the good rows.

        Raises:
            DataError: rows are damaged and ``skip_bad_rows`` is off, or nothing behind one can be read.
        """
        bad: list[BadRow] = []
        remarks: dict[str, list[int]] = {}
        try:
            for record in self._records():
                if isinstance(record, Row):
                    if self.skip_bad_rows or not bad:
                        yield record
                elif isinstance(record, Remark):
                    remarks.setdefault(record.text, []).append(record.line)
                elif record.fatal and self.skip_bad_rows:
                    raise DataError(f"{self.name}, {self.unit} {record.line}: {record.problem}")
                else:
                    bad.append(record)
        finally:  # a reader may have had enough before the end
            self._found = self._told(remarks, bad if self.skip_bad_rows else [])
        if bad and not self.skip_bad_rows:
            raise DataError(self._complaint(bad))

    def _told(self, remarks: Mapping[str, Sequence[int]], left_out: Sequence[BadRow]) -> tuple[str, ...]:
        told = tuple(f"{self.name}: {text} ({self.where(lines)})" for text, lines in remarks.items())
        if not left_out:
            return told
        lines = [record.line for record in left_out]
        what = f"{n_of(lines)} damaged and left out ({self.where(lines)}); the first: {left_out[0].problem}"
        return (*told, f"{self.name}: {what}")

    def chunks(self, n_rows: int) -> Generator[list[Row]]:
        """Yield the good rows, ``n_rows`` at a time.

        Raises:
            DataError: as iterating does.
        """
        rows = iter(self)
        while chunk := list(islice(rows, n_rows)):
            yield chunk

    def _complaint(self, bad: Sequence[BadRow]) -> str:
        named = first_ones([f"{self.name}, {self.unit} {record.line}: {record.problem}" for record in bad])
        hint = "" if any(record.fatal for record in bad) else "\n(--skip-bad-rows leaves such rows out)"
        return named + hint


def n_of(rows: Sequence[int]) -> str:
    """Count rows for a message.

    >>> n_of([6]), n_of([])
    ('1 row', '0 rows')
    """
    return f"{len(rows)} row" if len(rows) == 1 else f"{len(rows)} rows"


def where(lines: Sequence[int | str], unit: str = "line") -> str:
    """Name lines for a message, the first ten one by one.

    >>> where([6])
    'line 6'
    >>> where(list(range(2, 14)))
    'lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more'
    """
    shown = [str(line) for line in lines[:PROBLEMS_SHOWN]]
    more = f" and {len(lines) - len(shown)} more" if len(lines) > len(shown) else ""
    return f"{unit}{'s' if len(lines) > 1 else ''} {', '.join(shown)}{more}"


def cell_text(value: object) -> str | None:
    """Give a cell as text: strings as they are, numbers without a ``.0``; None for a missing one.

    The same for texts and labels, in training and in prediction. The words ``null``, ``NA`` and the like are texts.

    A number of fewer bits is the shortest that tells it from its neighbours, as it was written.

    >>> cell_text("null"), cell_text(None), cell_text(float("nan")), cell_text(2.0), cell_text(True)
    ('null', None, None, '2', 'True')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if is_nested(value):
        return str(value)
    if value is None or type(value).__name__ == "NAType" or value != value:
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    if isinstance(value, Decimal) and value.is_finite():
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if callable(item := getattr(value, "item", None)):
        is_float = getattr(getattr(value, "dtype", None), "kind", "") == "f"
        return cell_text(float(str(value)) if is_float else item())
    return cell_text(value.exact) if hasattr(value, "exact") else str(value)


def is_nested(value: object) -> bool:
    """Tell a list, an array, a mapping or a set of values from a single one."""
    return not isinstance(value, str | bytes) and hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0


def not_a_text(value: object) -> str:
    """Why a cell can be neither text nor label, in words behind ``column 'x' holds``; empty where it can.

    >>> not_a_text(["good", "film"]), not_a_text("good")
    ("['good', 'film']", '')
    """
    if isinstance(value, str):
        return ""
    if isinstance(value, bytes):
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as error:
            return f"bytes that are not utf-8 (0x{value[error.start]:02X} at offset {error.start})"
        return ""
    if not is_nested(value) and not (isinstance(value, float) and math.isinf(value)):
        return ""
    return quoted(value)


def not_texts(cells: Mapping[str, object], columns: Iterable[str | None]) -> Iterator[str]:
    """Tell which of these columns hold in a row what can be neither text nor label."""
    for column in columns:
        if column is not None and (what := not_a_text(cells.get(column))):
            yield f"column {column!r} holds {what}"
