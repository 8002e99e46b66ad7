"""Answer the rows of a file of any size, or the lines of a pipe, a chunk at a time; source columns come back as is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.data import Row, Rows, open_rows, open_writer, row_inputs
from limbeck.errors import DataError, SettingsError
from limbeck.runtime.answer import Answer
from limbeck.runtime.by_sentence import by_sentence
from limbeck.runtime.columns import find_columns
from limbeck.runtime.predictor import Predictor

CHUNK_ROWS = 1024
"""Rows read, sorted by length and answered at once; memory grows with it, and more sorts no better."""
SENTENCE_N, SENTENCE = "sentence_n", "sentence"
Answered = list[tuple[Row, Answer]]


@dataclass
class Counts:
    """What became of a file's rows so far; with ``sentences``, of its sentences."""

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
        source: csv, tsv, json lines, parquet, plain text with a text a line; or rows already opened, or a pipe's lines.
        text_column: guessed when None, after the name that the model was trained with.
        text_pair_column: the second text, for a model of pairs.
        windows: read the whole of long texts; None does as the model's folder says.
        sentences: give a row for each sentence of a text, the source's columns repeated, with ``sentence_n`` (from 1)
            and ``sentence``; a blank text keeps one row.
        batch_size: rows a chunk.
        encoding: of a text file.
        skip_bad_rows: leave damaged rows out instead of failing.
        prefix: put before the name of each added column.
        added: the columns that the caller adds, where they are others than the answer's; a file may have none of them.

    Raises:
        DataError: the file cannot be read, its text column cannot be told, or it has a column named as one of ours.
        SettingsError: ``batch_size`` below 1, or windows or sentences of pairs.
    """

    def __init__(
        self,
        predictor: Predictor,
        source: Path | str | Rows,
        *,
        text_column: str | None = None,
        text_pair_column: str | None = None,
        windows: bool | None = None,
        sentences: bool = False,
        batch_size: int = CHUNK_ROWS,
        encoding: str = "utf-8",
        skip_bad_rows: bool = False,
        prefix: str = "",
        added: Mapping[str, type] | None = None,
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"--batch-size {batch_size} holds no row; give 1 or more")
        self.predictor = predictor
        if isinstance(source, str | Path):
            source = open_rows(source, encoding=encoding, skip_bad_rows=skip_bad_rows)
        self.source: Rows = source
        self.inputs = find_columns(
            self.source, predictor.manifest, text_column=text_column, text_pair_column=text_pair_column
        )
        self.windows = windows
        self.batch_size = batch_size
        self.prefix = prefix
        if added is None:
            added = predictor.blank_answer.kinds(str if predictor.classes else float, prefix)
        of_sentences: dict[str, type] = {prefix + SENTENCE_N: int, prefix + SENTENCE: str}
        self.added = of_sentences | dict(added) if sentences else dict(added)
        self._answer = self._by_sentence if sentences else self._whole
        self.counts = Counts()
        self._check_clash(self.source.columns)

    @property
    def columns(self) -> list[str]:
        """The source's columns, the sentence's where asked, ``predicted``, the task's, ``tokens_read`` and the rest."""
        return [*self.source.columns, *self.added]

    @property
    def notices(self) -> list[str]:
        """What was decided about the file, and what was left out of it by the iteration that ended."""
        return [*self.source.notices, *([f"{self.source.name}: {self.inputs.why}"] if self.inputs.why else [])]

    def __iter__(self) -> Iterator[list[dict[str, object]]]:
        for chunk in self.answered():
            yield [{**row.cells, **answer.to_row(self.prefix)} for row, answer in chunk]

    def answered(self) -> Iterator[Answered]:
        """The same as rows and answers apart; a sentence's cells are those of its row and its own two."""
        self.counts = Counts()
        with contextlib.closing(self.source.chunks(self.batch_size)) as chunks:
            for chunk in chunks:
                for row in chunk:
                    if not row.cells.keys().isdisjoint(self.added):
                        self._check_clash(list(row.cells))
                found = self._answer(chunk)
                self.counts.rows += len(found)
                self.counts.blank += sum(answer.predicted is None for _, answer in found)
                self.counts.cut += sum(answer.tokens_dropped > 0 for _, answer in found)
                yield found

    def _whole(self, chunk: list[Row]) -> Answered:
        texts = row_inputs(chunk, self.inputs, self.source)
        return list(zip(chunk, self.predictor.predict(texts, windows=self.windows), strict=True))

    def _by_sentence(self, chunk: list[Row]) -> Answered:
        texts = [str(text) for text in row_inputs(chunk, self.inputs, self.source)]
        groups = by_sentence(self.predictor, texts, windows=self.windows)
        return [
            (self._of_sentence(row, n, sentence), answer)
            for row, group in zip(chunk, groups, strict=True)
            for n, (sentence, answer) in enumerate(group or [("", self.predictor.blank_answer)], start=1)
        ]

    def _of_sentence(self, row: Row, n: int, sentence: str) -> Row:
        return Row(row.line, {**row.cells, self.prefix + SENTENCE_N: n, self.prefix + SENTENCE: sentence})

    def _check_clash(self, columns: list[str]) -> None:
        clash = [name for name in columns if name in self.added]
        if clash:
            raise DataError(
                f"{self.source.name} has the column {', '.join(map(repr, clash))}, which is the name of one that "
                "is added; source columns are never changed: put a prefix before ours with --prefix limbeck_"
            )


def predict_file(
    predictor: Predictor,
    source: Path | str | Rows,
    out: Path | str,
    *,
    on_rows: Callable[[int], object] | None = None,
    notify: Callable[[str], object] | None = None,
    **options: Any,
) -> Counts:
    """Write the rows of ``source`` with their answers to ``out``, in the format of its suffix.

    ``options`` are those of :class:`FileAnswers`. ``on_rows`` is told of each chunk's number of rows once it is
    written, ``notify`` of what was decided about the file. ``out`` appears when all rows are written, or not at all.

    Raises:
        DataError: as :class:`FileAnswers` does, or ``out`` cannot be written or is the source itself.
    """
    answers = FileAnswers(predictor, source, **options)
    if isinstance(source, str | Path) and Path(out).exists() and Path(out).samefile(source):
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
