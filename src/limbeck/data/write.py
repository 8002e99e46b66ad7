"""Write rows to a file that appears whole or not at all.

Rows go to a file beside the target, which is renamed into place on closing and removed on any error. Its name is the
process's own, so that of two that write one target the last is there whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from limbeck.cache import drop_leftovers, partial_of
from limbeck.data.formats import format_of
from limbeck.data.rows import Rows
from limbeck.errors import DataError


class Encoder(Protocol):
    """What a format's file offers for writing."""

    def write_rows(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows."""

    def finish(self) -> None:
        """Write what is held back."""

    def drop(self) -> None:
        """Let go of the file, which is about to be removed."""


class RowWriter:
    """Writes rows; a context manager that keeps the file only when its block ends well."""

    def __init__(
        self, path: Path, columns: Sequence[str], schema: object = None, kinds: Mapping[str, type] | None = None
    ) -> None:
        module = format_of(path, to_write=True)
        self.path = path
        self.partial = partial_of(path)
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; name a file to write")
        drop_leftovers(path)
        try:
            self._file = self.partial.open("wb")
        except OSError as error:
            raise DataError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
        self._encoder: Encoder | None = None
        try:
            if kinds and hasattr(module, "typed"):
                schema = module.typed(schema, kinds)
            self._encoder = module.Encoder(self._file, path, columns, schema)
        except BaseException:
            self.abort()
            raise

    def write(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows, each a mapping from column to cell; a missing or None cell is written as the format's blank.

        Raises:
            DataError: a row does not fit the format. The partial file is gone then.
        """
        if self._file.closed or self._encoder is None:
            raise ValueError(f"{self.path} was closed")
        try:
            self._encoder.write_rows(rows)
        except BaseException:
            self.abort()
            raise

    def close(self) -> None:
        """Finish the file and rename it into place; closing twice does nothing."""
        if self._file.closed or self._encoder is None:
            return
        try:
            self._encoder.finish()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.partial.replace(self.path)
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Drop what was written; nothing stands at the target that did not stand there before."""
        try:
            if self._encoder is not None and not self._file.closed:
                self._encoder.drop()
        finally:
            with contextlib.suppress(OSError):  # a full disk, which refuses what the buffer still holds
                self._file.close()
            self.partial.unlink(missing_ok=True)

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif not self._file.closed:
            self.abort()


def open_writer(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    *,
    like: Rows | None = None,
    kinds: Mapping[str, type] | None = None,
) -> RowWriter:
    """Open a file for writing rows, in the format of its suffix: csv, tsv, jsonl or parquet.

    Args:
        path: the target; it appears when the writer is closed.
        columns: the columns in order (json lines: each row has the keys it is given).
        like: where the rows came from; parquet keeps its types for the columns of that name.
        kinds: str, int or float for columns that ``like`` lacks; parquet tells them by the first cells where not given.

    Raises:
        DataError: the suffix is of no format that can be written, or the folder cannot be written to.
        MissingExtra: parquet without pyarrow.
    """
    return RowWriter(Path(path), columns, None if like is None else like.schema, kinds)
