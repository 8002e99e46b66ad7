"""What a training will cost, before it begins: measured on this machine, with this model, on a batch of these texts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from limbeck.plan import training_plan
from limbeck.train.freeze import trained_share

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

_SECONDS = 3.0


@dataclass(frozen=True)
class Cost:
    """An estimate."""

    updates: int
    """Optimiser steps."""
    seconds: float
    """Time of all epochs; saving and the start are not in it."""
    pass_seconds: float
    """Time to read all training rows once, without gradients."""
    size_bytes: int
    """Size of the weights as they will be saved."""


def estimate(learner: Learner) -> Cost:
    """Time a few passes forward and back over real batches; no weight and no random state changes.

    A backward pass costs twice a forward pass, and ends above what is frozen: the estimate counts three forward passes
    a trained token, measured in eval mode, and a fifth on top for the optimiser and the validation.
    """
    fit, lengths = learner.fit_settings, learner.encoded.lengths
    plan = training_plan(lengths, fit.batch, seed=fit.seed, epoch=0)
    started, done = time.perf_counter(), 0
    first = 0.0
    for rows in plan[:8]:
        learner.forward(rows)
        done += 1
        if done == 1:  # the first pass also sets buffers up
            first = time.perf_counter() - started
        if time.perf_counter() - started > _SECONDS:
            break
    spent = time.perf_counter() - started
    a_batch = (spent - first) / (done - 1) if done > 1 else spent
    a_pass = a_batch * len(plan)
    both_ways = 1.2 * (1 + 2 * trained_share(learner.model.module, fit)) if fit.epochs else 0.0
    seconds = a_pass * both_ways * (fit.epochs or 0)
    return Cost(learner.n_updates(), seconds, a_pass, size_bytes=4 * learner.n_parameters())
