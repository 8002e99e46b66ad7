"""Any source becomes a Dataset, by one reader for training, evaluation and prediction.

A source is opened as rows, its columns are found, and the rows are collected; a row without a text or a label is left
out and named in a notice. Names of classes are the labels in the spelling of :mod:`limbeck.data.spelling`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limbeck.data.collected import collect
from limbeck.data.columns import guess_columns
from limbeck.data.dataset import Dataset
from limbeck.data.formats import by_suffix, class_folders, format_of, frame
from limbeck.data.known import of_classes
from limbeck.data.rows import RowSource
from limbeck.data.targets import targets_of
from limbeck.errors import DataError, SettingsError, nearest
from limbeck.table import Table

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
        one_class_ok: False refuses labels that are all the same, classes or numbers, from which nothing can be learnt.

    Raises:
        DataError: the source cannot be read, its columns cannot be told, or no row is left.
        SettingsError: ``task`` is neither.
    """
    tasks = Table("limbeck.tasks", noun="task", flag="--task")
    if task is not None and task not in tasks:
        raise SettingsError(f"no task is called {task!r}; --task takes {nearest(task, tasks.names())}")
    rows = _open(source, encoding, skip_bad_rows)
    if not rows.columns:
        list(rows)  # damaged ones tell what is wrong with them
        raise DataError(f"{rows.name}: there is no column; a column of texts and one of labels are wanted")
    columns = guess_columns(
        rows.columns,
        rows.sample(),
        text_column=text_column,
        text_pair_column=text_pair_column,
        label_column=label_column,
        labelled=labelled,
        name=rows.name,
    )
    return targets_of(collect(rows, columns), columns, rows, task, one_value_ok=one_class_ok)


def read_splits(
    source: object, *, labelled_test: bool = True, classes: Sequence[str] = (), **options: Any
) -> dict[str, Dataset]:
    """Read ``train``, ``valid`` and ``test`` out of a folder that holds them as folders or files; else ``train`` alone.

    ``options`` are those of :func:`read`. ``validation``, ``val`` and ``dev`` are called ``valid``. The classes of the
    training part are those of all. ``labelled_test`` False takes the texts of ``test`` alone: benchmarks keep its
    labels to themselves. Where ``classes`` are given (a teacher's, of which the training part may lack some), the other
    parts have those.

    Raises:
        DataError: as :func:`read`; or another part has a class that is none of these.
    """
    found = split_sources(source)
    if not found:
        return {"train": read(source, **options)}
    if "train" not in found:
        return {name: read(path, **{**options, "one_class_ok": True}) for name, path in found.items()}
    train = read(found["train"], **options)
    others = {**options, **train.column_names, "task": train.task, "one_class_ok": True}
    texts_alone = {} if labelled_test else {"test": {"label_column": None, "labelled": False}}
    rest = {name: read(path, **others | texts_alone.get(name, {})) for name, path in found.items() if name != "train"}
    skip, known = bool(options.get("skip_bad_rows")), classes or train.classes
    return {"train": train, **{name: of_classes(part, known, skip=skip) for name, part in rest.items()}}


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
    return f"; the folder holds {nearest(path.name, close)}" if close else ""
