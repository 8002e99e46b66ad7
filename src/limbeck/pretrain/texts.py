"""The texts of a corpus, streamed: of files in every format that limbeck reads, and of datasets on the hub."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from limbeck.data import Columns, Row, RowSource, guess_columns, input_of, open_rows
from limbeck.data.columns import find_column
from limbeck.data.rows import BadRow, Record, not_texts
from limbeck.errors import DataError, nearest, require, together
from limbeck.pretrain.contents import content_of
from limbeck.pretrain.hub import PREFIX, hub_texts
from limbeck.runtime.progress import guess_rows
from limbeck.text import texts_in


class Source(Protocol):
    """Where texts come from."""

    @property
    def name(self) -> str:
        """In messages."""
        ...

    def content(self) -> str:
        """What changes when the texts do."""
        ...

    def n_rows(self) -> int:
        """A guess of the rows, or 0."""
        ...

    def open_rows(self, *, encoding: str, skip_bad_rows: bool) -> RowSource:
        """The rows."""
        ...


@dataclass(frozen=True)
class FileTexts:
    """A file, or a folder of class folders."""

    path: Path

    @property
    def name(self) -> str:
        """The path as it was given."""
        return str(self.path)

    def content(self) -> str:
        """The sha256 of what it holds, and its suffix, by which it is read.

        Raises:
            DataError: it is not there, or cannot be read.
        """
        if not self.path.exists():
            open_rows(self.path)  # says what is there instead
        try:
            return f"{self.path.suffix.lower()}:{content_of(self.path)}"
        except OSError as error:
            raise DataError(f"cannot read {self.name!r}: {error.strerror or error}") from None

    def n_rows(self) -> int:
        """Of parquet its rows, of a text file a guess by its beginning; 0 for a folder."""
        if self.path.suffix.lower() == ".parquet":
            return int(require("pyarrow.parquet", "data").read_metadata(self.path).num_rows)
        return guess_rows(self.path) or 0

    def open_rows(self, *, encoding: str, skip_bad_rows: bool) -> RowSource:
        """As :func:`limbeck.data.open_rows`."""
        return open_rows(self.path, encoding=encoding, skip_bad_rows=skip_bad_rows)


def source_of(given: str) -> Source:
    """A source by its path, or by its name behind ``hub:``.

    Raises:
        DataError: the name has not the form of one.
    """
    return hub_texts(given) if given.startswith(PREFIX) else FileTexts(Path(given))


def sources_of(given: Sequence[str]) -> list[Source]:
    """Several sources, each once.

    Raises:
        DataError: names have not the form of one; all of them are told.
    """
    found, problems = [], []
    for name in dict.fromkeys(map(str, given)):
        try:
            found.append(source_of(name))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(together(problems))
    return found


class Texts:
    """The texts of one source; both texts of a pair, one after the other. Iterate as often as needed.

    Args:
        rows: the source.
        columns: which of its columns hold texts.
    """

    def __init__(self, rows: RowSource, columns: Columns) -> None:
        self._rows, self._columns = rows, columns
        self._whole = RowSource(
            rows.name, ["text"], self._records, skip_bad_rows=rows.skip_bad_rows, unit=rows.unit
        )  # complains of cells that are no texts as of rows that cannot be read

    @property
    def name(self) -> str:
        """The source in messages."""
        return self._rows.name

    @property
    def notices(self) -> list[str]:
        """How the columns were found among several, and what the last iteration left out."""
        told = self._columns.why if self._rows.columns != ["text"] else ""
        why = [f"{self._rows.name}: {told}"] if told else []
        return [*why, *self._rows.notices, *self._whole.notices]

    def __iter__(self) -> Iterator[str]:
        """Yield the texts; a missing one is empty.

        Raises:
            DataError: rows are damaged, or hold no text, and are not to be left out; each is named with its line.
        """
        for row in self._whole:
            yield str(row.cells["text"])

    def _records(self) -> Iterator[Record]:
        wanted = (self._columns.text, self._columns.text_pair)
        for line, cells in self._rows:
            if problem := next(not_texts(cells, wanted), ""):
                yield BadRow(line, f"{problem}, and one text a cell is wanted")
                continue
            for text in texts_in(input_of(cells, self._columns)):
                yield Row(line, {"text": text})


def open_texts(
    sources: Sequence[Source], *, text_column: str | None, encoding: str, skip_bad_rows: bool
) -> list[Texts]:
    """Open all sources.

    Args:
        sources: where the texts come from.
        text_column: read in the sources that have it; the columns of the others are guessed.
        encoding: of text files.
        skip_bad_rows: leave damaged rows out with a notice.

    Raises:
        DataError: a source cannot be opened, its column cannot be told, or none has the column named; all problems are
            told at once.
    """
    found: list[Texts] = []
    problems, columns = [], dict[str, None]()
    has_column = text_column is None
    for source in sources:
        try:
            rows = source.open_rows(encoding=encoding, skip_bad_rows=skip_bad_rows)
            columns.update(dict.fromkeys(rows.columns))
            named = None if text_column is None else find_column(text_column, rows.columns)
            has_column = has_column or named is not None
            guessed = guess_columns(rows.columns, rows.sample(), text_column=named, labelled=False, name=rows.name)
            found.append(Texts(rows, guessed))
        except DataError as error:
            problems.append(str(error))
    if text_column is not None and not has_column and columns:
        names = ", ".join(source.name for source in sources)
        problems.append(f"no column {text_column!r} in {names}; --text-column takes {nearest(text_column, columns)}")
    if problems:
        raise DataError(together(problems))
    return found
