"""``limbeck train``: from a labelled file to a saved model."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.cli._place import checkpoints_of, fit_there, told_what_stands, what_stands
from limbeck.cli._say import say
from limbeck.cli._several import first_decides
from limbeck.cli._trained import print_result
from limbeck.errors import DataError, counted, refuse, together
from limbeck.text.settings import TextSettings
from limbeck.train import require_training
from limbeck.train.launch import number, started
from limbeck.train.limit import seconds_of
from limbeck.train.loss_settings import LossSettings
from limbeck.train.settings import FitSettings, auto_problems

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.train.cost import Cost
    from limbeck.train.learner import Learner
    from limbeck.train.loop import Listener

HELP = "Fit a model to a labelled file: finds the columns, splits, says what it will cost, fits, evaluates, saves."
EXAMPLE = "limbeck train reviews.csv --out model/"

_NOT_KEPT = ("out", "look", "resume", "tensorboard", "overwrite", "json")
"""Settings that leave the model as it is: an artefact does not record them."""


@dataclass(frozen=True)
class DataChoices:
    """Which columns, and which rows are held back."""

    text_column: str | None = None
    """Column of texts; guessed where not given."""

    text_pair_column: str | None = None
    """Column of the second text, for pairs; guessed where not given."""

    label_column: str | None = None
    """Column of class names, or of numbers to regress; guessed where not given."""

    task: str | None = None
    """classify or regress; told from the labels where not given."""

    valid: Path | None = None
    """Validation rows; a share of the data file where not given."""

    valid_fraction: float = 0.1
    """Share of the rows held back, stratified, to choose the weights by; 0: none, and the last weights are kept."""

    corrections: Path | None = None
    """A file that `limbeck evaluate --corrections` wrote and you filled in: labels are changed, and rows dropped, as it
    says. The data file is not altered."""

    encoding: str = "utf-8"
    """Encoding of a text file."""

    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of refusing the file."""

    def __post_init__(self) -> None:
        if not 0 <= self.valid_fraction < 1:
            refuse([f"--valid-fraction {self.valid_fraction} is no share; give a number from 0 to below 1"])


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    data: tyro.conf.Positional[Path]
    """A labelled file (csv, tsv, json lines, parquet), or a folder of class folders."""

    out: Path
    """The folder to save the model in."""

    model: str | None = None
    """Where training starts: the folder of an encoder, its hub name, small or static (from scratch, need nothing;
    static has no encoder and answers in microseconds), frozen or frozen:ENCODER (the encoder stays as it is:
    seconds); sentiment, the weights that ship, where not given."""

    columns: DataChoices = field(default_factory=DataChoices)
    """Columns and split."""

    text: TextSettings = field(default_factory=TextSettings)
    """How much of a text is read."""

    fit: FitSettings = field(default_factory=FitSettings)
    """Epochs, rates, batches."""

    loss: LossSettings = field(default_factory=LossSettings)
    """How the errors of classes count."""

    look: bool = True
    """On a file of at most 2,000 rows, show first what the encoder gets as it is, with a logistic regression on top:
    in under ten seconds, or not at all. It changes nothing of the training."""

    auto: bool = False
    """Choose rate and epochs, and keep the best weights; what --lr and --epochs name is taken. A file of at most
    1,000 rows is learnt whole: folds of it decide between the encoder as it is and a fine-tuned one."""

    within: str | None = None
    """Time for all of it, such as 10m, 90s or 1h30m: epochs, a part of one or the frozen encoder, whatever fits."""

    tensorboard: Path | None = None
    """A folder for TensorBoard, written while the training goes on."""

    calibrate: bool = True
    """Fit a temperature on the validation rows, so that probabilities mean what they say."""

    resume: bool = False
    """Go on from the last checkpoint of --out; begin where there is none, and report a model that is finished."""

    overwrite: bool = False
    """Replace a model that stands at --out."""

    json: bool = False
    """Print the result as one JSON object instead of text."""

    def __post_init__(self) -> None:
        if self.within is not None:
            seconds_of(self.within)
        if self.auto:
            resumes = ["--auto chooses anew each time and is not resumed; leave --resume out"] if self.resume else []
            refuse([*resumes, *auto_problems(self.fit)])


def run(settings: Settings) -> int:
    """Train and save; results on stdout, everything else on stderr."""
    see_that_it_is_there(settings.data, settings.columns.valid, settings.columns.corrections)
    require_training()
    from limbeck.train.cost import estimate
    from limbeck.train.look import look

    begun = time.monotonic() - time.process_time()  # the imports before count too
    out = settings.out
    checkpoints = checkpoints_of(out)
    stands = first_decides(
        lambda: what_stands(out, resume=settings.resume, overwrite=settings.overwrite, as_json=settings.json)
    )
    if stands == "model":
        return 0
    with ExitStack() as stack:
        learner = _learner(settings, *_rows(settings), listeners=_listeners(settings, stack))
        cost = estimate(learner)
        say(*_plan_lines(learner, cost, settings))
        chooses = settings.auto or settings.within is not None
        if settings.look and not chooses and stands == "nothing":
            say(*filter(None, [first_decides(lambda: look(learner, cost.pass_seconds))]))
        fit = partial(_fit, learner, cost, checkpoints, settings, begun)
        fit_there(fit, checkpoints, resume=settings.resume, goes_on=not settings.auto)
    with told_what_stands(out):
        manifest = learner.save(out, calibrated=settings.calibrate, overwrite=settings.overwrite)
    if number() == 0:
        shutil.rmtree(checkpoints, ignore_errors=True)
    print_result(manifest, out, as_json=settings.json)
    return 0


def _fit(learner: Learner, cost: Cost, checkpoints: Path, settings: Settings, begun: float) -> None:
    """Train in the way that was asked for; the time, where there is one, began at ``begun``."""
    from limbeck.train.autofit import autofit
    from limbeck.train.limit import NO_LIMIT, Limit
    from limbeck.train.within import fit_within

    limit = NO_LIMIT if settings.within is None else Limit.of(settings.within, begun=begun)
    if settings.auto:
        autofit(learner, limit, cost=cost)
    elif limit is NO_LIMIT:
        learner.fit(checkpoints, resume=settings.resume)
    else:
        fit_within(learner, limit, checkpoints, resume=settings.resume, cost=cost)


def _listeners(settings: Settings, stack: ExitStack) -> list[Listener]:
    """What follows the log while the training goes on."""
    if settings.tensorboard is None or number() > 0:
        return []
    from limbeck.train.tensorboard import TensorBoard

    return [stack.enter_context(TensorBoard(settings.tensorboard))]


def _rows(settings: Settings) -> tuple[Dataset, Dataset | None]:
    """The training rows and the validation rows, of which a small file gives --auto none."""
    columns, seed = settings.columns, settings.fit.seed
    return read_rows(settings.data, columns, seed, is_whole=lambda train: _is_learnt_whole(train, settings))


def read_rows(
    data: Path,
    columns: DataChoices,
    seed: int,
    *,
    is_whole: Callable[[Dataset], bool] | None = None,
    classes: Sequence[str] = (),
    headings_of: str = "",
) -> tuple[Dataset, Dataset | None]:
    """The training rows and the validation rows; none are held back of rows that ``is_whole`` says are all needed.

    Where ``classes`` are given, the labels are some of these, which may be the headings of a file.
    """
    from limbeck.data import apply_corrections, of_classes, read, read_splits, split
    from limbeck.data.formats.text_file import encoding_of

    options: dict[str, Any] = {
        "text_column": columns.text_column,
        "text_pair_column": columns.text_pair_column,
        "label_column": columns.label_column,
        "task": columns.task,
        "encoding": encoding_of(data, columns.encoding),
        "skip_bad_rows": columns.skip_bad_rows,
    }
    parts = read_splits(data, **options, labelled_test=False, classes=classes, one_class_ok=bool(classes))
    if "train" not in parts:
        raise DataError(f"{data} has no training part; there are {', '.join(parts)}")
    train, valid = parts["train"], parts.get("valid")
    say(*train.notices)
    if columns.corrections is not None:
        known = replace(train, classes=tuple(dict.fromkeys((*train.classes, *classes))))
        train = apply_corrections(known, columns.corrections)
        say(*train.notices)
    if classes:
        n_said = len(train.notices)
        train = of_classes(train, classes, skip=columns.skip_bad_rows, headings_of=headings_of)
        say(*train.notices[n_said:])
    if "test" in parts:
        seen = set(train.ids)
        leaks = sum(key in seen for key in parts["test"].ids)
        say(f"test part: {len(parts['test'])} rows, not read in training; {leaks} of its texts stand in train")
    if columns.valid is not None:
        encoding = encoding_of(columns.valid, columns.encoding)
        alike = {**options, **train.column_names, "task": train.task, "encoding": encoding}
        valid = read(columns.valid, **alike, one_class_ok=True)
        valid = of_classes(valid, train.classes, skip=columns.skip_bad_rows)
        say(*valid.notices)
    elif valid is None and columns.valid_fraction > 0 and not (is_whole and is_whole(train)):
        train, valid = split(train, columns.valid_fraction, seed)
        say(*train.notices)
    return train, valid


def see_that_it_is_there(*paths: Path | None) -> None:
    """Raise for paths where nothing is, before anything is imported or asked for.

    Raises:
        DataError: there is no such file or folder.
    """
    problems = []
    for path in paths:
        if path is not None and not path.exists():
            from limbeck.data import open_rows

            try:
                open_rows(path)  # says so, and names what stands beside
            except DataError as error:
                problems.append(str(error))
    if problems:
        raise DataError(together(problems))


def _is_learnt_whole(train: Dataset, settings: Settings) -> bool:
    """Whether --auto learns from all rows, so that none are held back."""
    if not settings.auto:
        return False
    from limbeck import models
    from limbeck.train.few import needs_all

    source = models.DEFAULT if settings.model is None else settings.model
    return needs_all(len(train), source=source, task=train.task, loss=settings.loss)


def _learner(settings: Settings, train: Dataset, valid: Dataset | None, *, listeners: Sequence[Listener]) -> Learner:
    from limbeck.settings import record
    from limbeck.train.learner import Learner
    from limbeck.train.progress import Console

    kept = {key: value for key, value in record(settings).items() if key not in _NOT_KEPT}
    kept["data"], kept["valid"] = settings.data.name, settings.columns.valid and settings.columns.valid.name
    kept["corrections"] = settings.columns.corrections and settings.columns.corrections.name
    rooms: dict[str, Any] = {"text": settings.text, "fit": settings.fit, "loss": settings.loss}
    learner = Learner(
        train, valid, model=settings.model, **rooms, settings=kept, reporter=Console(), listeners=listeners
    )
    kept |= learner.resolved()
    say(*learner.notices)
    return learner


def _plan_lines(learner: Learner, cost: Cost, settings: Settings) -> list[str]:
    """What is in the data, and what the training will cost."""
    fit, unit = learner.fit_settings, ""
    if fit.epochs is None:
        plan, seconds = "fitted in one go, without epochs", cost.pass_seconds
    elif settings.auto or settings.within is not None:
        plan, seconds, unit = "chosen by what is measured", cost.epoch_seconds, " an epoch"
    else:
        plan = f"{counted(fit.epochs, 'epoch')}, {counted(cost.updates, 'update')} at lr {fit.lr:g} in {fit.precision}"
        seconds = cost.seconds / started()
    if started() > 1:
        plan += f", {started()} processes"
    return [
        *learner.describe().lines(),
        f"model: {learner.source}, {learner.n_parameters():,} parameters, {cost.size_bytes / 1e6:.0f} MB as float32",
        f"plan: {plan}; about {duration(seconds)}{unit}",
    ]


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(8), duration(200), duration(9000)
    ('8 s', '3 min 20 s', '2 h 30 min')
    """
    whole = max(1, round(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
