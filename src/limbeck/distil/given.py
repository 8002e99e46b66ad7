"""What a teacher said that is no model here: a file of probabilities, from an LLM, an API, an ensemble, annotators.

A file has a text (or a pair) a row and a column of probabilities a class, called as the class or ``p_<class>`` (what
``limbeck predict`` writes); for numbers it has one column of them. Or it is a table of Scores, which holds no text.
Everything becomes :class:`~limbeck.scores.Scores`, whose logits are log-probabilities.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.verify import sha256
from limbeck.data import Columns, Dataset, Input, RowSource, cell_text, guess_columns, input_of, open_rows
from limbeck.data.columns import find_column
from limbeck.data.dataset import class_order, number
from limbeck.data.rows import PROBLEMS_SHOWN
from limbeck.errors import DataError, nearest, together
from limbeck.scores import SUFFIXES, Scores
from limbeck.text import is_blank

PREFIX = "p_"
"""How ``limbeck predict`` calls the probability of a class, before its name."""
LEAST = 1e-5
"""Floor under a probability: files keep a few digits, and the logarithm of nothing has no value."""
TOLERANCE = 0.02
"""How far from 1 the probabilities of a row may add up: LLMs and rounded files are not exact."""
NUMBER_COLUMNS = ("predicted", "score", "prediction")
"""Columns of a teacher's numbers, in the order of preference."""


@dataclass(frozen=True)
class Given:
    """The content of a file."""

    scores: Scores
    dataset: Dataset | None
    """Its texts, without labels; None for a table that holds none."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for in a file."""

    classes: tuple[str, ...] | None = None
    """In the order of the logits; None takes the file's own."""
    task: str = "classify"
    text_column: str | None = None
    text_pair_column: str | None = None
    encoding: str = "utf-8"
    skip_bad_rows: bool = False


def read(path: Path, wanted: Wanted) -> Given:
    """Read a file of what a teacher said.

    Raises:
        DataError: no such file, columns that are no classes, or rows that hold no probabilities; all are named.
    """
    table = _as_table(path)
    if table is not None:
        return Given(of_classes(table, wanted.classes, name=str(path)), None)
    source = open_rows(path, encoding=wanted.encoding, skip_bad_rows=wanted.skip_bad_rows)
    texts = guess_columns(
        source.columns,
        source.sample(),
        text_column=wanted.text_column,
        text_pair_column=wanted.text_pair_column,
        labelled=False,
        name=source.name,
    )
    free = [name for name in source.columns if name not in (texts.text, texts.text_pair)]
    if wanted.task == "regress":
        columns = {"": _number_column(source.name, free)}
    else:
        columns = _class_columns(source, free, wanted.classes)
    inputs, values, notices = _collect(source, texts, columns, wanted)
    logits = values if wanted.task == "regress" else np.log(np.maximum(values, LEAST))
    data = Dataset(inputs, None, wanted.task, name=source.name, notices=tuple(notices))
    task: dict[str, Any] = {"name": wanted.task}
    if wanted.task != "regress":
        task["classes"] = list(columns)
    return Given(table_of(data.ids, logits, task=task, model=sha256(path)), data)


def table_of(ids: Sequence[bytes], logits: NDArray[Any], *, task: Mapping[str, Any], model: str) -> Scores:
    """Scores of inputs of which nothing else is known."""
    n = len(ids)
    keys = b"".join(ids)
    return Scores(
        ids=np.frombuffer(keys, np.uint8).reshape(n, 16),
        logits=logits.astype(np.float32),
        targets=None,
        read=np.zeros(n, np.int64),
        dropped=np.zeros(n, np.int64),
        answerable=np.ones(n, np.bool_),
        model=model,
        data=hashlib.sha256(keys).hexdigest(),
        task=dict(task),
    )


def of_classes(scores: Scores, classes: Sequence[str] | None, *, name: str) -> Scores:
    """The same with its logits in the order of ``classes``: they are joined by name.

    Raises:
        DataError: the classes are other ones.
    """
    own = [str(label) for label in scores.task.get("classes", [])]
    if classes is None or own == list(classes):
        return scores
    lacking, more = ([label for label in one if label not in other] for one, other in ((classes, own), (own, classes)))
    problems = [f"{name} says nothing of the class {label!r}: it has {nearest(label, own)}" for label in lacking]
    problems += [f"{name} has the class {label!r}, which is none of {nearest(label, classes)}" for label in more]
    if problems:
        raise DataError(together(problems))
    order = [own.index(label) for label in classes]
    kept = {key: getattr(scores, key) for key in ("ids", "targets", "read", "dropped", "answerable", "model", "data")}
    return Scores(logits=scores.logits[:, order], task={**scores.task, "classes": list(classes)}, **kept)


def _as_table(path: Path) -> Scores | None:
    """The file as a table of Scores; None where it is a file of rows."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return None
    if path.suffix.lower() == ".parquet":
        from limbeck.errors import require

        schema = require("pyarrow.parquet", "data").read_schema(path)
        if b"limbeck" not in (schema.metadata or {}):
            return None
    return Scores.open(path)


def _class_columns(source: RowSource, free: Sequence[str], classes: Sequence[str] | None) -> dict[str, str]:
    """The column of each class, in the order of the logits.

    Raises:
        DataError: a class without a column, or no columns of probabilities.
    """
    if classes is None:
        return _guessed(source, free)
    columns: dict[str, str] = {}
    problems = []
    for label in classes:
        found = next((hit for name in (PREFIX + label, label) if (hit := find_column(name, free)) is not None), None)
        if found is None:
            close = nearest(label, [name.removeprefix(PREFIX) for name in free]) if free else "no other column"
            problems.append(f"{source.name} has no column for the class {label!r}; there is {close}")
        else:
            columns[label] = found
    if problems:
        raise DataError(together(problems))
    more = [name for name in free if name.startswith(PREFIX) and name not in columns.values()]
    if more:
        names = ", ".join(repr(name.removeprefix(PREFIX)) for name in more)
        raise DataError(
            f"{source.name} has probabilities of {names} too, which the labels do not have: {list(classes)}"
        )
    return columns


def _guessed(source: RowSource, free: Sequence[str]) -> dict[str, str]:
    """The columns called ``p_<class>``; without such all that hold numbers from 0 to 1."""
    named = [name for name in free if name.startswith(PREFIX)]
    sample = source.sample()
    if not named:
        named = [name for name in free if sample and all(_is_share(cells.get(name)) for cells in sample)]
    if len(named) < 2:
        raise DataError(
            f"{source.name} has no columns of probabilities: give one a class, called as the class or p_<class>, with "
            f"numbers from 0 to 1; it has {', '.join(map(repr, source.columns))}"
        )
    by_class = {name.removeprefix(PREFIX): name for name in named}
    return {label: by_class[label] for label in class_order(by_class)}


def _number_column(name: str, free: Sequence[str]) -> str:
    found = next((hit for wanted in NUMBER_COLUMNS if (hit := find_column(wanted, free)) is not None), None)
    if found is None:
        raise DataError(
            f"{name} has no column of a teacher's numbers: call it {' or '.join(map(repr, NUMBER_COLUMNS))}; "
            f"it has {', '.join(map(repr, free)) or 'no other column'}"
        )
    return found


def _is_share(cell: object) -> bool:
    value = number(cell_text(cell) or "")
    return value is not None and 0 <= value <= 1


def _collect(
    source: RowSource, texts: Columns, columns: Mapping[str, str], wanted: Wanted
) -> tuple[list[Input], NDArray[np.float64], list[str]]:
    """Inputs and rows of values, shape ``(N, C)``; rows that hold none are named, or left out where that is asked."""
    inputs: list[Input] = []
    rows: list[list[float]] = []
    bad: list[tuple[int, str]] = []
    for line, cells in source:
        item = input_of(cells, texts)
        read = [number(cell_text(cells.get(name)) or "") for name in columns.values()]
        values = [value for value in read if value is not None]
        problem = _problem(columns, cells, read, is_number=wanted.task == "regress")
        if all(is_blank(text) for text in ((item,) if isinstance(item, str) else item)):
            problem = "there is no text"
        if problem:
            bad.append((line, problem))
            continue
        total = 1.0 if wanted.task == "regress" else sum(values)
        inputs.append(item)
        rows.append([value / total for value in values])
    named = [f"{source.name}, {source.unit} {line}: {problem}" for line, problem in bad[:PROBLEMS_SHOWN]]
    if len(bad) > len(named):
        named.append(f"and {len(bad) - len(named)} more")
    if bad and (not wanted.skip_bad_rows or not rows):
        raise DataError(together(named) + "\n(--skip-bad-rows leaves such rows out)")
    if not rows:
        raise DataError(f"{source.name} has a header and no rows")
    left_out = f"{source.name}: {len(bad)} rows left out; the first: {bad[0][1]}" if bad else ""
    return inputs, np.asarray(rows, np.float64), [*source.notices, *filter(None, [left_out])]


def _problem(
    columns: Mapping[str, str], cells: Mapping[str, object], read: Sequence[float | None], *, is_number: bool
) -> str:
    """What is wrong with a row's values; nothing where they are fine."""
    for name, value in zip(columns.values(), read, strict=True):
        if value is None:
            return f"column {name!r} holds {cells.get(name)!r}, which is no finite number"
        if not is_number and not 0 <= value <= 1:
            return f"column {name!r} holds {value:g}, which is no probability from 0 to 1"
    total = sum(value for value in read if value is not None)
    if not is_number and abs(total - 1) > TOLERANCE:
        shown = ", ".join(f"{value:g}" for value in read if value is not None)
        return f"the probabilities {shown} add up to {total:.4g}, not to 1"
    return ""
