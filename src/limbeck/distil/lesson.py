"""A lesson: texts, what the teachers say of each, and the rows by which the student's weights are chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.manifest import NAME, Manifest
from limbeck.data import Dataset, of_classes, split
from limbeck.data.record import SEEN, in_words, share_learnt
from limbeck.distil.augment import variants
from limbeck.distil.given import table_of
from limbeck.distil.mean import mean_of, targets_for
from limbeck.distil.rows import Pool, labelled_by, loose_ids, missing
from limbeck.distil.teacher import ModelTeacher, Teacher
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
    """None where no teacher knows any of them."""
    scores: Scores
    """Of all texts, the validation rows' among them: what a second student can be taught by without asking again."""
    teachers: tuple[dict[str, str], ...]
    """Name and fingerprint of each."""
    seen: dict[str, float] = field(default_factory=dict)
    """Models that learnt from validation rows before, and from which share of them."""
    reads: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How much of a text each teacher read, as ``limbeck.json`` says it; of those that can be asked and do not read all
    of it, in windows."""
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
    """Leave texts out that stand in no teacher's file, instead of refusing them."""
    seed: int = 0


def lesson(
    teachers: Sequence[Teacher],
    rows: Pool,
    valid: Dataset | None,
    choices: Choices,
    reporter: Reporter,
    start: Path | None = None,
) -> Lesson:
    """Ask the teachers about every row, and put it together.

    Args:
        teachers: of one task, classes in one order; all of them count alike.
        rows: the texts.
        valid: rows to choose the weights by, labelled or not; a share of ``rows`` where None.
        choices: see there.
        reporter: is told how far it is.
        start: the folder of the model that the student starts from, where that is no teacher.

    Raises:
        DataError: texts of which no teacher says anything, or variants that no teacher can be asked about.
    """
    task = task_from_json(teachers[0].task)
    notices: list[str] = []
    too_few = valid is not None and not len(valid)  # of a few labelled rows none is held back
    valid = None if too_few else valid
    valid_is_labelled = valid is not None and valid.targets is not None
    if valid is not None and valid_is_labelled:
        n_told = len(valid.notices)
        valid = of_classes(valid, task.classes, skip=choices.skip_unknown)
        notices += valid.notices[n_told:]
    scores = _ask(teachers, all_of(rows.dataset, valid), reporter)
    rows, logits = _known(rows, scores, choices, notices, asked=any(one.can_be_asked for one in teachers))
    train = labelled_by(rows, answers(task, logits), task.classes)
    is_labelled = rows.is_labelled
    if valid is None and choices.valid_fraction > 0:
        train, valid, kept = _held_back(train, choices)
        held = np.setdiff1d(np.arange(len(logits)), kept)
        valid_is_labelled = bool(len(held)) and bool(is_labelled[held].all())
        if not valid_is_labelled:  # all are what the teachers say, lest the measures mean two things
            valid = replace(valid, targets=list(answers(task, logits[held])))
        if too_few and len(held):
            notices.append("validation rows are held back of all texts: too few have labels")
        logits, is_labelled, rows = logits[kept], is_labelled[kept], rows.take(kept)
    elif valid is not None and not valid_is_labelled:
        valid = _answered(valid, task, scores, notices)
    if choices.augment:
        out = rows.kept_out | loose_ids([] if valid is None else [valid])
        more, said = _variants(teachers, train, out, choices, reporter)
        train = _with_more(train, more, answers(task, said))
        logits = np.concatenate([logits, said])
        is_labelled = np.concatenate([is_labelled, np.zeros(len(more), np.bool_)])
        notices.append(f"{len(more):,} variants of texts, judged by {_who_is_asked(teachers)}")
    seen = _seen(teachers, valid if valid_is_labelled else None, start)
    return Lesson(
        train=train,
        logits=logits,
        is_labelled=is_labelled,
        valid=valid,
        valid_is_labelled=valid_is_labelled,
        said_of_valid=scores if valid is not None and targets_for(valid, scores)[1].any() else None,
        scores=scores,
        teachers=tuple({"name": one.name, "fingerprint": one.fingerprint} for one in teachers),
        seen=seen,
        reads=_reads(teachers),
        notices=(*notices, *_told_of(seen)),
    )


def unasked(
    teachers: Sequence[Teacher], rows: Pool, valid: Dataset | None, choices: Choices, start: Path | None = None
) -> Lesson:
    """A lesson of these rows in which no teacher has said anything yet: its sizes and lengths are the real one's.

    Variants of texts are as many as there may be, each as long as its text.
    """
    task = task_from_json(teachers[0].task)
    nothing = np.zeros((len(rows), task.n_outputs), np.float32)
    whole = train = labelled_by(rows, answers(task, nothing), task.classes)
    held_back = valid = valid if valid else None
    if valid is None and choices.valid_fraction > 0:
        train, held_back = split(train, choices.valid_fraction, choices.seed)
    labelled = dict(zip(whole.ids, rows.is_labelled.tolist(), strict=True))
    train = train.take(list(range(len(train))) * (1 + choices.augment))
    logits = np.zeros((len(train), task.n_outputs), np.float32)
    seen = _seen(teachers, valid, start)
    return Lesson(
        train=train,
        logits=logits,
        is_labelled=np.array([labelled[key] for key in train.ids], np.bool_),
        valid=held_back,
        valid_is_labelled=valid is not None,
        said_of_valid=None,
        scores=table_of(train.ids, logits, task=teachers[0].task, model=""),
        teachers=tuple({"name": one.name, "fingerprint": one.fingerprint} for one in teachers),
        seen=seen,
        reads=_reads(teachers),
        notices=tuple(_told_of(seen)),
    )


def all_of(rows: Dataset, valid: Dataset | None) -> Dataset:
    """All inputs that the teachers are asked about, each once, without targets."""
    more = [] if valid is None else valid.inputs
    return Dataset(list(dict.fromkeys([*rows.inputs, *more])), None, rows.task, name=rows.name)


def answers(task: TaskLike, logits: NDArray[np.float32]) -> Sequence[Any]:
    """What the logits answer: class names, or numbers."""
    return task.decode(logits.astype(np.float64)).predicted


def _seen(teachers: Sequence[Teacher], valid: Dataset | None, start: Path | None) -> dict[str, float]:
    """Which models learnt from labelled validation rows before, and from which share of them."""
    if not valid or valid.targets is None:
        return {}
    shares = {teacher.name: teacher.share_learnt(valid) for teacher in teachers}
    if start is not None and (start / NAME).is_file():
        shares.setdefault(start.name, share_learnt(Manifest.read(start).data, valid.ids))
    return {name: share for name, share in shares.items() if share is not None and share >= SEEN}


def _reads(teachers: Sequence[Teacher]) -> dict[str, dict[str, Any]]:
    models = [(one.name, one.predictor.manifest) for one in teachers if isinstance(one, ModelTeacher)]
    return {name: manifest.text for name, manifest in models if manifest.reading != "windows"}


def _told_of(seen: Mapping[str, float]) -> list[str]:
    return [
        f"{name} learnt from {in_words(share)} of the validation rows, so that figures on them flatter it and what "
        "starts from it: give rows that are new to it with --valid, or split by the --seed and --valid-fraction of "
        "its training"
        for name, share in seen.items()
    ]


def _who_is_asked(teachers: Sequence[Teacher]) -> str:
    """Who judges new texts, and who cannot."""
    asked, others = ([one.name for one in teachers if one.can_be_asked is can] for can in (True, False))
    if not others:
        return "the teacher" if len(asked) == 1 else "the teachers"
    return f"{' and '.join(asked)} alone: {' and '.join(others)} cannot be asked about them"


def _ask(teachers: Sequence[Teacher], dataset: Dataset, reporter: Reporter) -> Scores:
    said = [teacher.judge(dataset, reporter) for teacher in teachers]
    if len(said) > 1:
        for teacher, one in zip(teachers, said, strict=True):
            n_known = int(targets_for(dataset, one)[1].sum())
            if n_known < len(dataset):
                reporter.line(f"{teacher.name} says something of {n_known:,} of {len(dataset):,} texts")
    return mean_of(said)


def _known(
    rows: Pool, scores: Scores, choices: Choices, notices: list[str], *, asked: bool
) -> tuple[Pool, NDArray[np.float32]]:
    """The rows of which something was said, and what; ``notices`` learn which are left out.

    Raises:
        DataError: there are others that no teacher was ``asked`` about, and they are not to be left out; or nothing was
            said of any.
    """
    logits, found = targets_for(rows.dataset, scores)
    if found.all():
        return rows, logits
    told = missing(rows, found)
    if not found.any():
        why = "it can read none of them" if asked else "what the teachers said is of other texts"
        raise DataError(f"{told}: {why}; give a teacher and texts that belong together")
    if not asked and not choices.skip_unknown:
        raise DataError(f"{told}; give a teacher's folder that can be asked, or leave them out with --skip-bad-rows")
    kept = np.flatnonzero(found)
    notices.append(f"{told} and are left out")
    return rows.take(kept), logits[kept]


def _answered(valid: Dataset, task: TaskLike, scores: Scores, notices: list[str]) -> Dataset:
    """Validation rows without labels, with what the teachers say of them as targets; of the others no use is made."""
    logits, found = targets_for(valid, scores)
    if not found.all():
        notices.append(f"{valid.name}: {(~found).sum():,} validation rows have no teacher's answer and are left out")
    said: Any = answers(task, logits[found])
    return replace(valid.take(np.flatnonzero(found)), task=task.name, targets=list(said), classes=task.classes)


def _held_back(train: Dataset, choices: Choices) -> tuple[Dataset, Dataset, NDArray[np.int64]]:
    """Training rows, validation rows, and the numbers of the first among all."""
    rest, valid = split(train, choices.valid_fraction, choices.seed)
    out = set(valid.ids)
    kept = np.flatnonzero([key not in out for key in train.ids])
    return rest, valid, kept


def _variants(
    teachers: Sequence[Teacher], train: Dataset, kept_out: frozenset[bytes], choices: Choices, reporter: Reporter
) -> tuple[Dataset, NDArray[np.float32]]:
    """Variants of the training texts, none of them ``kept_out``, and what the teachers say of them.

    Raises:
        DataError: no teacher can be asked.
    """
    asked = [teacher for teacher in teachers if teacher.can_be_asked]
    if not asked:
        raise DataError(
            f"--augment {choices.augment} makes new texts, and no teacher can be asked about them; give a folder of one"
        )
    made = variants(train.inputs, choices.augment, seed=choices.seed, kept_out=kept_out, watch=reporter.watch)
    more = Dataset(made, None, train.task, name=f"variants of {train.name}")
    if not made:
        return more, np.zeros((0, task_from_json(teachers[0].task).n_outputs), np.float32)
    said, found = targets_for(more, _ask(asked, more, reporter))
    return more.take(np.flatnonzero(found)), said[found]


def _with_more(train: Dataset, more: Dataset, said: Sequence[Any]) -> Dataset:
    return replace(train, inputs=[*train.inputs, *more.inputs], targets=[*(train.targets or []), *said], rows=None)
