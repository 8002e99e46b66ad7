"""A training that fits into a time: what is left out is chosen before, by a measured speed, and said.

In this order: all epochs; fewer; a part of one; the encoder as it is under a fitted layer. A time that none of it fits
into is refused, and one that would do is named. Estimates can be wrong: the training also watches the clock, and ends,
measured and with its best weights, in time for them to be saved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck import models
from limbeck.errors import SettingsError
from limbeck.models import frozen
from limbeck.train import checkpoint
from limbeck.train.checkpoint import Progress
from limbeck.train.cost import Cost, estimate
from limbeck.train.launch import refuse_several
from limbeck.train.limit import Limit
from limbeck.train.rounds import fit_round
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

_DOUBT = 1.25
"""What a measured speed is stretched by: the batches that it was measured on may be the easy ones."""
_SAVING_SECONDS, _BYTES_A_SECOND = 4.0, 50e6
"""Of the files, their graph and the probes; and how fast weights are written, twice over."""
_SAVING_SHARE = 0.05
"""Of the whole time is kept at least: a slow machine saves slowly."""
_LEAST_SHARE = 0.25
"""Of an epoch; where less fits, the frozen encoder learns more in the time."""
_FROZEN_PASSES = 4.0
"""Passes over the rows that a frozen encoder's fit is counted as: float32 is slow, and a layer is fitted twice."""


@dataclass(frozen=True)
class Plan:
    """What is trained in the time."""

    fit: FitSettings
    is_frozen: bool
    """Whether the encoder stays as it is."""
    why: str


def fit_within(
    learner: Learner,
    limit: Limit,
    checkpoints: Path | None = None,
    *,
    resume: bool = False,
    cost: Cost | None = None,
) -> Progress:
    """Choose what fits into ``limit``, say what and why, and train so that all is saved in time.

    A resume keeps what was chosen at first, and has its own time. ``cost`` is measured where it is not given.

    Raises:
        SettingsError: nothing fits; the message names a time that would do.
    """
    refuse_several("--within")
    cost = cost or estimate(learner)
    limit = replace(limit, reserve=reserve(learner, cost, limit.seconds))
    saved = checkpoint.newest(checkpoints) if resume and checkpoints is not None else None
    if saved is not None:
        kept = {name: saved.identity[name] for name in ("epochs", "max_updates", "validations")}
        plan = Plan(replace(learner.fit_settings, **kept), False, "as it was chosen before the stop")
    else:
        plan = choose(learner, cost, limit)
    learner.limit = limit
    learner.chosen = {"how": "within a time", "seconds": limit.seconds, "why": plan.why}
    learner.reporter.line(f"within {limit.seconds:g} s: {plan.why}")
    if plan.is_frozen:
        learner.freeze_all()
        return fit_round(learner, learner.fit_settings)
    return fit_round(learner, plan.fit, checkpoints, resume=resume)


def reserve(learner: Learner, cost: Cost, seconds: float) -> float:
    """Seconds for a last update, validation, saving and calibration."""
    n_valid = 0 if learner.valid is None else len(learner.valid)
    validation = cost.pass_seconds * n_valid / len(learner.train)
    update = cost.seconds / max(1, cost.updates)
    saving = max(_SAVING_SECONDS + 2 * cost.size_bytes / _BYTES_A_SECOND, _SAVING_SHARE * seconds)
    return _DOUBT * (4 * validation + update) + saving


def choose(learner: Learner, cost: Cost, limit: Limit) -> Plan:
    """What is trained in the time that is left, and why.

    Raises:
        SettingsError: nothing fits.
    """
    fit, left = learner.fit_settings, limit.left()
    if fit.epochs is None:
        return _in_one_go(learner, cost, limit, math.inf)
    n_valid = 0 if learner.valid is None else len(learner.valid)
    an_epoch = _DOUBT * (cost.epoch_seconds + cost.pass_seconds * n_valid / len(learner.train))
    wanted = cost.updates / cost.epoch_updates  # as many epochs, or what --max-updates makes of them
    measured = f"an epoch takes about {an_epoch:.3g} s, and {max(0.0, left):.3g} s are left for them"
    if left >= wanted * an_epoch:
        whole = f"{fit.epochs} epochs" if fit.max_updates is None else f"{cost.updates} updates"
        return Plan(fit, False, f"all {whole}, for {measured}")
    if left >= an_epoch:
        epochs = int(left / an_epoch)
        return Plan(replace(fit, epochs=epochs), False, f"{epochs} of {fit.epochs} epochs, for {measured}")
    updates = int(left / an_epoch * cost.epoch_updates)
    if left >= _LEAST_SHARE * an_epoch and updates >= 1:
        part = replace(fit, epochs=1, max_updates=updates)
        return Plan(part, False, f"{left / an_epoch:.0%} of an epoch, {updates} updates, for {measured}")
    a_part = min(wanted, max(_LEAST_SHARE, 1 / cost.epoch_updates))
    return _in_one_go(learner, cost, limit, a_part * an_epoch)


def _in_one_go(learner: Learner, cost: Cost, limit: Limit, a_part: float) -> Plan:
    """The encoder as it is, where that fits; ``a_part`` is the least time in which it can be fine-tuned.

    Raises:
        SettingsError: it does not fit, or there is none.
    """
    needed = _DOUBT * _FROZEN_PASSES * cost.pass_seconds
    is_own = models.own_fit(learner.source) is not None
    can = is_own or (models.family_of(learner.source) in frozen.ENCODERS and learner.task.name in frozen.TASKS)
    if not can or learner.loss_settings.given():
        needed = math.inf
    if needed <= limit.left():
        return Plan(learner.fit_settings, True, f"the encoder as it is under a fitted layer, in about {needed:.3g} s")
    used, least = limit.seconds - limit.left(), min(needed, a_part)
    raise SettingsError(
        f"--within {limit.seconds:g}s is too short: reading and saving take about {used:.3g} s of it, and the least "
        f"that makes sense {least:.3g} s more; give {int(1.2 * (used + least)) + 1}s or more, or fewer rows"
    )
