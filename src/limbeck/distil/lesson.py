"""A lesson: texts, what the teachers say of each, and the rows by which the student's weights are chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.data import Dataset, of_classes, split
from limbeck.distil.augment import variants
from limbeck.distil.rows import Pool, labelled_by, missing
from limbeck.distil.teacher import Teacher, mean_of, targets_for
from limbeck.errors import DataError
from limbeck.scores import Scores
from limbeck.tasks import TaskLike, task_from_json
from limbeck.train.progress import Reporter


@dataclass(frozen=True)
class Lesson:
    """What a student is taught."""

    train: Dataset
    """Each row with a target: its own label, or what the teachers say."""
    logits: NDArray[np.float32]
    """What the teachers say of each: shape ``(N, C)``."""
    is_labelled: NDArray[np.bool_]
    """Which rows have a label of their own: shape ``(N,)``."""
    valid: Dataset | None
    valid_is_labelled: bool
    """False where the targets of ``valid`` are what the teachers say."""
    said_of_valid: Scores | None
    """None where no teacher knows them all."""
    scores: Scores
    """Of all texts: what a second student can be taught by without asking again."""
    teachers: tuple[dict[str, str], ...]
    """Name and fingerprint of each."""
    notices: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Hex digits over what the teachers say of the rows, and over which have labels."""
        return hashlib.sha256(self.logits.tobytes() + self.is_labelled.tobytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Choices:
    """How rows become a lesson."""

    valid_fraction: float = 0.1
    """Share of the rows held back where there are no validation rows."""
    augment: int = 0
    """Variants of each text."""
    skip_unknown: bool = False
    """Leave texts out of which no teacher says anything, instead of refusing them."""
    seed: int = 0


def lesson(
    teachers: Sequence[Teacher], rows: Pool, valid: Dataset | None, choices: Choices, reporter: Reporter
) -> Lesson:
    """Ask the teachers about every row, and put it together.

    Args:
        teachers: of one task, classes in one order; all of them count alike.
        rows: the texts.
        valid: labelled rows to choose the weights by; a share of ``rows`` where None.
        choices: see there.
        reporter: is told how far it is.

    Raises:
        DataError: texts of which no teacher says anything, or variants that no teacher can be asked about.
    """
    task = task_from_json(teachers[0].task)
    valid_is_labelled = valid is not None and valid.targets is not None
    if valid is not None and task.name == "classify":
        valid = of_classes(valid, task.classes, skip=choices.skip_unknown)
    scores = _ask(teachers, rows.dataset, reporter)
    rows, logits, notices = _known(rows, scores, choices)
    train = labelled_by(rows, answers(task, logits), task.classes)
    is_labelled = rows.is_labelled
    if valid is None and choices.valid_fraction > 0:
        train, valid, kept = _held_back(train, choices)
        logits, is_labelled, rows = logits[kept], is_labelled[kept], rows.take(kept)
    if choices.augment:
        before = train, logits, is_labelled
        train, logits, is_labelled = _with_variants(teachers, task, before, choices, reporter)
        notices.append(f"{len(train) - len(before[0]):,} variants of texts, judged by the teacher")
    said_of_valid = None if valid is None else _said_of(teachers, valid, scores, reporter)
    return Lesson(
        train=train,
        logits=logits,
        is_labelled=is_labelled,
        valid=valid,
        valid_is_labelled=valid_is_labelled,
        said_of_valid=said_of_valid,
        scores=scores,
        teachers=tuple({"name": one.name, "fingerprint": one.fingerprint} for one in teachers),
        notices=tuple(notices),
    )


def answers(task: TaskLike, logits: NDArray[np.float32]) -> Sequence[Any]:
    """What the logits answer: class names, or numbers."""
    return task.decode(logits.astype(np.float64)).predicted


def _ask(teachers: Sequence[Teacher], dataset: Dataset, reporter: Reporter) -> Scores:
    return mean_of([teacher.judge(dataset, reporter) for teacher in teachers])


def _known(rows: Pool, scores: Scores, choices: Choices) -> tuple[Pool, NDArray[np.float32], list[str]]:
    """The rows of which something was said, and what.

    Raises:
        DataError: there are others, and they are not to be left out; or nothing was said of any.
    """
    logits, found = targets_for(rows.dataset, scores)
    if found.all():
        return rows, logits, []
    told = missing(rows, found)
    if not found.any():
        raise DataError(f"{told}: what the teachers said is of other texts; give the files that belong together")
    if not choices.skip_unknown:
        raise DataError(f"{told}; give a teacher's folder that can be asked, or leave them out with --skip-bad-rows")
    kept = np.flatnonzero(found)
    return rows.take(kept), logits[kept], [f"{told} and are left out"]


def _held_back(train: Dataset, choices: Choices) -> tuple[Dataset, Dataset, NDArray[np.int64]]:
    """Training rows, validation rows, and the numbers of the first among all."""
    rest, valid = split(train, choices.valid_fraction, choices.seed)
    out = set(valid.ids)
    kept = np.flatnonzero([key not in out for key in train.ids])
    return rest, valid, kept


def _with_variants(
    teachers: Sequence[Teacher],
    task: TaskLike,
    known: tuple[Dataset, NDArray[np.float32], NDArray[np.bool_]],
    choices: Choices,
    reporter: Reporter,
) -> tuple[Dataset, NDArray[np.float32], NDArray[np.bool_]]:
    """The rows with variants of their texts behind them."""
    train, logits, is_labelled = known
    asked = [teacher for teacher in teachers if teacher.can_be_asked]
    if not asked:
        raise DataError(
            f"--augment {choices.augment} makes new texts, and no teacher can be asked about them; give a folder of one"
        )
    inputs = variants(train.inputs, choices.augment, seed=choices.seed)
    if not inputs:
        return train, logits, is_labelled
    more = Dataset(inputs, None, train.task, name=f"variants of {train.name}")
    said, found = targets_for(more, _ask(asked, more, reporter))
    kept = np.flatnonzero(found)
    targets: list[Any] = [*(train.targets or []), *answers(task, said[kept])]
    whole = replace(train, inputs=[*train.inputs, *(inputs[row] for row in kept)], targets=targets, rows=None)
    marks = np.concatenate([is_labelled, np.zeros(len(kept), np.bool_)])
    return whole, np.concatenate([logits, said[kept]]), marks


def _said_of(teachers: Sequence[Teacher], valid: Dataset, known: Scores, reporter: Reporter) -> Scores | None:
    """What the teachers say of the validation rows; None where that is unknown of some."""
    if targets_for(valid, known)[1].all():
        return known
    if not any(teacher.can_be_asked for teacher in teachers):
        return None
    return _ask([teacher for teacher in teachers if teacher.can_be_asked], valid, reporter)
