"""``limbeck distil``: a teacher's judgement into a small student."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from limbeck.cli._lesson import rows_of
from limbeck.cli._place import checkpoints_of, goes_on, is_finished, say_finished, what_stands
from limbeck.cli._say import say
from limbeck.cli._stage import Material, Rehearsed, rehearse, teach
from limbeck.cli._teachers import Given, teachers_of, told_apart
from limbeck.cli._written import hindrances
from limbeck.cli.train import DataChoices
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.settings import DistilSettings, StudentSettings, TextChoices
from limbeck.errors import SettingsError, refuse
from limbeck.text.settings import TextSettings
from limbeck.train import require_training
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.cli._distil_pretrain import PretrainSettings

HELP = "Teach a small student what a large model, or a file of probabilities, says of your texts."
EXAMPLE = "limbeck distil teacher/ reviews.csv --layers 3 --out student/"

NOTHING = "nothing was written"
_PRETRAIN = "--pretrain"


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    inputs: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[TEACHERS/] [DATA]", help_behavior_hint="")
    ] = ()
    """The teacher's folder (a saved model, or a classifier as transformers saves it) and a labelled file; either may be
    left out where --teacher-scores or --unlabelled stand in for it. Several teachers are averaged, and the student
    starts from the first."""

    out: Path = Path("student")
    """The folder to save the student in."""

    teacher_scores: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Files of what teachers said: a text a row, a column of probabilities a class, called as the class or p_<class>;
    or tables of Scores. Several are averaged, with the teachers' folders."""

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
    """A file (.npz or .parquet) for what the teachers said of all texts but the variants of --augment: --teacher-scores
    takes it later."""

    pretrain: bool = False
    """Distil an encoder on texts instead, as DistilBERT was: see limbeck distil --pretrain --help."""

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


def plain(arguments: Sequence[str]) -> PretrainSettings | None:
    """The flags where they are those of pre-training; None where they are this command's own."""
    if _PRETRAIN not in arguments:
        return None
    from limbeck.cli import _distil_pretrain as other
    from limbeck.settings import from_flags

    description = f"{other.HELP}\n\nexample: {other.EXAMPLE}"
    return from_flags(other.PretrainSettings, arguments, command=f"distil {_PRETRAIN}", description=description)


def run(settings: Settings | PretrainSettings) -> int:
    """Ask the teachers, teach, save; results on stdout, everything else on stderr."""
    if not isinstance(settings, Settings):
        from limbeck.cli._distil_pretrain import run as pretrain

        return pretrain(settings)
    texts, columns = settings.texts, settings.columns
    read = [*texts.unlabelled, *texts.held_out, columns.valid, columns.corrections]
    folders, data = told_apart(settings.inputs, settings.teacher_scores, read)
    stages = _stages(settings)
    _see_that_it_can_begin(settings, folders, [stage.out for stage in stages])
    require_training()
    from limbeck.distil.teacher import fitting, open_model
    from limbeck.train.progress import Console

    stands = _what_stands(stages)
    if stands[-1] == "model":
        if settings.dry_run:
            say_finished(settings.out)
            say(NOTHING)
        return 0
    fit, exact = settings.fit, settings.fit.precision == "float32"
    given = Given(folders, data, settings.teacher_scores, settings.columns, settings.texts, fit.seed, exact)
    if stands[0] == "model" and settings.scores is not None:
        say(f"--scores {settings.scores} is not written: {stages[0].out} is finished, and no teacher is asked again")
    with tempfile.TemporaryDirectory(prefix="limbeck-distil-") as home:
        teachers = teachers_of(given, Path(home))
        rows, valid = rows_of(given, teachers, Console().watch)
        material = Material(fitting(teachers, rows.dataset, Path(home)), rows, valid, folders)
        if settings.dry_run:
            _rehearse(stages, stands, material, Path(home), settings.student.through)
            return 0
        for n, stage in enumerate(stages):
            place = Path(home) / str(n)
            place.mkdir()
            if n > 0:  # each student learns from the one before it
                before = stages[n - 1].out
                material = replace(material, teachers=[open_model(before, place, exact=exact)], folders=(before,))
            if stands[n] != "model":
                is_last = n + 1 == len(stages)
                through = None if is_last else settings.student.through
                aside = contextlib.nullcontext() if is_last else contextlib.redirect_stdout(sys.stderr)
                with _in_words_of(through), aside:
                    teach(stage, material, place)
    return 0


def _rehearse(
    stages: Sequence[Settings], stands: Sequence[str], material: Material, home: Path, through: str | None
) -> None:
    """Say what it would take to teach one student after the other, those on the way as ``through`` asks, and those that
    stand there finished left as they are; write nothing."""
    from limbeck.distil.teacher import open_model

    before: Rehearsed | None = None
    exact = stages[0].fit.precision == "float32"
    for n, stage in enumerate(stages):
        place = home / str(n)
        place.mkdir()
        if stands[n] == "model":
            say(f"{stage.out} is finished: it is left as it is")
            before, material = None, replace(material, teachers=[open_model(stage.out, place, exact=exact)])
            material = replace(material, folders=(stage.out,))
            continue
        if n > 0:
            say(f"then {stage.out}, taught by {stages[n - 1].out.name}:")
        if before is not None:
            material = replace(material, folders=(Path(before.source),))
        with _in_words_of(None if n + 1 == len(stages) else through):
            before = rehearse(stage, material, place, before)
    say(NOTHING)


@contextlib.contextmanager
def _in_words_of(through: str | None) -> Iterator[None]:
    """While it is open, what is wrong with the layers of a student on the way is told of ``--through``, which asked for
    them; of the last student, where that is None, as it is.

    Raises:
        SettingsError: as within.
    """
    try:
        yield
    except SettingsError as error:
        if through is None:
            raise
        raise SettingsError(re.sub(r"^--layers \d+:", f"--through {through}:", str(error))) from None


def _see_that_it_can_begin(settings: Settings, teachers: Sequence[Path], places: Sequence[Path]) -> None:
    """What can be told before anything is read, scored or trained; ``teachers`` are the folders of those that have one,
    ``places`` those of the students.

    Raises:
        SettingsError: there is nothing that the student could start from, or no file can be written at --scores.
        DataError: what stands at --scores is none.
    """
    if settings.student.student is None and not teachers:
        raise SettingsError(
            "a file of probabilities has no weights to start a student from; name an encoder with --student FOLDER, or "
            "--student small"
        )
    problems = [*_replaced(settings, teachers, places), *_inside(settings.scores, places)]
    problems += hindrances("--scores", settings.scores, reads=settings.teacher_scores, makes_folders=True)
    refuse(problems)
    if settings.scores is not None:
        from limbeck.scores import standing

        standing(settings.scores)


def _replaced(settings: Settings, teachers: Sequence[Path], places: Sequence[Path]) -> list[str]:
    """Which models that are read would be replaced by a student."""
    named = settings.student.student
    teacher = "the teacher" if len(teachers) == 1 else "one of the teachers"
    sources = [(teacher, folder) for folder in teachers]
    sources += [("the model that the student starts from", Path(named))] if named is not None else []
    return [
        f"{str(place)!r} is {what}, and would be replaced by its student; give another --out"
        for what, source in sources
        for place in places
        if source.is_dir() and source.resolve() == place.resolve()
    ]


def _inside(scores: Path | None, places: Sequence[Path]) -> list[str]:
    """Where ``scores`` would stand in the folder of a model, which holds nothing else, or of its checkpoints."""
    if scores is None:
        return []
    folders = [folder for place in places for folder in (place.resolve(), checkpoints_of(place))]
    above = next((folder for folder in folders if folder in scores.resolve().parents), None)
    if above is None:
        return []
    return [f"--scores {str(scores)!r} is in {above.name}, a folder that holds a model alone; name a place outside it"]


def _stages(settings: Settings) -> list[Settings]:
    """The command, one student after the other: those on the way beside ``--out``. What the teachers said is written by
    the first, which asks them."""
    from limbeck.models import named_by

    found, source = [], settings.student.student
    place = settings.out if settings.out.name else settings.out.resolve()
    for layers in settings.student.stages:
        out = place.with_name(f"{place.name}-{layers}-layers")
        student = replace(settings.student, student=source, layers=layers, through=None)
        found.append(replace(settings, student=student, out=out))
        source = named_by(out)
    last = replace(settings, student=replace(settings.student, student=source, through=None))
    first, *others = [*found, last]
    return [first, *(replace(one, scores=None) for one in others)]


def _what_stands(stages: Sequence[Settings]) -> list[str]:
    """What stands at each student's place, before anything is done: what may not be replaced is told now.

    Raises:
        LimbeckError: something stands there that may not be replaced.
    """
    from limbeck.artefact.manifest import NAME

    stands: list[str] = []
    for n, stage in reversed([*enumerate(stages)]):
        flags = {"resume": stage.resume, "overwrite": stage.overwrite, "as_json": stage.json}
        flags["stale"] = stage.overwrite and goes_on([one.out for one in stages[:n]], stage.out)
        if stage.dry_run:
            found = is_finished(stage.out, NAME, resume=stage.resume, overwrite=stage.overwrite)
            stands.append("model" if found and not flags["stale"] else "nothing")
        elif "model" not in stands[:1]:  # where the last student stands, those on the way are of no matter
            with contextlib.redirect_stdout(sys.stderr) if stands else contextlib.nullcontext():
                stands.append(what_stands(stage.out, **flags))
    return stands[::-1]
