"""Data in memory: frames by the arrow protocol, dicts of columns, lists of rows, a pair of texts and labels.

No frame library is imported: whatever has ``__arrow_c_stream__`` (pandas, polars, pyarrow, duckdb) is read by pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from limbeck.data.formats.parquet import batch_rows, refuse_twins
from limbeck.data.rows import BadRow, Record, Row, RowSource
from limbeck.errors import DataError, require


def is_frame(source: object) -> bool:
    """Tell whether a source speaks the arrow protocol."""
    return hasattr(source, "__arrow_c_stream__")


def open_frame(source: Any, name: str = "the frame") -> RowSource:
    """Open a frame; one whose columns arrow has no type for (pandas' mixed ones, periods, intervals) by its own values.

    Raises:
        DataError: it has two columns of one name, or none.
        MissingExtra: pyarrow is not installed.
    """
    pa = require("pyarrow", "data")
    is_arrow = isinstance(source, pa.Table | pa.RecordBatch)  # whose ``columns`` are the cells
    own = [] if is_arrow else list(getattr(source, "columns", ()))
    refuse_twins([str(column) for column in own], name)
    try:
        table = pa.RecordBatchReader.from_stream(source).read_all()
        by_value = bool(own) and any(_is_extension(field.type, pa) for field in table.schema)
    except (pa.ArrowException, TypeError, ValueError) as error:
        by_value = bool(own)
        if not by_value:
            raise DataError(
                f"cannot read a {type(source).__name__} as rows ({error}); give a frame with a column of texts and one "
                "of labels, or (texts, labels)"
            ) from None
    if by_value:
        return open_columns({str(column): list(source[column]) for column in own}, name)
    names = [str(column) for column in table.schema.names]
    refuse_twins(names, name)
    return RowSource(name, names, lambda: batch_rows(table.to_batches()), unit="row", schema=table.schema)


def _is_extension(kind: Any, pa: Any) -> bool:
    """Tell a type of another library, whose cells arrow has as numbers that stand for them."""
    return isinstance(kind.value_type if pa.types.is_dictionary(kind) else kind, pa.BaseExtensionType)


def open_columns(source: Mapping[str, Iterable[object]], name: str = "the columns") -> RowSource:
    """Open a dict of columns.

    Raises:
        DataError: the columns differ in length, or one is a string or a set.
    """
    single = [key for key, values in source.items() if isinstance(values, str | bytes) or not _is_listlike(values)]
    if single:
        kind = "a set, which has no order" if isinstance(source[single[0]], set | frozenset) else "one value"
        raise DataError(f"{name}: {single[0]!r} holds {kind}; give a list of values for each column")
    columns = {str(key): list(values) for key, values in source.items()}
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{name} differ in length: " + ", ".join(f"{key!r} {size}" for key, size in lengths.items()))

    def rows() -> Iterator[Record]:
        for place, values in enumerate(zip(*columns.values(), strict=True), start=1):
            yield Row(place, dict(zip(columns, values, strict=True)))

    return RowSource(name, list(columns), rows, unit="row")


def open_items(source: Sequence[object], skip_bad_rows: bool = False, name: str = "the list") -> RowSource:
    """Open a list of dicts, texts, ``(text, label)``, ``(text, text, label)`` or ``((text, text), label)``.

    The columns of all but dicts are called ``text``, ``text_pair`` and ``label``.

    Raises:
        DataError: the list is empty.
    """
    if not len(source):
        raise DataError(f"{name} is empty")
    records = [_item(place, item) for place, item in enumerate(source, start=1)]
    columns = dict.fromkeys(key for record in records if isinstance(record, Row) for key in record.cells)
    return RowSource(name, list(columns), lambda: iter(records), unit="row", skip_bad_rows=skip_bad_rows)


def open_texts_and_labels(source: tuple[Any, Any]) -> RowSource:
    """Open ``(texts, labels)``; a text may be a pair.

    Raises:
        DataError: the two differ in length.
    """
    texts, labels = list(source[0]), list(source[1])
    if len(texts) != len(labels):
        raise DataError(f"texts and labels differ in length: {len(texts)} and {len(labels)}")
    return open_items(list(zip(texts, labels, strict=True)), name="(texts, labels)")


def is_texts_and_labels(source: object) -> bool:
    """Tell ``(texts, labels)`` from a single row ``(text, label)``.

    >>> is_texts_and_labels((["good"], ["yes"])), is_texts_and_labels(("good", "yes"))
    (True, False)
    """
    return isinstance(source, tuple) and len(source) == 2 and all(_is_listlike(part) for part in source)


def _is_listlike(value: object) -> bool:
    return (
        not isinstance(value, str | bytes | Mapping | set | frozenset)
        and hasattr(value, "__len__")
        and hasattr(value, "__iter__")
    )


def _item(place: int, item: object) -> Row | BadRow:
    if isinstance(item, Mapping):
        return Row(place, {str(key): value for key, value in item.items()})
    if isinstance(item, str):
        return Row(place, {"text": item})
    parts = list(item) if isinstance(item, tuple | list) else []
    if len(parts) == 2 and isinstance(parts[0], tuple | list) and len(parts[0]) == 2:
        parts = [*parts[0], parts[1]]
    if len(parts) == 2:
        return Row(place, {"text": parts[0], "label": parts[1]})
    if len(parts) == 3:
        return Row(place, {"text": parts[0], "text_pair": parts[1], "label": parts[2]})
    kind = f"a {type(item).__name__}" + (f" of {len(parts)}" if parts else "")
    return BadRow(place, f"{kind}; give (text, label), (text, text, label) or a dict of columns")
