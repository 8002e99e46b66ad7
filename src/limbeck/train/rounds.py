"""Fits of one learner, one after the other: each goes on from the weights that the one before left.

The best weights of all rounds are kept: a round begins with what its predecessor reached as the loss to beat. Its rows
come in an order of its own. The log and the record tell of every round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck import models
from limbeck.errors import TrainingError
from limbeck.settings import record
from limbeck.train import checkpoint
from limbeck.train.checkpoint import Progress
from limbeck.train.direct import fit_directly, start_output_layer
from limbeck.train.identity import identity_of
from limbeck.train.loop import Loop, Work
from limbeck.train.memory import keep_freed_memory
from limbeck.train.processes import join
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.train.learner import Learner


@dataclass(frozen=True)
class Round:
    """One fit."""

    fit: FitSettings
    progress: Progress


def fit_round(learner: Learner, fit: FitSettings, checkpoints: Path | None = None, *, resume: bool = False) -> Progress:
    """Train ``learner``'s model under ``fit``, or take that up again; add the round to its rounds.

    Raises:
        TrainingError: the loss is not a number any more, or a checkpoint is of other settings or other data.
        Interrupted: the user asked to stop.
    """
    keep_freed_memory()
    before, learner.fit_settings = learner.fit_settings, fit
    try:
        if (own_fit := models.own_fit(learner.source)) is not None:
            progress = fit_directly(learner, own_fit)
        else:
            progress = _run(learner, checkpoints, resume)
        learner.rounds = (*learner.rounds, Round(fit, progress))
        learner.settings = {**learner.settings, **record(fit)}
    finally:
        learner.fit_settings = before
    return progress


def _run(learner: Learner, checkpoints: Path | None, resume: bool) -> Progress:
    processes = join()
    processes.agree(identity_of(learner))
    processes.first(lambda: _make(checkpoints))
    saved = processes.checkpoint(lambda: checkpoint.newest(checkpoints) if resume and checkpoints else None)
    if saved is not None:  # the round that it is of begins again, whether it came to its end or not
        learner.rounds = learner.rounds[: saved.identity.get("round", 1) - 1]
    loop = Loop(work_of_round(learner), _seeded(learner), checkpoints=checkpoints, reporter=learner.reporter)
    if saved is not None:
        loop.resume(saved)
    elif learner.fit_settings.output_layer == "frozen" and not learner.rounds and processes.is_first:
        start_output_layer(learner)
    processes.start_alike(learner.model.module)
    return loop.run()


def work_of_round(learner: Learner) -> Work:
    """What the loop works on in the learner's next round."""
    work = learner.work()
    if not learner.rounds:
        return work
    last = learner.rounds[-1]
    known = last.progress.best_loss if last.fit.keep == "best" else None
    return replace(work, known_loss=known, identity={**work.identity, "round": len(learner.rounds) + 1})


def log_of(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """The entries of all rounds; where there are several, each says of which it is, and updates and epochs go on."""
    if len(rounds) == 1:
        return rounds[0].progress.log
    log: list[dict[str, Any]] = []
    before = {"update": 0, "epoch": 0}
    for n, one in enumerate(rounds, 1):
        entries = one.progress.log
        log += [
            {"round": n, **entry, **{key: entry[key] + before[key] for key in before if key in entry}}
            for entry in entries
        ]
        for key in before:
            before[key] += max((entry[key] for entry in entries if key in entry), default=0)
    return log


def training_of(rounds: Sequence[Round]) -> dict[str, Any]:
    """What the manifest says of the training: updates, the best of them, texts and seconds, of all rounds together."""
    best = done = 0
    for one in rounds:
        progress = one.progress
        if progress.best_update or progress.best_loss is None:
            best = done + (progress.best_update or progress.update)
        done += progress.update
    told: dict[str, Any] = {
        "updates": done,
        "best_update": best or done,
        "texts": sum(one.progress.texts for one in rounds),
        "seconds": round(sum(one.progress.seconds for one in rounds), 3),
    }
    if len(rounds) > 1:
        told["rounds"] = [_told(one) for one in rounds]
    return told


def _told(one: Round) -> dict[str, Any]:
    fit, progress = one.fit, one.progress
    kept: Mapping[str, Any] = {name: getattr(fit, name) for name in ("epochs", "lr", "schedule", "freeze", "gradual")}
    return {**kept, "updates": progress.update, "best_update": progress.best_update, "best_loss": progress.best_loss}


def _seeded(learner: Learner) -> FitSettings:
    """The settings of the next round; from the second on under a seed of its own, for another order of the rows."""
    fit, n = learner.fit_settings, len(learner.rounds)
    return replace(fit, seed=int(np.random.SeedSequence([fit.seed, n]).generate_state(1)[0])) if n else fit


def _make(folder: Path | None) -> None:
    """Make the folder for checkpoints before the work that they are to keep.

    Raises:
        TrainingError: it cannot be made.
    """
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            f"checkpoints cannot be written to {folder}: {error.strerror}; give another --out"
        ) from None
