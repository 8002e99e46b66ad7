"""What a teacher said that is no model here: a file of probabilities, from an LLM, an API, an ensemble, annotators.

A file has a text (or a pair) a row and a column of probabilities a class, called as the class or ``p_<class>`` (what
``limbeck predict`` writes); for numbers it has one column of them. Or it is a table of Scores, which holds no text.
Everything becomes :class:`~limbeck.scores.Scores`, whose logits are log-probabilities.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.verify import sha256
from limbeck.data import Columns, Dataset, Input, RowSource, cell_text, input_of, open_rows
from limbeck.data.dataset import number
from limbeck.data.rows import n_of, not_texts, where
from limbeck.data.spelling import by_spelling, meant
from limbeck.distil.columns import class_columns, number_column, text_columns, whose
from limbeck.distil.figures import TOLERANCE, figures_of, shown_cell
from limbeck.distil.guessed import Found
from limbeck.distil.nested import unfolded
from limbeck.errors import DataError, closest, counted, first_ones, nearest, require, together
from limbeck.scores import SUFFIXES, Scores
from limbeck.tasks.regress import MOST
from limbeck.text import is_blank

_ALIKE, _MOST_COMPARED = 0.8, 100
"""How alike (difflib's ratio) names are that may be one misspelt, and of how many classes that is asked."""
LEAST = 1e-30
"""Stands for a probability of nothing, whose logarithm has no value: of so little no temperature makes a target.

A floor of the digits that files keep would: over 77 classes 1e-5 takes 0.81 of a hard answer at a temperature of 4.
"""


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
    classes_of: str = ""
    """Who else has these classes, for messages."""
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
        table = _whole(table, str(path), skip=wanted.skip_bad_rows)
        return Given(of_classes(table, wanted.classes, name=str(path), classes_of=wanted.classes_of), None)
    is_number = wanted.task == "regress"
    source = open_rows(path, encoding=wanted.encoding, skip_bad_rows=wanted.skip_bad_rows)
    source = source if is_number else unfolded(source, (wanted.text_column, wanted.text_pair_column))
    texts = text_columns(source, wanted.text_column, wanted.text_pair_column)
    named = _numbers(source, texts) if is_number else _classes(source, texts, wanted)
    columns = named.columns
    found = _collect(source, texts, columns, is_number=is_number)
    notices = _notices(found, source, texts, named, wanted)
    values = np.asarray(found.values, np.float64)
    logits = values if is_number else np.log(np.maximum(values, LEAST))
    named_columns = (texts.text, texts.text_pair, None)
    data = Dataset(found.inputs, None, wanted.task, name=source.name, notices=tuple(notices), columns=named_columns)
    if n_doubted := _n_said_differently(data.ids, values):
        stand = "1 text stands" if n_doubted == 1 else f"{n_doubted:,} texts stand"
        told = f"{source.name}: {stand} there with different {_kind(wanted)}: their mean counts"
        data = replace(data, notices=(*data.notices, told))
    task: dict[str, Any] = {"name": wanted.task} if is_number else {"name": wanted.task, "classes": list(columns)}
    return Given(table_of(data.ids, logits, task=task, model=sha256(path)), data)


def _numbers(source: RowSource, texts: Columns) -> Found:
    """The column of a teacher's numbers, as that of the only class."""
    free = [name for name in source.columns if name not in (texts.text, texts.text_pair)]
    column, told = number_column(source.name, free)
    return Found({"": column}, tuple(filter(None, [told])))


def _classes(source: RowSource, texts: Columns, wanted: Wanted) -> Found:
    figures = figures_of(source, (texts.text, texts.text_pair))
    return class_columns(figures, wanted.classes, classes_of=wanted.classes_of)


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


def of_classes(scores: Scores, classes: Sequence[str] | None, *, name: str, classes_of: str = "") -> Scores:
    """The same with its logits in the order of ``classes``: they are joined by name. Numbers stay as they are.

    ``classes_of`` says who else has the classes, for messages.

    Raises:
        DataError: the classes are other ones.
    """
    own = [str(label) for label in scores.task.get("classes", [])]
    if classes is None or not own or own == list(classes):
        return scores
    names = by_spelling(classes)
    theirs = [meant(label, names) or label for label in own]
    own = theirs if len(set(theirs)) == len(own) else own
    lacking, more = ([label for label in one if label not in other] for one, other in ((classes, own), (own, classes)))
    problems = [f"{name} says nothing of the class {label!r}: it has {nearest(label, own)}" for label in lacking]
    problems += [f"{name} has the class {label!r}, which is none of {nearest(label, classes)}" for label in more]
    if problems:
        raise DataError(together(problems) + whose(classes, classes_of))
    order = [own.index(label) for label in classes]
    return replace(scores, logits=scores.logits[:, order], task={**scores.task, "classes": list(classes)})


def _as_table(path: Path) -> Scores | None:
    """The file as a table of Scores; None where it is a file of rows, or no file."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return None
    if path.suffix.lower() == ".parquet":
        try:
            schema = require("pyarrow.parquet", "data").read_schema(path)
        except (OSError, ValueError):  # whoever reads its rows says what is wrong
            return None
        if b"limbeck" not in (schema.metadata or {}):
            return None
    return Scores.open(path)


def _whole(table: Scores, name: str, *, skip: bool) -> Scores:
    """A table that says what its numbers are of, its classes as names; one that was put together by hand may not.

    Raises:
        DataError: its task has no name, other classes than it has logits or one twice, or logits that are no numbers
            (which count as no answer where ``skip``).
    """
    task, n_logits = table.task, table.logits.shape[1]
    classes = task.get("classes") if isinstance(task, dict) else None
    if not isinstance(task, dict) or task.get("name") not in ("classify", "regress"):
        raise DataError(
            f"{name} does not say what its {counted(n_logits, 'number')} a text are: its task is {task!r}; write "
            "Scores with task={'name': 'classify', 'classes': [...]}, or give a file with a column a class"
        )
    n_wanted = 1 if task["name"] == "regress" else len(classes) if isinstance(classes, list) else 0
    if n_wanted != n_logits:
        what = f"classes {classes}" if task["name"] == "classify" else "the task 'regress', of one number"
        raise DataError(f"{name} has {counted(n_logits, 'number')} a text and {what}: one a class is wanted")
    rows = np.flatnonzero(table.answerable & ~table.answered)
    if len(rows) and not skip:
        bad = table.logits[rows[0]]
        raise DataError(
            f"{name}: {counted(len(rows), 'text')} of {len(table):,} {'has' if len(rows) == 1 else 'have'} "
            f"{_called(bad[~np.isfinite(bad)][0])} among {'its' if len(rows) == 1 else 'their'} logits "
            f"({where([int(row) + 1 for row in rows], 'row')}), which is no finite number: score these texts again, "
            "or take --skip-bad-rows, by which they have no answer"
        )
    if not isinstance(classes, list):
        return table
    names = [str(label) for label in classes]
    if twice := sorted({label for label in names if names.count(label) > 1}):
        raise DataError(f"{name} has the class {twice[0]!r} twice among {classes}: name each class once")
    return replace(table, task={**task, "classes": names})


def _called(value: float) -> str:
    return "NaN" if np.isnan(value) else f"{value:g}"


@dataclass
class _Collected:
    """What the rows gave, and which were no good."""

    inputs: list[Input] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)
    """Of each input, adding up to 1 where they are probabilities."""
    bad: list[tuple[int, str]] = field(default_factory=list)
    """Lines, and what is wrong with each."""
    short: list[int] = field(default_factory=list)
    """Lines of those that do not name all classes."""


def _collect(source: RowSource, texts: Columns, columns: Mapping[str, str], *, is_number: bool) -> _Collected:
    out = _Collected()
    names = list(columns.values())
    for line, cells in source:
        read = [number(cell_text(cells.get(name)) or "") for name in names]
        problem = _problem_of_text(cells, texts)
        is_short = not problem and not is_number and _is_short(names, cells, read)
        if is_short:
            read = [0.0 if value is None else value for value in read]
        problem = problem or _problem(names, cells, read, is_number=is_number)
        if problem:
            out.bad.append((line, problem))
            continue
        values = [value for value in read if value is not None]
        total = 1.0 if is_number else sum(values)
        if is_short:
            out.short.append(line)
        out.inputs.append(input_of(cells, texts))
        out.values.append([value / total for value in values])
    return out


def _notices(found: _Collected, source: RowSource, texts: Columns, named: Found, wanted: Wanted) -> list[str]:
    """Which columns were read, and which rows are left out.

    Raises:
        DataError: rows are no good and are not to be left out, or none is left.
    """
    told = first_ones([f"{source.name}, {source.unit} {line}: {problem}" for line, problem in found.bad])
    of = ", ".join(map(repr, named.columns.values()))
    if found.bad and not wanted.skip_bad_rows:
        raise DataError(f"{told}\n(read as what a teacher said: {of}; --skip-bad-rows leaves such rows out)")
    if not found.inputs:
        why = f"no row is left:\n{told}" if found.bad else "it has a header and no rows"
        raise DataError(f"{source.name} says nothing, {why}")
    read = f"{source.name}: {_kind(wanted)} from {of}"
    notices = [f"{source.name}: {texts.why}" if texts.why else "", *named.notices, read, *source.notices]
    if found.short:
        not_all = f"{n_of(found.short)} without a key for each class, which counts as 0 there"
        notices.append(f"{source.name}: {not_all} ({where(found.short, source.unit)})")
        notices += [f"{source.name}: {told}" for told in _told_of_misspelt(found.values, list(named.columns))]
    if found.bad:
        lines = [line for line, _ in found.bad]
        left = f"{n_of(lines)} left out ({where(lines, source.unit)}); the first: {found.bad[0][1]}"
        notices.append(f"{source.name}: {left}")
    return list(filter(None, notices))


def _told_of_misspelt(values: Sequence[Sequence[float]], classes: Sequence[str]) -> Iterator[str]:
    """Classes that are likely one, spelt in two ways: nearly alike, and never in one row."""
    if not 2 < len(classes) <= _MOST_COMPARED:
        return
    has = np.asarray(values) > 0
    n_rows = has.sum(axis=0)
    for n, label in enumerate(classes):
        for close in closest(label, classes[n + 1 :], cutoff=_ALIKE):
            other = classes.index(close)
            if n_rows[n] and n_rows[other] and not (has[:, n] & has[:, other]).any():
                rarer, more = sorted((n, other), key=lambda one: n_rows[one])
                yield (
                    f"{classes[rarer]!r} ({counted(int(n_rows[rarer]), 'row')}) and {classes[more]!r} never stand in "
                    "one row: if the first is misspelt, mend it in the file, or it is a class of its own"
                )


def _kind(wanted: Wanted) -> str:
    return "numbers" if wanted.task == "regress" else "probabilities"


def _n_said_differently(ids: Sequence[bytes], values: NDArray[np.float64]) -> int:
    """How many inputs stand in several rows with values that differ."""
    first: dict[bytes, NDArray[np.float64]] = {}
    differ = set()
    for key, value in zip(ids, values, strict=True):
        before = first.setdefault(key, value)
        if before is not value and not np.allclose(before, value):  # most stand once, and comparing takes its time
            differ.add(key)
    return len(differ)


def _problem_of_text(cells: Mapping[str, object], texts: Columns) -> str:
    """What is wrong with a row's text; nothing where it is fine."""
    names = [name for name in (texts.text, texts.text_pair) if name is not None]
    if problem := next(not_texts(cells, names), ""):
        return f"{problem}; one text a cell is wanted"
    return "there is no text" if all(is_blank(cell_text(cells.get(name)) or "") for name in names) else ""


def _is_short(names: Sequence[str], cells: Mapping[str, object], read: Sequence[float | None]) -> bool:
    """Whether a row lacks keys of classes, as json lines may, and the others add up to 1 without them."""
    held = [value for value in read if value is not None]
    absent = [name for name in names if name not in cells]
    is_all = len(held) + len(absent) == len(names)
    return bool(absent and held) and is_all and min(held) >= 0 and abs(sum(held) - 1) <= TOLERANCE


def _problem(
    names: Sequence[str], cells: Mapping[str, object], read: Sequence[float | None], *, is_number: bool
) -> str:
    """What is wrong with a row's values; nothing where they are fine."""
    if all(is_blank(cell_text(cells.get(name)) or "") for name in names):
        return f"no answer: {', '.join(map(repr, names))} {'is' if len(names) == 1 else 'are'} empty"
    for name, value in zip(names, read, strict=True):
        if value is None and name not in cells:
            return f"column {name!r} is missing there, and the others do not add up to 1 without it"
        if value is None:
            return f"column {name!r} holds {shown_cell(cells.get(name))}, which is no finite number"
    values = [value for value in read if value is not None]
    if is_number:
        return (
            f"the number {values[0]:g} is beyond {MOST:g}; give all in a larger unit" if abs(values[0]) > MOST else ""
        )
    total = sum(values)
    hint = _hint(values)
    for name, value in zip(names, values, strict=True):
        if not 0 <= value <= 1:
            return f"column {name!r} holds {value:g}, which is no probability from 0 to 1{hint}"
    if abs(total - 1) > TOLERANCE:
        shown = ", ".join(f"{value:g}" for value in values)
        return f"the probabilities {shown} add up to {total:.4g}, not to 1{hint}"
    return ""


def _hint(values: Sequence[float]) -> str:
    """What to do about numbers that are no probabilities, where a row tells."""
    if min(values) < 0:
        return ""
    if abs(sum(values) - 100) <= 100 * TOLERANCE:
        return "; divide percentages by 100"
    if sum(values) > 1 and all(value % 1 == 0 for value in values):
        return "; divide counts by their sum"
    return "; divide shares of one answer by their sum" if sum(values) > 0 and max(values) <= 1 else ""
