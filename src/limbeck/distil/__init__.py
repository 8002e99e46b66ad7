"""Distillation: a teacher's judgement, whoever the teacher is, into a student that fits the device.

A teacher becomes Scores once (``teacher``, ``given``); a student is cut out of an encoder (``student``); a step joins
what is minimised (``task``). Only the losses of single tokens run a teacher's module beside the student, on the
student's own pieces (``align``, ``beside``). :func:`student_of` puts them together, as ``limbeck distil`` does.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.distil.beside_settings import BesideSettings
    from limbeck.distil.lesson import Lesson
    from limbeck.distil.settings import DistilSettings
    from limbeck.distil.teacher import Teacher
    from limbeck.text import Input, TextSettings
    from limbeck.train.learner import Learner
    from limbeck.train.progress import Reporter
    from limbeck.train.settings import FitSettings

__all__ = ["student_of"]


def student_of(
    teacher: Path | str,
    train: Dataset,
    valid: Dataset | None = None,
    *,
    unlabelled: Sequence[Dataset] = (),
    student: str | None = None,
    layers: int | None = None,
    take: Sequence[int] | None = None,
    width: int | None = None,
    vocabulary: int | None = None,
    text: TextSettings | None = None,
    fit: FitSettings | None = None,
    distil: DistilSettings | None = None,
    beside: BesideSettings | None = None,
    reporter: Reporter | None = None,
) -> Learner:
    """Ask a teacher about texts, and give a learner of a student that has its answers before it.

    Args:
        teacher: the folder of a model, or a file of probabilities (see ``given``).
        train: texts to learn from, labelled or not.
        valid: rows to choose the weights by, labelled or not. Where None, a tenth of the labelled rows is held back, or
            of all rows, by what the teacher says, where none has a label.
        unlabelled: further texts.
        student: where the student starts: an encoder's folder, a hub name, a family; the teacher itself where None.
        layers: how many of its layers, evenly spaced.
        take: or which.
        width: of its hidden states.
        vocabulary: pieces that it keeps.
        text: how much of a text it reads.
        fit: epochs, rates, batches.
        distil: temperature and share of labels.
        beside: weights of the losses over tokens.
        reporter: is told how far it is.

    Returns:
        A learner, to be fitted and saved.

    Raises:
        LimbeckError: the teacher or the student cannot be used.
    """
    from limbeck.data import Dataset
    from limbeck.distil.given import Wanted, read
    from limbeck.distil.settings import DistilSettings
    from limbeck.distil.student import Cut
    from limbeck.distil.taught import Student, learner_of, place_student
    from limbeck.distil.teacher import FileTeacher, open_model
    from limbeck.errors import DataError, SettingsError
    from limbeck.models import named_by
    from limbeck.train.progress import Silent
    from limbeck.train.settings import FitSettings

    path, is_file = Path(teacher), Path(teacher).is_file()
    if not path.exists():
        raise DataError(f"no teacher {str(teacher)!r}: give the folder of a model, or a file of probabilities")
    for part in (train, *([] if valid is None else [valid]), *unlabelled):
        if not isinstance(part, Dataset):
            raise DataError(f"a {type(part).__name__} is no dataset; give limbeck.read(FILE)")
    if is_file and student is None:
        raise SettingsError(f"{path.name} has no weights to start a student from; give an encoder: student=FOLDER")
    settings = fit or FitSettings()
    exact = settings.precision == "float32"
    home = Path(tempfile.mkdtemp(prefix="limbeck-distil-"))
    try:
        own: Teacher = (
            FileTeacher(path.name, read(path, Wanted(task=train.task)))
            if is_file
            else open_model(path, home, exact=exact)
        )
        told = reporter or Silent()
        taught, inputs = _lesson_of(own, train, valid, unlabelled, home=home, seed=settings.seed, reporter=told)
        cut = Cut(layers, None if take is None else tuple(take), width, vocabulary)
        learner = learner_of(
            taught,
            place_student(Student(student or named_by(path), cut), home, inputs),
            text=text,
            fit=fit,
            distil=distil or DistilSettings(),
            beside=beside,
            teacher=None if is_file else path,
            reporter=reporter,
        )
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    weakref.finalize(learner, shutil.rmtree, home, ignore_errors=True)  # it may begin anew from the student there
    return learner


def _lesson_of(
    own: Teacher,
    train: Dataset,
    valid: Dataset | None,
    unlabelled: Sequence[Dataset],
    *,
    home: Path,
    seed: int,
    reporter: Reporter,
) -> tuple[Lesson, Sequence[Input]]:
    """What the teacher says of all texts, and the texts that are learnt from."""
    from limbeck.data import of_classes, split
    from limbeck.distil.lesson import Choices, lesson
    from limbeck.distil.rows import pool
    from limbeck.distil.teacher import fitting
    from limbeck.errors import DataError

    for part in (train, *([] if valid is None else [valid])):
        if part.targets is not None and part.task != own.task["name"]:
            raise DataError(
                f"{part.name} is labelled for {part.task}, and {own.name} does {own.task['name']}; give a teacher and "
                "rows of one task, or limbeck.read(FILE, labelled=False)"
            )
    choices = Choices(seed=seed)
    labelled = None if train.targets is None else of_classes(train, own.task.get("classes", ()))
    if valid is None and labelled is not None:
        labelled, valid = split(labelled, choices.valid_fraction, choices.seed)
    others = [part for part in (own.dataset, None if labelled is not None else train, *unlabelled) if part is not None]
    kept_out = [] if valid is None else [valid]
    rows = pool(labelled, others, kept_out=kept_out, task=str(own.task["name"]), name=train.name)
    return lesson(fitting([own], rows.dataset, home), rows, valid, choices, reporter), rows.dataset.inputs
