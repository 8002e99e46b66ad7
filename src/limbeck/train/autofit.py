"""Train without a rate and without epochs: found, tried and kept by the validation loss.

The first fit falls in a straight line from the rate that the finder suggests, is validated four times an epoch, and
ends early where an epoch brings nothing. Each further one begins at the best weights so far with half the rate and
falls to 0 within an epoch, for as long as that lowers the loss: a plateau is left with a lower rate, from its best
point. Fine-tuning likes a short fall from the right rate; a constant rate with cuts, which is ktrain's ``autofit``, is
the schedule ``plateau``.

With few rows nothing can be held back: see :mod:`limbeck.train.few`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from limbeck import models
from limbeck.errors import SettingsError, refuse
from limbeck.train import few
from limbeck.train.checkpoint import Progress
from limbeck.train.cost import Cost, estimate
from limbeck.train.launch import refuse_several
from limbeck.train.limit import NO_LIMIT, Limit
from limbeck.train.rounds import fit_round
from limbeck.train.settings import FitSettings, auto_problems
from limbeck.train.within import fit_within, reserve

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

VALIDATIONS = 4
"""An epoch, where it has so many updates."""
PATIENCE = 1
"""Epochs without a lower loss that end a fit."""
LEAST_UPDATES = 200
"""Updates of the first fit at least: a small file is read more often."""
MOST_EPOCHS = 20
MOST_ROUNDS = 4
"""Fits at most, the first among them."""
_DOUBT, _PILOTS = 1.6, 1.75
"""What the first fit's estimate is stretched by, for what goes wrong and the second fit; and what the finder adds:
seven pilots at most, of a quarter of the updates each."""
WORTH_WHILE = 0.005
"""Share by which a fit must lower the loss for another one to follow."""

FindRate = Callable[["Learner"], float]
"""Finds the rate of the fit that a learner is set up for; changes no weights."""


def suggested(learner: Learner) -> float:
    """The rate that the finder suggests; what it cannot know is told."""
    found = learner.find_lr()
    for note in found.notes:
        learner.reporter.line(f"find-lr: {note}")
    return found.suggestion


def autofit(
    learner: Learner, limit: Limit = NO_LIMIT, *, cost: Cost | None = None, find_rate: FindRate = suggested
) -> Progress:
    """Choose a rate and epochs, train, and keep the best weights; what was chosen is told and recorded.

    What the learner's settings name (``epochs``, ``lr``, ``schedule`` and the rest) is not chosen but taken. In a
    ``limit`` that leaves no time to look for a rate, :func:`limbeck.train.within.fit_within` chooses.

    Returns:
        The last fit's progress; ``learner.rounds`` has all.

    Raises:
        SettingsError: there are no validation rows to choose by, or the last weights are to be kept.
    """
    refuse_several("--auto")
    refuse(auto_problems(learner.fit_settings))
    if models.own_fit(learner.source) is not None:
        few.tell(learner, how="in one go", why=f"{learner.source} is fitted without rates or epochs")
        return fit_round(learner, learner.fit_settings)
    if limit is not NO_LIMIT:
        cost = cost or estimate(learner)
        learner.limit = replace(limit, reserve=reserve(learner, cost, limit.seconds))
        if not _has_time(learner, cost):
            learner.reporter.line("autofit: too little time to look for a rate; what fits is chosen by speed alone")
            return fit_within(learner, limit, cost=cost)
    if few.is_few(learner):
        return few.fit_few(learner)
    if learner.valid is None:
        raise SettingsError(
            f"there are no validation rows for --auto to choose by; hold some back (--valid-fraction 0.1, or "
            f"limbeck.split), or give at most {few.MOST_ROWS} rows to a pretrained encoder, which are cross-validated"
        )
    fit = first_fit(learner)
    fit, why = _with_rate(learner, fit, find_rate)
    if learner.limit is not NO_LIMIT:
        why += f"; to be done within {learner.limit.seconds:g} s"
    few.tell(learner, how="fits by validation loss", epochs=fit.epochs, lr=fit.lr, validations=fit.validations, why=why)
    frozen_loss = few.frozen_loss(learner)
    progress = _rounds(learner, fit)
    if frozen_loss is not None and progress.best_loss is not None and frozen_loss < progress.best_loss:
        progress = few.take_frozen(learner)
        why = f"the frozen encoder has the lower validation loss, {frozen_loss:.4f}; it is taken"
        few.tell(learner, how="frozen encoder", why=why, fine_tuned_loss=learner.rounds[-2].progress.best_loss)
    return progress


def _has_time(learner: Learner, cost: Cost) -> bool:
    """Whether all that is tried fits into the limit, as far as the speed tells."""
    if few.is_few(learner):
        return _DOUBT * few.n_epochs(learner) * cost.epoch_seconds < learner.limit.left()
    pilots = 0.0 if learner.asked.lr is not None else _PILOTS
    updates = sum(first_fit(learner).epoch_sizes(learner.encoded.lengths))
    return (_DOUBT + pilots) * updates * cost.seconds / max(1, cost.updates) < learner.limit.left()


def first_fit(learner: Learner) -> FitSettings:
    """The first fit's settings but for the rate: what the user named stays."""
    fit, asked = learner.fit_settings, learner.asked
    an_epoch = len(fit.steps(learner.encoded.lengths))
    often = min(MOST_EPOCHS, -(-LEAST_UPDATES // an_epoch))
    epochs = asked.epochs or max(fit.epochs or 1, often)
    validations = asked.validations if asked.validations > 1 else max(1, min(VALIDATIONS, an_epoch // 5))
    return replace(fit, epochs=epochs, validations=validations, patience=asked.patience or PATIENCE)


def _with_rate(learner: Learner, fit: FitSettings, find_rate: FindRate) -> tuple[FitSettings, str]:
    """The settings with their rate, and where it comes from."""
    if learner.asked.lr is not None:
        return fit, "the rate was given"
    before = learner.fit_settings, learner.listeners
    learner.fit_settings, learner.listeners = fit, ()  # what is tried is no part of the log
    try:
        rate = find_rate(learner)
    finally:
        learner.fit_settings, learner.listeners = before
    return replace(fit, lr=rate), f"lr {rate:g} was found for {fit.epochs} epochs"


def _rounds(learner: Learner, fit: FitSettings) -> Progress:
    """Fit, and fit on from the best weights with half the rate while that helps."""
    progress = fit_round(learner, fit)
    while len(learner.rounds) < MOST_ROUNDS and not learner.limit.is_up():
        before = progress.best_loss
        assert before is not None
        fit = replace(fit, lr=(fit.lr or 0.0) / 2, epochs=1, output_layer="fresh", gradual=False)
        learner.reporter.line(f"autofit: on from the best weights, validation loss {before:.4f}, with lr {fit.lr:g}")
        progress = fit_round(learner, fit)
        if progress.best_loss is None or progress.best_loss > (1 - WORTH_WHILE) * before:
            break
    return progress
