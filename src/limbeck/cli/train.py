"""``limbeck train``: from a labelled file to a saved model."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.cli._say import say
from limbeck.cli._several import first_decides
from limbeck.errors import DataError, Interrupted, SettingsError, TrainingError, require
from limbeck.text.settings import TextSettings
from limbeck.train.launch import number, started
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest
    from limbeck.data import Dataset
    from limbeck.train.cost import Cost
    from limbeck.train.learner import Learner

HELP = "Fit a model to a labelled file: finds the columns, splits, says what it will cost, fits, evaluates, saves."
EXAMPLE = "limbeck train reviews.csv --out model/"

_NOT_KEPT = ("out", "look", "resume", "overwrite", "json")
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
            raise SettingsError(f"--valid-fraction {self.valid_fraction} is no share; give a number from 0 to below 1")


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    data: tyro.conf.Positional[Path]
    """A labelled file (csv, tsv, json lines, parquet), or a folder of class folders."""

    out: Path
    """The folder to save the model in."""

    model: str | None = None
    """Where training starts: the folder of an encoder, its hub name, small (from scratch, needs nothing), frozen
    or frozen:ENCODER (the encoder stays as it is: seconds); sentiment, the weights that ship, where not given."""

    columns: DataChoices = field(default_factory=DataChoices)
    """Columns and split."""

    text: TextSettings = field(default_factory=TextSettings)
    """How much of a text is read."""

    fit: FitSettings = field(default_factory=FitSettings)
    """Epochs, rates, batches."""

    look: bool = True
    """On a file of at most 2,000 rows, show first what the encoder gets as it is, with a logistic regression on top:
    in under ten seconds, or not at all. It changes nothing of the training."""

    calibrate: bool = True
    """Fit a temperature on the validation rows, so that probabilities mean what they say."""

    resume: bool = False
    """Go on from the last checkpoint of --out; begin where there is none, and report a model that is finished."""

    overwrite: bool = False
    """Replace a model that stands at --out."""

    json: bool = False
    """Print the result as one JSON object instead of text."""


def run(settings: Settings) -> int:
    """Train and save; results on stdout, everything else on stderr."""
    for module in ("torch", "transformers", "accelerate"):
        require(module, "train")
    from limbeck.train.cost import estimate
    from limbeck.train.look import look

    out = settings.out
    checkpoints = out.resolve().with_name(out.resolve().name + ".checkpoint")
    stands = first_decides(lambda: _what_stands(settings, checkpoints))
    if stands == "model":
        return 0
    learner = _learner(settings, *read_rows(settings.data, settings.columns, settings.fit.seed))
    cost = estimate(learner)
    say(*_plan_lines(learner, cost))
    if settings.look and stands == "nothing":
        say(*filter(None, [first_decides(lambda: look(learner, cost.pass_seconds))]))
    if number() == 0 and not settings.resume:
        shutil.rmtree(checkpoints, ignore_errors=True)
    try:
        learner.fit(checkpoints, resume=settings.resume)
    except Interrupted as stop:
        raise Interrupted(f"{stop}. Go on with the same command and --resume") from None
    manifest = learner.save(out, calibrated=settings.calibrate, overwrite=settings.overwrite)
    if number() == 0:
        shutil.rmtree(checkpoints, ignore_errors=True)
    _print_result(manifest, settings)
    return 0


def _what_stands(settings: Settings, checkpoints: Path) -> str:
    """Make the place ready, and tell what stands there: the whole ``model``, which is reported, ``part`` of it or
    ``nothing``.

    Raises:
        LimbeckError: something stands there that may not be replaced.
    """
    from limbeck.artefact.manifest import NAME, Manifest
    from limbeck.artefact.save import check_target

    out = settings.out
    begun = any(checkpoints.glob("step-*"))
    if settings.resume and (out / NAME).is_file() and not (begun and settings.overwrite):
        say(f"{out} is finished already; nothing to resume (its settings and data are not compared with these)")
        _print_result(Manifest.read(out), settings)
        return "model"
    check_target(out, overwrite=settings.overwrite)
    _check_checkpoints(checkpoints, begun=begun, settings=settings)
    return "part" if settings.resume and begun else "nothing"


def _check_checkpoints(folder: Path, *, begun: bool, settings: Settings) -> None:
    """See that no earlier work is lost.

    Raises:
        TrainingError: an interrupted run stands there, or files that are none of ours.
    """
    if folder.exists() and not begun and any(folder.iterdir()):
        raise TrainingError(
            f"{folder} is wanted for checkpoints and holds other files; move them, or give another --out"
        )
    if begun and not (settings.resume or settings.overwrite):
        raise TrainingError(
            f"an interrupted run stands at {folder}; add --resume to go on with it, or --overwrite to begin anew"
        )


def read_rows(data: Path, columns: DataChoices, seed: int) -> tuple[Dataset, Dataset | None]:
    """The training rows and the validation rows."""
    from limbeck.data import apply_corrections, of_classes, read, read_splits, split

    options: dict[str, Any] = {
        "text_column": columns.text_column,
        "text_pair_column": columns.text_pair_column,
        "label_column": columns.label_column,
        "task": columns.task,
        "encoding": columns.encoding,
        "skip_bad_rows": columns.skip_bad_rows,
    }
    parts = read_splits(data, **options)
    if "train" not in parts:
        raise DataError(f"{data} has no training part; there are {', '.join(parts)}")
    train, valid = parts["train"], parts.get("valid")
    say(*train.notices)
    if columns.corrections is not None:
        train = apply_corrections(train, columns.corrections)
        say(*train.notices)
    if "test" in parts:
        seen = set(train.ids)
        leaks = sum(key in seen for key in parts["test"].ids)
        say(f"test part: {len(parts['test'])} rows, not read in training; {leaks} of its texts stand in train")
    if columns.valid is not None:
        alike = {**options, **train.column_names, "task": train.task}
        valid = read(columns.valid, **alike, one_class_ok=True)
        valid = of_classes(valid, train.classes, skip=columns.skip_bad_rows)
        say(*valid.notices)
    elif valid is None and columns.valid_fraction > 0:
        train, valid = split(train, columns.valid_fraction, seed)
        say(*train.notices)
    return train, valid


def _learner(settings: Settings, train: Dataset, valid: Dataset | None) -> Learner:
    from limbeck import models
    from limbeck.settings import record
    from limbeck.train.learner import Learner
    from limbeck.train.progress import Console

    kept = {key: value for key, value in record(settings).items() if key not in _NOT_KEPT}
    kept["data"], kept["valid"] = settings.data.name, settings.columns.valid and settings.columns.valid.name
    kept["corrections"] = settings.columns.corrections and settings.columns.corrections.name
    learner = Learner(
        train, valid, model=settings.model, text=settings.text, fit=settings.fit, settings=kept, reporter=Console()
    )
    kept |= {"model": models.shown(learner.source), **record(learner.fit_settings), **record(learner.text)}
    say(*learner.notices)
    return learner


def _plan_lines(learner: Learner, cost: Cost) -> list[str]:
    """What is in the data, and what the training will cost."""
    fit = learner.fit_settings
    if fit.epochs is None:
        plan, seconds = "fitted in one go, without epochs", cost.pass_seconds
    else:
        plan = f"{fit.epochs} epochs, {cost.updates} updates at lr {fit.lr:g} in {fit.precision}"
        seconds = cost.seconds / started()
    if started() > 1:
        plan += f", {started()} processes"
    return [
        *learner.describe().lines(),
        f"model: {learner.source}, {learner.n_parameters():,} parameters, {cost.size_bytes / 1e6:.0f} MB as float32",
        f"plan: {plan}; about {duration(seconds)}",
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


def _print_result(manifest: Manifest, settings: Settings) -> None:
    for note in manifest.passes:
        if note["name"] == "calibrate":
            say(
                f"calibrated: temperature {note['temperature']:.3f}, validation loss of the saved graph "
                f"{note['loss_before']:.6f} before, {note['loss_after']:.6f} after"
            )
    if not manifest.passes and "loss" in manifest.metrics:
        say(f"validation loss of the saved graph {manifest.metrics['loss']:.6f}, not calibrated")
    if settings.json:
        print(json.dumps({"out": str(settings.out), "metrics": manifest.metrics, "passes": manifest.passes}))
        return
    for name, value in manifest.metrics.items():
        if math.isfinite(value):
            print(f"valid {name.replace('_', ' ')}: {value:.4f}")
    print(f"saved: {settings.out}")
