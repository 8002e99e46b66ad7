"""What a student of ``limbeck distil`` learns from: labelled rows and texts without labels, read and put together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._say import say
from limbeck.cli._teachers import Given, labelled_for, options_of
from limbeck.cli.train import DataChoices, read_rows
from limbeck.errors import DataError, SettingsError, nearest, together

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.distil.rows import Pool
    from limbeck.distil.teacher import Teacher
    from limbeck.models import WatchRows

FEW = 30
"""Fewer validation rows than these are told: one of them is over 3 % of an accuracy."""


def rows_of(given: Given, teachers: Sequence[Teacher], watch: WatchRows | None = None) -> tuple[Pool, Dataset | None]:
    """All texts to learn from, and the labelled validation rows where there are any.

    Args:
        given: files and choices.
        teachers: whose task it is.
        watch: shows how far long work is.

    Raises:
        LimbeckError: a file cannot be read, or a label is none of the teacher's classes.
    """
    from limbeck.distil.rows import loose_ids, pool, see_that_cuts_fit, sentences_of

    task, columns = teachers[0].task, given.columns
    if columns.task not in (None, task["name"]):
        raise SettingsError(f"--task {columns.task}: the teacher does {task['name']}; leave the flag out")
    options = options_of(columns)
    _see_that_columns_are_there(given)
    with _told_as_another_task(given, teachers[0], options):
        train, valid = _labelled(given, teachers[0], options)
    tests = [_texts(path, options) for path in (*given.texts.held_out, *_test_part(given.data))]
    is_split = valid is not None and columns.valid is None and "valid" not in _parts(given.data)
    if valid is not None:
        valid = _without_tests(valid, tests, is_split=is_split)
    kept_out = [*([valid] if valid is not None else []), *tests]
    unlabelled = [_texts(path, options) for path in given.texts.unlabelled]
    if given.texts.cut_sentences:
        see_that_cuts_fit([one for one in (train, *(teacher.dataset for teacher in teachers)) if one is not None])
        out = loose_ids(kept_out)
        unlabelled = [sentences_of(one, kept_out=out, watch=watch) for one in unlabelled]
        if not unlabelled:
            say("--cut-sentences cuts the texts of --unlabelled, and there are none: it does nothing")
    others = [*(one.dataset for one in teachers if one.dataset is not None), *unlabelled]
    say(*(notice for one in (*tests, *unlabelled) for notice in one.notices))
    if train is None and not others:
        raise DataError("there are no texts to learn from: give a labelled file, or --unlabelled FILE")
    name = train.name if train is not None else others[0].name
    made = pool(train, others, kept_out=kept_out, task=str(task["name"]), name=name)
    say(*made.notices)
    if valid is not None and is_split and 0 < len(valid) < FEW and 2 * made.is_labelled.sum() < len(made):
        named = "row chooses" if len(valid) == 1 else "rows choose"
        say(
            f"{len(valid)} validation {named} the weights, held back of the labelled rows alone; --valid FILE takes "
            "others, and --valid-fraction more"
        )
    return made, valid


def _without_tests(valid: Dataset, tests: Sequence[Dataset], *, is_split: bool) -> Dataset:
    """The validation rows that are no test texts, which is told.

    Raises:
        DataError: none is left of rows that were not just split off.
    """
    from limbeck.distil.rows import without

    left = without(valid, tests)
    if valid and not left and not is_split:
        raise DataError(
            f"{valid.name}: all {len(valid):,} validation rows stand among the test texts, which choose nothing; name "
            "others with --valid"
        )
    say(*left.notices)
    return left


def _texts(path: Path, options: dict[str, Any]) -> Dataset:
    from limbeck.data.formats.text_file import encoding_of
    from limbeck.distil.rows import texts_of

    return texts_of(path, **{**options, "encoding": encoding_of(path, options["encoding"])})


@contextlib.contextmanager
def _told_as_another_task(given: Given, teacher: Teacher, options: dict[str, Any]) -> Iterator[None]:
    """While it is open, labels of another task than the teacher's are told as such, once, and not row by row.

    Raises:
        DataError: as within, or that a file is labelled for the other task.
    """
    try:
        yield
    except DataError:
        does = str(teacher.task["name"])
        files = [] if given.columns.task is not None else [given.data, given.columns.valid]
        for path in files:
            found = (
                None if path is None else labelled_for(path, {**options, "label_column": given.columns.label_column})
            )
            if found not in (None, does):
                texts_alone = f", or the texts alone: --unlabelled {path}" if path == given.data else ""
                raise DataError(
                    f"{path} is labelled for {found}, and {teacher.name} does {does}; give a teacher and rows of one "
                    f"task{texts_alone}"
                ) from None
        raise


def _labelled(given: Given, teacher: Teacher, options: dict[str, Any]) -> tuple[Dataset | None, Dataset | None]:
    """Labelled rows to learn from and validation rows, None where there are no such.

    Raises:
        LimbeckError: a file cannot be read, a label is none of the classes, or there are no rows to correct.
    """
    from limbeck.data import of_classes, read
    from limbeck.data.formats.text_file import encoding_of

    task = teacher.task
    headings_of = teacher.name if teacher.dataset is not None else ""
    columns, classes = replace(given.columns, task=str(task["name"])), tuple(task.get("classes", ()))
    if given.data is not None:
        _see_that_it_has_labels(given.data, columns)
        return read_rows(given.data, columns, given.seed, classes=classes, headings_of=headings_of)
    if columns.corrections is not None:
        raise SettingsError(f"--corrections {columns.corrections} are of labelled rows, and none were given")
    if columns.valid is None:
        return None, None
    options = {**options, "encoding": encoding_of(columns.valid, columns.encoding)}
    valid = read(columns.valid, **options, label_column=columns.label_column, task=columns.task, one_class_ok=True)
    valid = of_classes(valid, classes, skip=columns.skip_bad_rows, headings_of=headings_of)
    say(*valid.notices)
    return None, valid


def _see_that_columns_are_there(given: Given) -> None:
    """See that some file has the columns that are named, where no labelled file must have them.

    Raises:
        DataError: none has one.
    """
    from limbeck.data import open_rows
    from limbeck.data.columns import find_column
    from limbeck.data.formats.text_file import encoding_of

    columns = given.columns
    named = {"--text-column": columns.text_column, "--text-pair-column": columns.text_pair_column}
    if given.data is not None or not any((*named.values(), columns.label_column)):
        return
    problems = []
    if columns.label_column is not None and columns.valid is None:
        problems.append(f"--label-column {columns.label_column!r} is of labelled rows, and none were given")
    files = [
        *given.texts.unlabelled,
        *given.texts.held_out,
        *(path for path in given.scores if path.suffix.lower() != ".npz"),
    ]
    files += [columns.valid] if columns.valid is not None else []
    held = [
        open_rows(one, encoding=encoding_of(one, columns.encoding), skip_bad_rows=columns.skip_bad_rows).columns
        for one in files
    ]
    for flag, name in named.items():
        if name is not None and all(find_column(name, one) is None for one in held):
            there = nearest(name, [column for one in held for column in one]) if held else "no file with columns"
            problems.append(f"{flag} {name!r} stands in no file; there is {there}")
    if problems:
        raise DataError(together(problems))


def _see_that_it_has_labels(data: Path, columns: DataChoices) -> None:
    """Raise for a file of texts alone, given as the labelled one.

    Raises:
        DataError: it has a single column.
    """
    from limbeck.data import open_rows
    from limbeck.data.formats.text_file import encoding_of

    if _parts(data):
        return
    source = open_rows(data, encoding=encoding_of(data, columns.encoding), skip_bad_rows=columns.skip_bad_rows)
    if len(source.columns) == 1:
        raise DataError(
            f"{data} has the one column {source.columns[0]!r}, and no labels; texts alone are given by "
            f"--unlabelled {data}"
        )


def _test_part(data: Path | None) -> list[Path]:
    """The test part of a folder of splits, from which nothing is learnt."""
    parts = _parts(data)
    return [parts["test"]] if "test" in parts else []


def _parts(data: Path | None) -> dict[str, Path]:
    """The parts of a folder of splits."""
    from limbeck.data.read import split_sources

    return {} if data is None else split_sources(data)
