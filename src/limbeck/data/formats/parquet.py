"""Parquet, by pyarrow: row groups are streamed, and what is written has the source's types with columns appended.

Cells whose type survives the way through Python (strings, numbers, booleans, bytes, categories, lists and records of
them) become Python values; any other stays an arrow scalar inside :class:`Opaque`, so that no nanosecond is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from limbeck.data.rows import BadRow, Record, Row, RowSource
from limbeck.errors import DataError, require
from limbeck.text import clean

SUFFIXES = (".parquet",)
_READ_ROWS = 2048
_GROUP_ROWS = 16384
"""Rows of a written row group; memory holds one."""
_ELSE = "write json lines instead: --out FILE.jsonl"
_KINDS = {str: "string", int: "int64", float: "float64"}


class Opaque:
    """A cell that Python has no equal for; its text is what arrow prints."""

    def __init__(self, scalar: Any) -> None:
        self.scalar = scalar

    def __str__(self) -> str:
        pa = require("pyarrow", "data")
        try:
            return str(self.scalar.cast(pa.string()).as_py())
        except (pa.ArrowInvalid, NotImplementedError):
            return str(self.scalar.as_py())

    @property
    def exact(self) -> object:
        """Python's decimal where it is one, by which texts and labels are told; else its text."""
        is_decimal = require("pyarrow", "data").types.is_decimal(self.scalar.type)
        return self.scalar.as_py() if is_decimal else str(self)


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a parquet file; ``encoding`` says nothing here.

    Raises:
        DataError: it is no parquet file.
        MissingExtra: pyarrow is not installed.
    """
    del encoding
    pa, pq = require("pyarrow", "data"), require("pyarrow.parquet", "data")
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise DataError(f"cannot read {str(path)!r} as parquet: {error}") from None
    refuse_twins(schema.names, str(path))

    def rows() -> Iterator[Record]:
        place = 0
        with pq.ParquetFile(path) as file:
            try:
                for record in batch_rows(file.iter_batches(batch_size=_READ_ROWS)):
                    place = record.line
                    yield record
            except (pa.ArrowException, OSError) as error:
                yield BadRow(place + 1, f"the parquet file is damaged from here on: {error}", fatal=True)

    return RowSource(str(path), schema.names, rows, skip_bad_rows=skip_bad_rows, unit="row", schema=schema)


def refuse_twins(names: Sequence[str], name: str) -> None:
    """Raise when two columns have one name: a row is a mapping."""
    twin = next((column for column in names if names.count(column) > 1), None)
    if twin is not None:
        raise DataError(f"{name} has two columns called {twin!r}; rename one")


def batch_rows(batches: Iterable[Any]) -> Iterator[Row | BadRow]:
    """Yield the rows of arrow record batches, counted from 1; one with a string that is no utf-8 is a bad one."""
    n_rows = 0
    for batch in batches:
        names = batch.schema.names
        damaged: dict[int, str] = {}
        columns = [_values(column, name, damaged) for column, name in zip(batch.columns, names, strict=True)]
        for place, values in enumerate(zip(*columns, strict=True)):
            line = n_rows + place + 1
            if place in damaged:
                yield BadRow(line, damaged[place])
            else:
                yield Row(line, dict(zip(names, values, strict=True)))
        n_rows += batch.num_rows


def _values(column: Any, name: str, damaged: dict[int, str]) -> list[object]:
    """The cells of a column; what is wrong with one goes into ``damaged``, by its place."""
    if not _is_plain(column.type):
        return [Opaque(scalar) if scalar.is_valid else None for scalar in column]
    if require("pyarrow.types", "data").is_float32(column.type):  # 0.1, and not what its bits are among more bits
        texts = column.cast(require("pyarrow", "data").string()).to_pylist()
        return [None if text is None else float(text) for text in texts]
    try:
        values: list[object] = column.to_pylist()
    except UnicodeDecodeError:
        values = [_value(scalar, name, place, damaged) for place, scalar in enumerate(column)]
    return values


def _value(scalar: Any, name: str, place: int, damaged: dict[int, str]) -> object:
    try:
        value: object = scalar.as_py()
    except UnicodeDecodeError as error:
        byte = f"0x{error.object[error.start]:02X} at offset {error.start}"
        damaged[place] = f"column {name!r} holds a string that is not utf-8 ({byte}); write it anew as utf-8"
        return None
    return value


def _is_plain(kind: Any) -> bool:
    types = require("pyarrow.types", "data")
    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_plain(kind.value_type)
    if types.is_map(kind):
        return _is_plain(kind.key_type) and _is_plain(kind.item_type)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(place).type) for place in range(kind.num_fields))
    plain = (
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_boolean,
        types.is_integer,
        types.is_float32,
        types.is_float64,
        types.is_binary,
        types.is_large_binary,
        types.is_null,
    )
    return any(test(kind) for test in plain)


def typed(schema: Any, kinds: Mapping[str, type]) -> Any:
    """The schema with columns added, each of a kind: str, int or float. What cells tell of them is not waited for.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    pa = require("pyarrow", "data")
    added = [pa.field(name, pa.type_for_alias(_KINDS[kind])) for name, kind in kinds.items()]
    return pa.schema(added) if schema is None else pa.schema([*schema, *added], metadata=schema.metadata)


class Encoder:
    """Write rows in row groups; columns that ``schema`` does not name get a type from the first group's values."""

    def __init__(self, file: BinaryIO, path: Path, columns: Sequence[str], schema: object = None) -> None:
        self._pa, self._pq = require("pyarrow", "data"), require("pyarrow.parquet", "data")
        self.path = path
        self.columns = list(columns)
        self._file = file
        self._source: Any = schema
        self._schema: Any = None
        self._writer: Any = None
        self._held: list[Mapping[str, object]] = []

    def write_rows(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows, a row group whenever enough are there.

        Raises:
            DataError: a column holds values of two kinds, or what parquet has no form for.
        """
        for cells in rows:
            self._held.append(cells)
            if len(self._held) >= _GROUP_ROWS:
                self._flush()

    def finish(self) -> None:
        """Write what is held back, and the footer."""
        if self._held or self._writer is None:
            self._flush()
        self._writer.close()

    def drop(self) -> None:
        """Let go of the file."""
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        arrays = [self._array(column) for column in self.columns]
        try:
            if self._writer is None:
                metadata = None if self._source is None else self._source.metadata
                fields = [self._field(column, array) for column, array in zip(self.columns, arrays, strict=True)]
                self._schema = self._pa.schema(fields, metadata=metadata)
                self._writer = self._pq.ParquetWriter(self._file, self._schema)
            self._writer.write_batch(self._pa.record_batch(arrays, schema=self._schema))
        except (self._pa.ArrowException, UnicodeEncodeError) as error:  # an object without keys, a name cut in half
            raise DataError(f"{self.path} cannot hold these columns ({error}); {_ELSE}") from None
        self._held = []

    def _array(self, column: str) -> Any:
        values = [_storable(cells.get(column)) for cells in self._held]
        kind = None
        if self._schema is not None:
            kind = self._schema.field(column).type
        elif self._source is not None and column in self._source.names:
            kind = self._source.field(column).type
        try:
            array = self._pa.array(values, type=kind)
        except (self._pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
            raise DataError(f"column {column!r} does not fit one parquet type ({error}); {_ELSE}") from None
        return array.cast(self._pa.string()) if kind is None and self._pa.types.is_null(array.type) else array

    def _field(self, column: str, array: Any) -> Any:
        if self._source is not None and column in self._source.names:
            return self._source.field(column)
        return self._pa.field(column, array.type)


def _storable(value: object) -> object:
    if isinstance(value, Opaque):
        return value.scalar
    if isinstance(value, str) and not value.isascii():
        return clean(value)
    return value
