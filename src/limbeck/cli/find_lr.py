"""``limbeck find-lr``: the learning rate with which a training would end best."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from limbeck.cli._say import say
from limbeck.cli.train import DataChoices, duration, read_rows, see_that_it_is_there
from limbeck.errors import counted
from limbeck.text.settings import TextSettings
from limbeck.train import require_training
from limbeck.train.found import FinderSettings
from limbeck.train.loss_settings import LossSettings
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

HELP = "Find the learning rate with which a training would end best: a range test says where to look, pilots decide."
EXAMPLE = "limbeck find-lr reviews.csv --plot lr.png"


@dataclass(frozen=True)
class Settings:
    """Flags of the command: those of the training that the rate is for, and how it is looked for."""

    data: tyro.conf.Positional[Path]
    """A labelled file (csv, tsv, json lines, parquet), or a folder of class folders."""

    model: str | None = None
    """Where the training will start: the folder of an encoder, its hub name, small or static; sentiment where
    not given."""

    columns: DataChoices = field(default_factory=DataChoices)
    """Columns and split."""

    text: TextSettings = field(default_factory=TextSettings)
    """How much of a text is read."""

    fit: FitSettings = field(default_factory=FitSettings)
    """Epochs, schedule, batches of the training."""

    loss: LossSettings = field(default_factory=LossSettings)
    """How the errors of classes count in the training."""

    finder: FinderSettings = field(default_factory=FinderSettings)
    """How the rate is looked for."""

    plot: Path | None = None
    """Picture of what was found (.png, .svg or .pdf)."""

    json: bool = False
    """Print one JSON object, curve and pilots included, instead of text."""


def run(settings: Settings) -> int:
    """Look for a rate; the last line on stdout is ``suggested lr: 8e-05``."""
    see_that_it_is_there(settings.data, settings.columns.valid, settings.columns.corrections)
    require_training()
    from limbeck.plots import check
    from limbeck.train.learner import Learner
    from limbeck.train.progress import Console

    if settings.plot is not None:
        check(settings.plot, flag="--plot")
    if settings.fit.lr is not None:
        say(f"--lr {settings.fit.lr:g} does nothing here: the rate is looked for")
    train, valid = read_rows(settings.data, settings.columns, settings.fit.seed)
    learner = Learner(
        train,
        valid,
        model=settings.model,
        text=settings.text,
        fit=settings.fit,
        loss=settings.loss,
        reporter=Console(),
    )
    say(*learner.notices, *_cost_lines(learner, settings.finder))
    found = learner.find_lr(settings.finder)
    say(f"it took {duration(found.seconds)}; train with --lr {found.suggestion:g}")
    said = json.dumps(found.to_json(), allow_nan=False) if settings.json else "\n".join(found.lines())
    print(said, flush=True)  # first what was found: a picture that cannot be written is to lose nothing
    if settings.plot is not None:
        found.plot(settings.plot)
        say(f"picture: {settings.plot}")
    return 0


def _cost_lines(learner: Learner, finder: FinderSettings) -> list[str]:
    """How long it will take, about, in terms of the training itself."""
    from limbeck import models
    from limbeck.train.cost import estimate
    from limbeck.train.pilots import expected_updates

    if models.own_fit(learner.source) is not None:
        return []
    cost = estimate(learner)
    most = expected_updates(learner, finder)
    told = duration(cost.seconds * most / max(1, cost.updates))
    return [
        f"training: {counted(learner.fit_settings.epochs or 0, 'epoch')}, {counted(cost.updates, 'update')}; "
        f"about {duration(cost.seconds)}",
        f"looking for its rate: at most {counted(most, 'update')}; at most about {told}",
    ]
