"""The rows of a source as inputs and labels; a row that lacks one of them is left out and named in a notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from limbeck.data.columns import Columns
from limbeck.data.rows import Row, Rows, RowSource, cell_text, n_of, not_texts
from limbeck.data.spelling import spelling
from limbeck.errors import DataError, first_ones
from limbeck.text import Input, is_blank, texts_in


@dataclass
class Collected:
    """What the rows gave, and the lines that were left out."""

    inputs: list[Input] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    unlabelled: list[int] = field(default_factory=list)
    stripped: list[int] = field(default_factory=list)
    """Where white space around a label was taken off."""
    respelt: list[int] = field(default_factory=list)
    """Where more than that was changed, which nobody sees."""
    n_rows: int = 0

    def add_label(self, label: str, line: int) -> None:
        """Keep a label in its one spelling."""
        self.labels.append(spelling(label))
        if self.labels[-1] != label:
            (self.stripped if self.labels[-1] == label.strip() else self.respelt).append(line)


def collect(rows: RowSource, columns: Columns) -> Collected:
    """Read all rows.

    Raises:
        DataError: rows are damaged, or hold lists, objects, infinite numbers or bytes that are no text; all are named.
    """
    out = Collected()
    wanted = (columns.text, columns.text_pair, columns.label)
    problems: list[str] = []
    for row in rows:
        line, cells = row
        out.n_rows += 1
        if found := _cell_problems(row, wanted, rows):
            problems += found
            continue
        item = input_of(cells, columns)
        label = cell_text(cells.get(columns.label)) if columns.label is not None else None
        if columns.label is not None and is_blank(label or ""):
            out.unlabelled.append(line)
        elif all(is_blank(text) for text in texts_in(item)):
            out.blank.append(line)
        else:
            out.inputs.append(item)
            out.lines.append(line)
            if label is not None:
                out.add_label(label, line)
    _refuse(problems)
    return out


def _cell_problems(row: Row, wanted: Iterable[str | None], rows: Rows) -> list[str]:
    return [f"{rows.name}, {rows.unit} {row.line}: {problem}" for problem in not_texts(row.cells, wanted)]


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise DataError(first_ones(problems) + "\n(one text or one label a cell is wanted)")


def input_of(cells: Mapping[str, object], columns: Columns) -> Input:
    """Give the text, or the pair of texts, of one row; a missing text is empty.

    >>> input_of({"text": "null", "label": 1}, Columns("text"))
    'null'
    """
    text = cell_text(cells.get(columns.text)) or ""
    return text if columns.text_pair is None else (text, cell_text(cells.get(columns.text_pair)) or "")


def row_inputs(chunk: Sequence[Row], columns: Columns, rows: Rows) -> list[Input]:
    """Give the texts, or the pairs of texts, of rows that are to be answered.

    Args:
        chunk: some of the rows.
        columns: those of the texts.
        rows: where they come from, for messages.

    Raises:
        DataError: a cell holds a list, or bytes that are no text.
    """
    _refuse([found for row in chunk for found in _cell_problems(row, (columns.text, columns.text_pair), rows)])
    return [input_of(row.cells, columns) for row in chunk]


def left_out(found: Collected, columns: Columns, rows: RowSource) -> Iterable[str]:
    """Tell of the rows that were left out, and of the labels that were respelt, a notice each."""
    if found.unlabelled:
        yield (
            f"{rows.name}: {n_of(found.unlabelled)} without a label in column {columns.label!r} left out "
            f"({rows.where(found.unlabelled)})"
        )
    if found.blank:
        yield f"{rows.name}: {n_of(found.blank)} without a text left out ({rows.where(found.blank)})"
    if found.stripped:
        yield (
            f"{rows.name}: white space around labels in column {columns.label!r} taken off in {n_of(found.stripped)} "
            f"({rows.where(found.stripped)})"
        )
    if found.respelt:
        yield (
            f"{rows.name}: labels in column {columns.label!r} respelt in {n_of(found.respelt)} "
            f"({rows.where(found.respelt)}): an accent is put on its letter, a blank made single, what is unseen "
            "taken off"
        )
