"""``limbeck distil``: a teacher's judgement into a small student."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from limbeck.cli._lesson import Given, rows_of, teachers_of, told_apart
from limbeck.cli._place import checkpoints_of, what_stands
from limbeck.cli._say import counted, say
from limbeck.cli._several import first_decides
from limbeck.cli._trained import print_result
from limbeck.cli.train import DataChoices, duration
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.settings import DistilSettings, StudentSettings, TextChoices, numbers_of
from limbeck.errors import Interrupted
from limbeck.settings import record
from limbeck.text.settings import TextSettings
from limbeck.train import require_training
from limbeck.train.launch import number
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.distil.lesson import Lesson
    from limbeck.distil.rows import Pool
    from limbeck.train.learner import Learner

HELP = "Teach a small student what a large model, or a file of probabilities, says of your texts."
EXAMPLE = "limbeck distil teacher/ reviews.csv --layers 3 --out student/"

_NOT_KEPT = ("inputs", "out", "dry_run", "resume", "overwrite", "json", "scores")


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    inputs: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[TEACHER/] [DATA]", help_behavior_hint="")
    ] = ()
    """The teacher's folder (a saved model, or a classifier as transformers saves it) and a labelled file; either may be
    left out where --teacher-scores or --unlabelled stand in for it."""

    out: Path = Path("student")
    """The folder to save the student in."""

    teacher_scores: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Files of what teachers said: a text a row, a column of probabilities a class, called as the class or p_<class>;
    or tables of Scores. Several are averaged, with the teacher's folder."""

    student: StudentSettings = field(default_factory=StudentSettings)
    """What the student is like."""

    distil: DistilSettings = field(default_factory=DistilSettings)
    """What counts in the loss."""

    beside: BesideSettings = field(default_factory=BesideSettings)
    """Losses over tokens."""

    texts: TextChoices = field(default_factory=TextChoices)
    """What is learnt from beside the labelled rows."""

    columns: DataChoices = field(default_factory=DataChoices)
    """Columns and split."""

    text: TextSettings = field(default_factory=TextSettings)
    """How much of a text the student reads."""

    fit: FitSettings = field(default_factory=FitSettings)
    """Epochs, rates, batches; three epochs at 2e-4 for an encoder where not given."""

    scores: Path | None = None
    """A file (.npz or .parquet) for what the teachers said of all texts: --teacher-scores takes it later."""

    dry_run: bool = False
    """Say what it would take and write, and do nothing."""

    calibrate: bool = True
    """Fit a temperature on labelled validation rows."""

    resume: bool = False
    """Go on from the last checkpoint of --out; begin where there is none."""

    overwrite: bool = False
    """Replace a model that stands at --out."""

    json: bool = False
    """Print the result as one JSON object instead of text."""


def run(settings: Settings) -> int:
    """Ask the teachers, teach, save; results on stdout, everything else on stderr."""
    teacher, data = told_apart(settings.inputs, settings.teacher_scores)
    require_training()
    given = Given(teacher, data, settings.teacher_scores, settings.columns, settings.texts, settings.fit.seed)
    stages = _stages(settings)
    with tempfile.TemporaryDirectory(prefix="limbeck-distil-") as home:
        for n, stage in enumerate(stages):
            place = Path(home) / str(n)
            place.mkdir()
            _stage(stage, given, place)
            given = replace(given, teacher=stage.out, scores=())  # the next one learns from this one
            if settings.dry_run and n + 1 < len(stages):
                say(f"then from {stage.out}, once it stands: {' and '.join(str(one.out) for one in stages[n + 1 :])}")
                break
    return 0


def _stages(settings: Settings) -> list[Settings]:
    """The command, one student after the other: those on the way beside ``--out``."""
    on_the_way, source = [], settings.student.student
    for layers in settings.student.stages:
        out = settings.out.with_name(f"{settings.out.name}-{layers}-layers")
        student = replace(settings.student, student=source, layers=layers, through=None)
        on_the_way.append(replace(settings, student=student, out=out))
        source = str(out)
    last = replace(settings.student, student=source, through=None)
    return [*on_the_way, replace(settings, student=last)]


def _stage(settings: Settings, given: Given, home: Path) -> None:
    """Teach one student."""
    from limbeck.cli._dry_run import judging_lines, unasked, writing_lines
    from limbeck.distil.lesson import Choices, lesson
    from limbeck.train.cost import estimate
    from limbeck.train.progress import Console

    flags = {"resume": settings.resume, "overwrite": settings.overwrite, "as_json": settings.json}
    stands = "nothing" if settings.dry_run else first_decides(lambda: what_stands(settings.out, **flags))
    if stands == "model":
        return
    teachers = teachers_of(given, home)
    rows, valid = rows_of(given, teachers)
    source = _source(settings, given, home, rows)
    if settings.dry_run:
        pretended = unasked(teachers, rows, valid)
        learner = _learner(settings, pretended, source, given)
        say(*judging_lines(teachers, rows), *_plan_lines(learner, estimate(learner).seconds))
        say(*writing_lines(settings.out, settings.scores, learner.n_parameters()))
        return
    choices = Choices(
        valid_fraction=settings.columns.valid_fraction,
        augment=settings.texts.augment,
        skip_unknown=settings.columns.skip_bad_rows,
        seed=settings.fit.seed,
    )
    taught = lesson(teachers, rows, valid, choices, Console())
    say(*taught.notices)
    if settings.scores is not None and number() == 0:
        taught.scores.write(settings.scores)
    _teach(settings, taught, _learner(settings, taught, source, given))


def _teach(settings: Settings, taught: Lesson, learner: Learner) -> None:
    from limbeck.distil.taught import detach, finishing
    from limbeck.train.cost import estimate

    checkpoints = checkpoints_of(settings.out)
    say(*learner.notices, *learner.describe().lines(), *_plan_lines(learner, estimate(learner).seconds))
    if number() == 0 and not settings.resume:
        shutil.rmtree(checkpoints, ignore_errors=True)
    try:
        learner.fit(checkpoints, resume=settings.resume)
    except Interrupted as stop:
        raise Interrupted(f"{stop}. Go on with the same command and --resume") from None
    detach(learner)
    calibrated = settings.calibrate and taught.valid_is_labelled
    finish = finishing(taught, learner)
    manifest = learner.save(settings.out, calibrated=calibrated, overwrite=settings.overwrite, finish=finish)
    if number() == 0:
        shutil.rmtree(checkpoints, ignore_errors=True)
    if not taught.valid_is_labelled and taught.valid is not None:
        say("the validation rows have no labels: the measures tell how far the student agrees with the teachers")
    if told := manifest.training["taught"].get("compared"):
        from limbeck.inspect.paired import Pair

        say(Pair(**told).line("teacher", "student"))
    print_result(manifest, settings.out, as_json=settings.json)


def _source(settings: Settings, given: Given, home: Path, rows: Pool) -> str:
    """Where the learner makes the student from."""
    from limbeck.distil.student import Cut
    from limbeck.distil.taught import Student, place_student
    from limbeck.errors import SettingsError

    asked = settings.student
    named = asked.student or (str(given.teacher) if given.teacher is not None else None)
    if named is None:
        raise SettingsError(
            "a file of probabilities has no weights to start a student from; name an encoder with --student FOLDER, or "
            "--student small"
        )
    take = None if asked.take is None else numbers_of(asked.take)
    cut = Cut(asked.layers, None if take is None else tuple(take), asked.width, asked.vocabulary, asked.dropout)
    return place_student(Student(named, cut), home, rows.dataset.inputs)


def _learner(settings: Settings, taught: Lesson, source: str, given: Given) -> Learner:
    from limbeck.distil.taught import learner_of
    from limbeck.train.progress import Console

    kept: dict[str, Any] = {key: value for key, value in record(settings).items() if key not in _NOT_KEPT}
    for key in ("teacher_scores", "unlabelled", "held_out"):
        kept[key] = [Path(path).name for path in kept[key]]
    kept["data"], kept["valid"] = taught.train.name, settings.columns.valid and settings.columns.valid.name
    kept["student"] = None if settings.student.student is None else Path(settings.student.student).name
    learner = learner_of(
        taught,
        source,
        text=settings.text,
        fit=settings.fit,
        distil=settings.distil,
        beside=settings.beside,
        teacher=given.teacher,
        settings=kept,
        reporter=Console(),
    )
    kept |= {key: value for key, value in learner.resolved().items() if key not in ("model",)}
    return learner


def _plan_lines(learner: Learner, seconds: float) -> list[str]:
    fit, n_weights = learner.fit_settings, learner.n_parameters()
    return [
        f"student: {n_weights:,} parameters, {4 * n_weights / 1e6:.0f} MB as float32",
        f"plan: {counted(fit.epochs or 0, 'epoch')}, {counted(learner.n_updates(), 'update')} at lr {fit.lr or 0:g} in "
        f"{fit.precision}; about {duration(seconds)}",
    ]
