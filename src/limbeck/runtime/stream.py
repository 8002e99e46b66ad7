"""Answer the rows of a file of any size, a chunk at a time; every source column comes back as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from limbeck.data import RowSource, input_of, open_rows, open_writer
from limbeck.data.rows import Row
from limbeck.errors import DataError, SettingsError
from limbeck.runtime.answer import Answer
from limbeck.runtime.columns import find_columns
from limbeck.runtime.predictor import Predictor

CHUNK_ROWS = 1024
"""Rows read, sorted by length and answered at once; memory grows with it, and more sorts no better."""


@dataclass
class Counts:
    """What became of a file's rows so far."""

    rows: int = 0
    blank: int = 0
    """Rows without an answer: no text, or none that the model can read."""
    cut: int = 0
    """Rows of which the model did not read all tokens."""

    @property
    def answered(self) -> int:
        """Rows with an answer."""
        return self.rows - self.blank


class FileAnswers:
    """The rows of a file with their answers; iterate for chunks of rows, each a mapping from column to cell.

    Args:
        predictor: answers.
        source: csv, tsv, json lines, parquet, or plain text with a text a line.
        text_column: guessed when None, after the name that the model was trained with.
        text_pair_column: the second text, for a model of pairs.
        windows: read the whole of long texts.
        batch_size: rows a chunk.
        encoding: of a text file.
        skip_bad_rows: leave damaged rows out instead of failing.
        prefix: put before the name of each added column.

    Raises:
        DataError: the file cannot be read, its text column cannot be told, or it has a column named as one of ours.
        SettingsError: ``batch_size`` below 1, or windows of pairs.
    """

    def __init__(
        self,
        predictor: Predictor,
        source: Path | str,
        *,
        text_column: str | None = None,
        text_pair_column: str | None = None,
        windows: bool = False,
        batch_size: int = CHUNK_ROWS,
        encoding: str = "utf-8",
        skip_bad_rows: bool = False,
        prefix: str = "",
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"--batch-size {batch_size} holds no row; give 1 or more")
        self.predictor = predictor
        self.source: RowSource = open_rows(source, encoding=encoding, skip_bad_rows=skip_bad_rows)
        self.inputs = find_columns(
            self.source, predictor.manifest, text_column=text_column, text_pair_column=text_pair_column
        )
        self.windows = windows
        self.batch_size = batch_size
        self.prefix = prefix
        self.added = predictor.blank_answer.kinds(str if predictor.classes else float, prefix)
        self.counts = Counts()
        self._check_clash(self.source.columns)

    @property
    def columns(self) -> list[str]:
        """The source's columns, then ``predicted``, the task's, ``tokens_read``, ``tokens_dropped``, ``reason``."""
        return [*self.source.columns, *self.added]

    @property
    def notices(self) -> list[str]:
        """What was decided about the file, and what was left out of it by the iteration that ended."""
        return [*self.source.notices, *([f"{self.source.name}: {self.inputs.why}"] if self.inputs.why else [])]

    def __iter__(self) -> Iterator[list[dict[str, object]]]:
        self.counts = Counts()
        with contextlib.closing(self._chunks()) as chunks:
            for chunk in chunks:
                texts = [input_of(row.cells, self.inputs) for row in chunk]
                yield [
                    self._joined(row, answer)
                    for row, answer in zip(chunk, self.predictor.predict(texts, windows=self.windows), strict=True)
                ]

    def _chunks(self) -> Generator[list[Row]]:
        chunk: list[Row] = []
        for row in self.source:
            chunk.append(row)
            if len(chunk) == self.batch_size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _joined(self, row: Row, answer: Answer) -> dict[str, object]:
        self.counts.rows += 1
        self.counts.blank += answer.predicted is None
        self.counts.cut += answer.tokens_dropped > 0
        if not row.cells.keys().isdisjoint(self.added):
            self._check_clash(list(row.cells))
        return {**row.cells, **answer.to_row(self.prefix)}

    def _check_clash(self, columns: list[str]) -> None:
        clash = [name for name in columns if name in self.added]
        if clash:
            raise DataError(
                f"{self.source.name} has the column {', '.join(map(repr, clash))}, which is the name of an answer's "
                "column; source columns are never changed: put a prefix before ours with --prefix limbeck_"
            )


def predict_file(
    predictor: Predictor,
    source: Path | str,
    out: Path | str,
    *,
    text_column: str | None = None,
    text_pair_column: str | None = None,
    windows: bool = False,
    batch_size: int = CHUNK_ROWS,
    encoding: str = "utf-8",
    skip_bad_rows: bool = False,
    prefix: str = "",
    on_rows: Callable[[int], object] | None = None,
    notify: Callable[[str], object] | None = None,
) -> Counts:
    """Write the rows of ``source`` with their answers to ``out``, in the format of its suffix.

    Takes what :class:`FileAnswers` takes. ``on_rows`` is told of each chunk's number of rows once it is written,
    ``notify`` of what was decided about the file. ``out`` appears when all rows are written, or not at all.

    Raises:
        DataError: as :class:`FileAnswers` does, or ``out`` cannot be written or is the source itself.
    """
    answers = FileAnswers(
        predictor,
        source,
        text_column=text_column,
        text_pair_column=text_pair_column,
        windows=windows,
        batch_size=batch_size,
        encoding=encoding,
        skip_bad_rows=skip_bad_rows,
        prefix=prefix,
    )
    if Path(out).exists() and Path(out).samefile(source):
        raise DataError(f"--out {str(out)!r} is the file that is read; name another")
    with open_writer(out, answers.columns, like=answers.source, kinds=answers.added) as writer:
        for chunk in answers:
            writer.write(chunk)
            if on_rows:
                on_rows(len(chunk))
    if notify:
        for notice in answers.notices:
            notify(notice)
    return answers.counts
