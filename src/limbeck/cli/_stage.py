"""One student of ``limbeck distil``: its lesson, its training, its folder; or what all that would take."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._place import checkpoints_of, fit_there, hindrance_lines, n_done, told_what_stands
from limbeck.cli._say import say
from limbeck.cli._trained import print_result
from limbeck.cli.train import duration
from limbeck.errors import Interrupted, counted
from limbeck.settings import record

if TYPE_CHECKING:
    from limbeck.cli.distil import Settings
    from limbeck.data import Dataset
    from limbeck.distil.lesson import Choices, Lesson
    from limbeck.distil.rows import Pool
    from limbeck.distil.teacher import Teacher
    from limbeck.train.learner import Learner

_NOT_KEPT = ("inputs", "out", "dry_run", "resume", "overwrite", "json", "scores")


@dataclass(frozen=True)
class Material:
    """What one student is taught with."""

    teachers: list[Teacher]
    rows: Pool
    valid: Dataset | None
    folders: tuple[Path, ...]
    """Of the teachers that have one; the student starts from the first, where nothing else is named."""


@dataclass(frozen=True)
class Rehearsed:
    """What is known of a student that was not taught."""

    name: str
    """Of the folder that it will stand in."""
    source: str
    """A folder as that will be, before any teaching."""
    text_seconds: float
    """Time that it takes for a text."""


def rehearse(settings: Settings, material: Material, home: Path, before: Rehearsed | None = None) -> Rehearsed:
    """Say what it would take to teach one student, and what it would write.

    Args:
        settings: of the student.
        material: what it is taught with; of a chain's second student its texts count alone.
        home: a folder for a while.
        before: the student that will teach this one, where it is not there yet.

    Raises:
        LimbeckError: the student cannot be made, or cannot be taught so.
    """
    from limbeck.artefact.manifest import NAME
    from limbeck.cli._dry_run import judges, judging_lines, n_asked, text_lines, writing_lines
    from limbeck.distil.lesson import lesson, unasked
    from limbeck.distil.taught import see_that_both_read
    from limbeck.train.cost import estimate
    from limbeck.train.progress import Console

    choices, rows, valid, start = _choices(settings), material.rows, material.valid, _start(settings)
    source = _source(settings, material, home, start=None if before is None else before.source)
    see_that_both_read(source, material.folders, settings.beside, pairs=rows.dataset.is_pairs)
    if before is not None or any(one.can_be_asked for one in material.teachers):
        pretended = unasked(material.teachers, rows, valid, choices, start)
    else:  # files tell at once
        pretended = lesson(material.teachers, rows, valid, choices, Console(), start)
    say(*pretended.notices)
    learner = _learner(settings, pretended, source, material)
    if before is None:
        say(*text_lines(rows, choices), *judging_lines(material.teachers, rows, valid, choices))
    else:
        n_texts = n_asked(rows, valid, choices)
        say(f"teacher {before.name}: {judges(n_texts, before.text_seconds * n_texts)}")
    cost = estimate(learner)
    say(*_plan_lines(learner, cost.seconds))
    if settings.resume and (done := n_done(settings.out)):
        left = cost.seconds * max(0, cost.updates - done) / max(1, cost.updates)
        say(
            f"{done:,} of these {counted(cost.updates, 'update')} are done, and about {duration(left)} left, where "
            "data and settings are those of the stopped run, which is seen when it goes on"
        )
    hindrances = hindrance_lines(settings.out, NAME, resume=settings.resume, overwrite=settings.overwrite)
    say(*writing_lines(settings.out, settings.scores, learner.n_parameters(), hindrances))
    return Rehearsed(settings.out.name, source, cost.pass_seconds / max(1, len(learner.train)))


def teach(settings: Settings, material: Material, home: Path) -> None:
    """Teach one student."""
    from limbeck.distil.judging import PIECE_ROWS
    from limbeck.distil.lesson import lesson
    from limbeck.distil.taught import see_that_it_can_be_taught
    from limbeck.train.progress import Console

    source = _source(settings, material, home)
    see_that_it_can_be_taught(
        material.teachers,
        material.rows,
        source,
        folders=material.folders,
        text=settings.text,
        fit=settings.fit,
        distil=settings.distil,
        beside=settings.beside,
    )
    try:
        choices, start = _choices(settings), _start(settings)
        taught = lesson(material.teachers, material.rows, material.valid, choices, Console(), start)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped while a teacher judges; what it said is kept, but for the last texts, at most {PIECE_ROWS:,}: go "
            "on with the same command and --resume"
        ) from None
    say(*taught.notices)
    if settings.scores is not None:
        taught.scores.write(settings.scores)
    _train(settings, taught, _learner(settings, taught, source, material))


def _start(settings: Settings) -> Path | None:
    """The folder that the student is said to start from."""
    return None if settings.student.student is None else Path(settings.student.student)


def _choices(settings: Settings) -> Choices:
    from limbeck.distil.lesson import Choices

    return Choices(
        valid_fraction=settings.columns.valid_fraction,
        augment=settings.texts.augment,
        skip_unknown=settings.columns.skip_bad_rows,
        seed=settings.fit.seed,
    )


def _train(settings: Settings, taught: Lesson, learner: Learner) -> None:
    from limbeck.inspect.paired import Pair
    from limbeck.train.cost import estimate

    checkpoints = checkpoints_of(settings.out)
    n_labelled, n_train = int(taught.is_labelled.sum()), len(taught.train)
    if 0 < n_labelled < n_train:
        say(f"{n_labelled:,} of {n_train:,} training rows have labels; the others are counted by what the teacher says")
    say(*learner.notices, *learner.describe().lines(), *_plan_lines(learner, estimate(learner).seconds))
    fit_there(lambda: learner.fit(checkpoints, resume=settings.resume), checkpoints, resume=settings.resume)
    with told_what_stands(settings.out):
        manifest = learner.save(settings.out, calibrated=settings.calibrate, overwrite=settings.overwrite)
    shutil.rmtree(checkpoints, ignore_errors=True)
    if not taught.valid_is_labelled and learner.valid is not None:
        say("the validation rows have no labels: the measures tell how far the student agrees with the teachers")
    compared = manifest.training["taught"].get("compared")
    if taught.valid_is_labelled and learner.valid is not None and not compared:
        n_rows = "no validation row" if taught.said_of_valid is None else "a single validation row"
        say(f"{n_rows} has an answer of the teachers, so there is no comparison with them")
    if compared:
        say(Pair(**compared).line("teacher" if len(taught.teachers) == 1 else "teachers together", "student"))
    print_result(manifest, settings.out, as_json=settings.json, more={"compared": compared})


def _source(settings: Settings, material: Material, home: Path, *, start: str | None = None) -> str:
    """Where the learner makes the student from; ``start`` stands in for what the settings name."""
    from limbeck.distil.student import Cut
    from limbeck.distil.taught import Student, place_student
    from limbeck.models import named_by

    asked = settings.student
    cut = Cut(asked.layers, asked.taken, asked.width, asked.vocabulary, asked.dropout)
    if asked.student is None and cut.is_whole:
        say("the student is as large as its teacher; --layers 3, say, makes it smaller")
    source = start or asked.student or named_by(material.folders[0])
    return place_student(Student(source, cut), home, material.rows.dataset.inputs)


def _learner(settings: Settings, taught: Lesson, source: str, material: Material) -> Learner:
    from limbeck.distil.taught import learner_of
    from limbeck.train.progress import Console

    kept: dict[str, Any] = {key: value for key, value in record(settings).items() if key not in _NOT_KEPT}
    for key in ("teacher_scores", "unlabelled", "held_out"):
        kept[key] = [Path(path).name for path in kept[key]]
    kept["data"], kept["valid"] = Path(taught.train.name).name, settings.columns.valid and settings.columns.valid.name
    kept["corrections"] = settings.columns.corrections and settings.columns.corrections.name
    kept["student"] = None if settings.student.student is None else Path(settings.student.student).name
    learner = learner_of(
        taught,
        source,
        text=settings.text,
        fit=settings.fit,
        distil=settings.distil,
        beside=settings.beside,
        teacher=next(iter(material.folders), None),
        settings=kept,
        reporter=Console(),
    )
    kept |= {key: value for key, value in learner.resolved().items() if key != "model"}
    return learner


def _plan_lines(learner: Learner, seconds: float) -> list[str]:
    fit, n_weights = learner.fit_settings, learner.n_parameters()
    return [
        f"student: {n_weights:,} parameters, {4 * n_weights / 1e6:.0f} MB as float32",
        f"plan: {counted(fit.epochs or 0, 'epoch')}, {counted(learner.n_updates(), 'update')} at lr {fit.lr or 0:g} in "
        f"{fit.precision}; about {duration(seconds)}",
    ]
