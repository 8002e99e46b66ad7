"""Any source becomes a Dataset, by one reader for training, evaluation and prediction.

A source is opened as rows, its columns are found, and the rows are collected; a row without a text or a label is left
out and named in a notice. Names of classes are the labels without surrounding white space.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from limbeck.data.columns import Columns, guess_columns
from limbeck.data.dataset import Dataset, class_order, number, numbers
from limbeck.data.formats import by_suffix, class_folders, format_of, frame
from limbeck.data.known import of_classes
from limbeck.data.rows import PROBLEMS_SHOWN, RowSource, cell_text, n_of, where
from limbeck.errors import DataError, SettingsError, nearest, together
from limbeck.table import Table
from limbeck.text import Input, is_blank, texts_in

MANY_CLASSES = 20
"""More classes than this, with fewer than two rows each, earn a notice: a column of texts or ids was probably named."""
REGRESS_DISTINCT = 20
"""More distinct numbers than this, some with a fractional part, are taken for a quantity and not for classes."""
_SPLIT_NAMES = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
}


def open_rows(path: str | os.PathLike[str], *, encoding: str = "utf-8", skip_bad_rows: bool = False) -> RowSource:
    """Open a file (csv, tsv, jsonl, parquet, txt) or a folder of class folders as a stream of rows.

    Raises:
        DataError: no such file, a suffix that no format reads, an empty file, or a header that cannot be used.
    """
    target = Path(path)
    if target.is_dir():
        splits = _split_sources(target)
        if splits and ("train" in splits or not class_folders.class_folders(target)):
            inside = ", ".join(repr(source.name) for source in splits.values())
            raise DataError(f"{str(target)!r} holds several splits ({inside}); name one of them")
        return class_folders.open_rows(target, encoding, skip_bad_rows)
    if not target.exists():
        raise DataError(f"no file {str(target)!r}{_siblings(target)}")
    source: RowSource = format_of(target).open_rows(target, encoding, skip_bad_rows)
    return source


def read(
    source: object,
    *,
    text_column: str | None = None,
    text_pair_column: str | None = None,
    label_column: str | None = None,
    task: str | None = None,
    encoding: str = "utf-8",
    skip_bad_rows: bool = False,
    labelled: bool = True,
    one_class_ok: bool = False,
) -> Dataset:
    """Read a source whole.

    Args:
        source: a path; ``(texts, labels)``; a list of texts, tuples or dicts; a dict of columns; or a frame with
            ``__arrow_c_stream__``.
        text_column: and the other two: guessed when None.
        text_pair_column: the second text of a pair.
        label_column: the class name, or the number to regress.
        task: ``classify`` or ``regress``; guessed when None.
        encoding: of a text file.
        skip_bad_rows: leave damaged rows out with a notice.
        labelled: False seeks no label unless ``label_column`` names one; the targets are None then.
        one_class_ok: False refuses labels that are all the same, from which nothing can be learnt.

    Raises:
        DataError: the source cannot be read, its columns cannot be told, or no row is left.
        SettingsError: ``task`` is neither.
    """
    tasks = Table("limbeck.tasks", noun="task", flag="--task")
    if task is not None and task not in tasks:
        raise SettingsError(f"no task is called {task!r}; --task takes {nearest(task, tasks.names())}")
    rows = _open(source, encoding, skip_bad_rows)
    columns = guess_columns(
        rows.columns,
        rows.sample(),
        text_column=text_column,
        text_pair_column=text_pair_column,
        label_column=label_column,
        labelled=labelled,
        name=rows.name,
    )
    dataset = _targets(_collect(rows, columns), columns, rows, task)
    if len(dataset.classes) == 1 and not one_class_ok:
        raise DataError(
            f"{rows.name}: column {columns.label!r} holds one class only, class {dataset.classes[0]!r}, "
            f"{len(dataset)} rows; a classifier needs two (--label-column names another column)"
        )
    return dataset


def read_splits(source: object, **options: Any) -> dict[str, Dataset]:
    """Read ``train``, ``valid`` and ``test`` out of a folder that holds them as folders or files; else ``train`` alone.

    ``options`` are those of :func:`read`. ``validation``, ``val`` and ``dev`` are called ``valid``. The classes of the
    training part are those of all.

    Raises:
        DataError: as :func:`read`; or another part has a class that the training part lacks.
    """
    found = split_sources(source)
    if not found:
        return {"train": read(source, **options)}
    if "train" not in found:
        return {name: read(path, **{**options, "one_class_ok": True}) for name, path in found.items()}
    train = read(found["train"], **options)
    others = {**options, **train.column_names, "task": train.task, "one_class_ok": True}
    rest = {name: read(path, **others) for name, path in found.items() if name != "train"}
    skip = bool(options.get("skip_bad_rows"))
    return {"train": train, **{name: of_classes(part, train.classes, skip=skip) for name, part in rest.items()}}


def split_sources(source: object) -> dict[str, Path]:
    """The parts of a dataset that a folder holds, in the order train, valid, test; none for any other source.

    A folder whose only part is called like a class (``test``) beside other class folders is no folder of parts.
    """
    if not isinstance(source, str | os.PathLike) or not Path(source).is_dir():
        return {}
    found = _split_sources(Path(source))
    return {} if "train" not in found and class_folders.class_folders(Path(source)) else found


def _split_sources(folder: Path) -> dict[str, Path]:
    """Find the parts of a dataset in a folder, in the order train, valid, test."""
    found: dict[str, Path] = {}
    files = [entry for entry in sorted(folder.iterdir()) if entry.is_file() and entry.suffix.lower() in by_suffix()]
    for entry in [*class_folders.visible_folders(folder), *files]:
        part = _SPLIT_NAMES.get((entry.name if entry.is_dir() else entry.stem).lower())
        if part is None or (entry.is_dir() and not class_folders.class_folders(entry)):
            continue
        if part in found:
            raise DataError(f"{str(folder)!r} holds two parts for {part!r}: {found[part].name!r} and {entry.name!r}")
        found[part] = entry
    return {part: found[part] for part in ("train", "valid", "test") if part in found}


def _open(source: object, encoding: str, skip_bad_rows: bool) -> RowSource:
    if isinstance(source, RowSource):
        return source
    if isinstance(source, str | os.PathLike):
        return open_rows(source, encoding=encoding, skip_bad_rows=skip_bad_rows)
    if frame.is_frame(source):
        return frame.open_frame(source)
    if isinstance(source, Mapping):
        return frame.open_columns(source)
    if frame.is_texts_and_labels(source):
        return frame.open_texts_and_labels(source)  # type: ignore[arg-type]
    if isinstance(source, Sequence):
        return frame.open_items(source, skip_bad_rows)
    raise DataError(
        f"cannot read a {type(source).__name__}: give a path, (texts, labels), a list of rows, a dict of columns or a "
        "frame with __arrow_c_stream__"
    )


def _siblings(path: Path) -> str:
    names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
    close = [name for name in names if Path(name).suffix.lower() in by_suffix()]
    return f"; the folder holds {nearest(path.name, close[:PROBLEMS_SHOWN])}" if close else ""


@dataclass
class _Collected:
    """What the rows gave, and the lines that were left out."""

    inputs: list[Input] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    unlabelled: list[int] = field(default_factory=list)
    respelt: list[int] = field(default_factory=list)
    n_rows: int = 0


def _collect(rows: RowSource, columns: Columns) -> _Collected:
    out = _Collected()
    wanted = [column for column in (columns.text, columns.text_pair, columns.label) if column is not None]
    problems: list[str] = []
    for line, cells in rows:
        out.n_rows += 1
        nested = next((column for column in wanted if isinstance(cells.get(column), list | dict)), None)
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
                out.labels.append(label.strip())
                if len(out.labels[-1]) != len(label):
                    out.respelt.append(line)
    if problems:
        raise DataError(_first_ones(problems) + "\n(one text or one label a cell is wanted)")
    return out


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _first_ones(problems: Sequence[str]) -> str:
    more = [f"and {len(problems) - PROBLEMS_SHOWN} more"] if len(problems) > PROBLEMS_SHOWN else []
    return together([*problems[:PROBLEMS_SHOWN], *more])


def input_of(cells: Mapping[str, object], columns: Columns) -> Input:
    """Give the text, or the pair of texts, of one row; a missing text is empty.

    >>> input_of({"text": "null", "label": 1}, Columns("text"))
    'null'
    """
    text = cell_text(cells.get(columns.text)) or ""
    return text if columns.text_pair is None else (text, cell_text(cells.get(columns.text_pair)) or "")


def _targets(found: _Collected, columns: Columns, rows: RowSource, task: str | None) -> Dataset:
    notices = [*rows.notices, *_left_out(found, columns, rows)]
    if columns.why:
        notices.insert(0, f"{rows.name}: {columns.why}")
    if not found.inputs:
        none = f"{rows.name} has a header and no rows" if not found.n_rows else f"{rows.name}: no row has all it needs"
        raise DataError("; ".join([none, *notices]) if found.n_rows else none)
    data = Dataset(
        found.inputs,
        None,
        task or "classify",
        name=rows.name,
        notices=tuple(notices),
        rows=tuple(found.lines),
        unit=rows.unit,
        columns=(columns.text, columns.text_pair, columns.label),
    )
    if columns.label is None:
        return data
    if task is None and _is_quantity(found.labels):
        task = "regress"
        n_distinct = len(set(found.labels))
        notice = f"{rows.name}: column {columns.label!r} holds {n_distinct} distinct numbers with fractional parts: "
        data = replace(data, notices=(*data.notices, notice + "read as a regression (--task classify makes classes)"))
    if task == "regress":
        return replace(data, task=task, targets=_quantities(found, columns, rows))
    classes = class_order(found.labels)
    if len(classes) > max(MANY_CLASSES, len(data) // 2):
        notice = (
            f"{rows.name}: column {columns.label!r} holds {len(classes)} classes in {len(data)} rows; is it the label?"
        )
        data = replace(data, notices=(*data.notices, notice))
    return replace(data, targets=found.labels, classes=classes)


def _left_out(found: _Collected, columns: Columns, rows: RowSource) -> Iterable[str]:
    if found.unlabelled:
        yield (
            f"{rows.name}: {n_of(found.unlabelled)} without a label in column {columns.label!r} left out "
            f"({where(found.unlabelled, rows.unit)})"
        )
    if found.blank:
        yield f"{rows.name}: {n_of(found.blank)} without a text left out ({where(found.blank, rows.unit)})"
    if found.respelt:
        yield (
            f"{rows.name}: white space around labels in column {columns.label!r} taken off in {n_of(found.respelt)} "
            f"({where(found.respelt, rows.unit)})"
        )


def _is_quantity(labels: Sequence[str]) -> bool:
    if len(distinct := list(Counter(labels))) <= REGRESS_DISTINCT:
        return False
    values = numbers(distinct)
    return values is not None and any(not value.is_integer() for value in values)


def _quantities(found: _Collected, columns: Columns, rows: RowSource) -> list[float]:
    values = [number(label) for label in found.labels]
    wrong = [
        f"{rows.name}, {rows.unit} {line}: column {columns.label!r} holds {label!r}, and --task regress wants a number"
        for line, label, value in zip(found.lines, found.labels, values, strict=True)
        if value is None
    ]
    if wrong:
        raise DataError(_first_ones(wrong))
    return [value for value in values if value is not None]
