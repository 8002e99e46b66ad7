"""Distillation: a teacher's judgement, whoever the teacher is, into a student that fits the device.

A teacher becomes Scores once (``teacher``, ``given``); a student is cut out of an encoder (``student``); a step joins
what is minimised (``task``). Only the losses of single tokens run a teacher's module beside the student, on the
student's own pieces (``align``, ``beside``). :func:`student_of` puts them together, as ``limbeck distil`` does.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.distil.beside_settings import BesideSettings
    from limbeck.distil.lesson import Choices
    from limbeck.distil.rows import Pool
    from limbeck.distil.settings import DistilSettings
    from limbeck.distil.student import Cut
    from limbeck.distil.teacher import Teacher
    from limbeck.text import TextSettings
    from limbeck.train.learner import Learner
    from limbeck.train.progress import Reporter
    from limbeck.train.settings import FitSettings

__all__ = ["student_of"]


def student_of(
    teacher: Path | str | Sequence[Path | str],
    train: Dataset,
    valid: Dataset | None = None,
    *,
    unlabelled: Dataset | Sequence[Dataset] = (),
    student: str | None = None,
    layers: int | None = None,
    take: Sequence[int] | str | None = None,
    width: int | None = None,
    vocabulary: int | None = None,
    text: TextSettings | None = None,
    fit: FitSettings | None = None,
    distil: DistilSettings | None = None,
    beside: BesideSettings | None = None,
    dropout: float | None = None,
    skip_bad_rows: bool = False,
    reporter: Reporter | None = None,
) -> Learner:
    """Ask teachers about texts, and give a learner of a student that has its answers before it.

    Args:
        teacher: the folder of a model, or a file of probabilities (see ``given``); or several, which are averaged.
        train: texts to learn from, labelled or not.
        valid: rows to choose the weights by, labelled or not. Where None, a tenth of the labelled rows is held back, or
            of all rows, by what the teacher says, where none or too few have a label.
        unlabelled: further texts.
        student: where the student starts: an encoder's folder, a hub name, a family; where None the teacher itself, the
            first folder of several.
        layers: how many of its layers, evenly spaced.
        take: or which, counted from 0: ``[0, 2, 4]`` or ``"0,2,4"``.
        width: of its hidden states.
        vocabulary: pieces that it keeps.
        text: how much of a text it reads.
        fit: epochs, rates, batches.
        distil: temperature and share of labels.
        beside: weights of the losses over tokens.
        dropout: of the student, where it is an encoder; its own where None.
        skip_bad_rows: leave rows out whose label is none of the teacher's classes, damaged rows of a file of
            probabilities, and texts of which no teacher says anything, instead of refusing them.
        reporter: is told how far it is.

    Returns:
        A learner, to be fitted and saved; its ``notices`` tell what was read, left out and found.

    Raises:
        LimbeckError: a teacher or the student cannot be used.
    """
    from limbeck.data import Dataset
    from limbeck.distil.lesson import Choices, lesson
    from limbeck.distil.taught import Student, learner_of, place_student, see_that_it_can_be_taught
    from limbeck.distil.teacher import fitting
    from limbeck.errors import SettingsError
    from limbeck.models import named_by
    from limbeck.train.progress import Silent
    from limbeck.train.settings import FitSettings

    folders, files = _told_apart(teacher)
    more = [unlabelled] if isinstance(unlabelled, Dataset) else list(unlabelled)
    _see_that_they_are_read([train, *([] if valid is None else [valid]), *more])
    if not folders and student is None:
        raise SettingsError(f"{files[0].name} has no weights to start a student from; give an encoder: student=FOLDER")
    cut = _cut_of(take=take, dropout=dropout, layers=layers, width=width, vocabulary=vocabulary)
    fit = fit or FitSettings()
    choices = Choices(seed=fit.seed, skip_unknown=skip_bad_rows)
    how: dict[str, Any] = {"text": text, "fit": fit, "distil": distil, "beside": beside}
    home = Path(tempfile.mkdtemp(prefix="limbeck-distil-"))
    try:
        exact = fit.precision == "float32"
        teachers = _opened(folders, files, home, task=train.task, exact=exact, skip_bad_rows=skip_bad_rows)
        rows, valid, told = _rows_of(teachers, train, valid, more, choices)
        teachers = fitting(teachers, rows.dataset, home)
        source = place_student(Student(student or named_by(folders[0]), cut), home, rows.dataset.inputs)
        see_that_it_can_be_taught(teachers, rows, source, folders=folders, **how)
        start = None if student is None else Path(student)
        taught = lesson(teachers, rows, valid, choices, reporter or Silent(), start)
        learner = learner_of(taught, source, teacher=next(iter(folders), None), reporter=reporter, **how)
        learner.notices[:0] = [*told, *taught.notices]
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    weakref.finalize(learner, shutil.rmtree, home, ignore_errors=True)  # it may begin anew from the student there
    return learner


def _see_that_they_are_read(parts: Sequence[object]) -> None:
    """Raise for what is no dataset.

    Raises:
        DataError: such as the name of a file.
    """
    from limbeck.data import Dataset
    from limbeck.errors import DataError

    for part in parts:
        if not isinstance(part, Dataset):
            raise DataError(f"a {type(part).__name__} is no dataset; give limbeck.read(FILE)")


def _cut_of(*, take: Any, dropout: Any, **sizes: Any) -> Cut:
    """What the student keeps: ``sizes`` are layers, width and vocabulary.

    Raises:
        SettingsError: something is no whole number, too small, or no list of layers; all are told.
    """
    from limbeck.distil.settings import StudentSettings
    from limbeck.distil.student import Cut
    from limbeck.errors import SettingsError, together

    problems = [
        f"{name}={value!r} is no whole number; give {name}=3, say"
        for name, value in sizes.items()
        if value is not None and (not isinstance(value, Integral) or isinstance(value, bool))
    ]
    if dropout is not None and (not isinstance(dropout, Real) or isinstance(dropout, bool)):
        problems.append(f"dropout={dropout!r} is no number; give dropout=0.1, say")
    named = take
    if take is not None and not isinstance(take, str):
        numbers = [*take] if isinstance(take, Iterable) else [take]
        if not all(isinstance(number, Integral) for number in numbers):
            problems.append(f'take={take!r} names no layers; give their numbers, from 0: [0, 2, 4] or "0,2,4"')
        named = ",".join(map(str, numbers))
    if problems:
        raise SettingsError(together(problems))
    asked = StudentSettings(take=named, dropout=dropout, **sizes)
    return Cut(asked.layers, asked.taken, asked.width, asked.vocabulary, asked.dropout)


def _told_apart(teachers: Path | str | Sequence[Path | str]) -> tuple[list[Path], list[Path]]:
    """The teachers' folders, and files of what others said.

    Raises:
        DataError: one is not there or stands there twice, or there is none.
    """
    from limbeck.distil.settings import ALIKE, named_again
    from limbeck.errors import DataError, together

    wanted = "give the folder of a model, or a file of probabilities"
    named = [teachers] if isinstance(teachers, Path | str) or not isinstance(teachers, Iterable) else list(teachers)
    if odd := [one for one in named if not isinstance(one, Path | str)]:
        raise DataError(f"a {type(odd[0]).__name__} is no teacher: {wanted}")
    paths = [Path(one) for one in named]
    problems = [f"no teacher {str(path)!r}: {wanted}" for path in paths if not path.exists()]
    problems += [f"the teacher {str(path)!r} is named twice; {ALIKE}" for path in named_again(paths)]
    if problems or not paths:
        raise DataError(together(problems) if problems else f"no teacher: {wanted}")
    return [path for path in paths if not path.is_file()], [path for path in paths if path.is_file()]


def _opened(
    folders: Sequence[Path], files: Sequence[Path], home: Path, *, task: str, exact: bool, skip_bad_rows: bool
) -> list[Teacher]:
    """The teachers; ``task`` is that of files, where no model stands before them.

    Raises:
        LimbeckError: one cannot be opened, or they do not fit together.
    """
    from limbeck.distil.given import Wanted
    from limbeck.distil.teacher import open_file, open_models, same_classes

    found: list[Teacher] = [*open_models(folders, home, exact=exact)]
    for path in files:
        found.append(open_file(path, Wanted(task=task, skip_bad_rows=skip_bad_rows), found))
    same_classes(found)
    return found


def _rows_of(
    teachers: Sequence[Teacher], train: Dataset, valid: Dataset | None, unlabelled: Sequence[Dataset], choices: Choices
) -> tuple[Pool, Dataset | None, list[str]]:
    """The texts that are learnt from, and the validation rows, which are held back of labelled ones where not given;
    and what is to be told of them.

    Raises:
        DataError: rows are labelled for another task or for other classes than the teachers', or no text is left.
    """
    from limbeck.data import of_classes, split
    from limbeck.distil.rows import pool
    from limbeck.errors import DataError

    own = teachers[0]
    for part in (train, *([] if valid is None else [valid])):
        if part.targets is not None and part.task != own.task["name"]:
            raise DataError(
                f"{part.name} is labelled for {part.task}, and {own.name} does {own.task['name']}; give a teacher and "
                "rows of one task, or limbeck.read(FILE, labelled=False)"
            )
    headings_of = own.name if own.dataset is not None else ""
    classes, skip = own.task.get("classes", ()), choices.skip_unknown
    labelled = None if train.targets is None else of_classes(train, classes, skip=skip, headings_of=headings_of)
    if valid is None and labelled is not None:
        labelled, valid = split(labelled, choices.valid_fraction, choices.seed)
    parts = [*(one.dataset for one in teachers), None if labelled is not None else train, *unlabelled]
    others = [part for part in parts if part is not None]
    kept_out = [] if valid is None else [valid]
    made = pool(labelled, others, kept_out=kept_out, task=str(own.task["name"]), name=train.name)
    read = [*parts, train if labelled is None else labelled, valid]
    told = [notice for part in read if part is not None for notice in part.notices]
    return made, valid, list(dict.fromkeys([*told, *made.notices]))
