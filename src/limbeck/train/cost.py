"""What a training will cost, before it begins: measured on this machine, with this model, on a batch of these texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.plan import training_plan
from limbeck.train.freeze import trained_share

if TYPE_CHECKING:
    from limbeck.train.learner import Learner
    from limbeck.train.loop import Work

_SECONDS = 3.0


@dataclass(frozen=True)
class Cost:
    """An estimate."""

    updates: int
    """Optimiser steps."""
    epoch_updates: int
    """Those of a whole epoch: ``--max-updates`` may ask for fewer in all."""
    seconds: float
    """Time of these; saving and the start are not in it."""
    pass_seconds: float
    """Time to read all training rows once, without gradients."""
    size_bytes: int
    """Size of the weights as they will be saved."""

    @property
    def epoch_seconds(self) -> float:
        """Time of a whole epoch; 0 for a model that is fitted without."""
        return self.seconds * self.epoch_updates / max(1, self.updates)


def estimate(learner: Learner) -> Cost:
    """Time a few passes forward and back over real batches; no weight and no random state changes.

    A backward pass costs twice a forward pass, and ends above what is frozen: the estimate counts three forward passes
    a trained token, measured in eval mode, and a fifth on top for the optimiser and the validation. What a step of
    several parts does beside the model's forward pass, a teacher's own above all, is timed too and counts once.
    """
    fit, work = learner.fit_settings, learner.work()
    plan = training_plan(work.lengths, fit.batch, seed=fit.seed, epoch=0)
    began = time.perf_counter()
    passes: list[float] = []
    beside: list[float] = []
    for rows in plan[:8]:
        passes.append(_seconds(partial(learner.forward, rows)))
        if work.parts:
            beside.append(max(0.0, _seconds(partial(_try, work, rows, fit.precision)) - passes[-1]))
        if time.perf_counter() - began > _SECONDS:
            break
    a_pass, more = (mean(found[1:] or found or [0.0]) * len(plan) for found in (passes, beside))  # the first sets up
    both_ways = 1.2 * (1 + 2 * trained_share(learner.model.module, fit)) if fit.epochs else 0.0
    updates, of_epoch = learner.n_updates(), len(fit.steps(work.lengths))
    seconds = (a_pass * both_ways + more) * updates / of_epoch
    return Cost(updates, of_epoch, seconds, a_pass, size_bytes=4 * learner.n_parameters())


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@torch.no_grad()
def _try(work: Work, rows: NDArray[np.int64], precision: str) -> None:
    """A step that nothing is learnt from."""
    device, was_training = next(work.model.parameters()).device, work.model.training
    work.model.eval()
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        work.step(work.model, work.collate(rows).to(device))
    work.model.train(was_training)
