"""The rows of a source as inputs and labels; a row that lacks one of them is left out and named in a notice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from limbeck.data.columns import Columns
from limbeck.data.rows import PROBLEMS_SHOWN, RowSource, cell_text, n_of, where
from limbeck.data.spelling import spelling
from limbeck.errors import DataError, together
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
        DataError: rows are damaged, or hold lists, objects or infinite numbers; all are named.
    """
    out = Collected()
    wanted = [column for column in (columns.text, columns.text_pair, columns.label) if column is not None]
    problems: list[str] = []
    for line, cells in rows:
        out.n_rows += 1
        nested = next((column for column in wanted if _is_no_cell(cells.get(column))), None)
        if nested is not None:
            problems.append(f"{rows.name}, {rows.unit} {line}: column {nested!r} holds {_shown(cells[nested])}")
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
    if problems:
        raise DataError(first_ones(problems) + "\n(one text or one label a cell is wanted)")
    return out


def input_of(cells: Mapping[str, object], columns: Columns) -> Input:
    """Give the text, or the pair of texts, of one row; a missing text is empty.

    >>> input_of({"text": "null", "label": 1}, Columns("text"))
    'null'
    """
    text = cell_text(cells.get(columns.text)) or ""
    return text if columns.text_pair is None else (text, cell_text(cells.get(columns.text_pair)) or "")


def left_out(found: Collected, columns: Columns, rows: RowSource) -> Iterable[str]:
    """Tell of the rows that were left out, and of the labels that were respelt, a notice each."""
    if found.unlabelled:
        yield (
            f"{rows.name}: {n_of(found.unlabelled)} without a label in column {columns.label!r} left out "
            f"({where(found.unlabelled, rows.unit)})"
        )
    if found.blank:
        yield f"{rows.name}: {n_of(found.blank)} without a text left out ({where(found.blank, rows.unit)})"
    if found.stripped:
        yield (
            f"{rows.name}: white space around labels in column {columns.label!r} taken off in {n_of(found.stripped)} "
            f"({where(found.stripped, rows.unit)})"
        )
    if found.respelt:
        yield (
            f"{rows.name}: labels in column {columns.label!r} respelt in {n_of(found.respelt)} "
            f"({where(found.respelt, rows.unit)}): an accent is put on its letter, a blank made single, what is unseen "
            "taken off"
        )


def first_ones(problems: Sequence[str]) -> str:
    """One message out of the first problems, with the number of those that it leaves out."""
    more = [f"and {len(problems) - PROBLEMS_SHOWN} more"] if len(problems) > PROBLEMS_SHOWN else []
    return together([*problems[:PROBLEMS_SHOWN], *more])


def _is_no_cell(value: object) -> bool:
    """Whether a value is none that a text or a label can be: several in one, or what a number was too large for."""
    return isinstance(value, list | dict) or (isinstance(value, float) and math.isinf(value))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
