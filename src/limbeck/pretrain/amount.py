"""For how long is pre-trained: so many updates, so many tokens, or a time, by a measured speed."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch

from limbeck.errors import SettingsError, counted
from limbeck.plan import slices
from limbeck.pretrain.settings import AmountSettings
from limbeck.train import checkpoint
from limbeck.train.launch import started
from limbeck.train.limit import Limit
from limbeck.train.memory import keep_freed_memory
from limbeck.train.processes import join

if TYPE_CHECKING:
    from limbeck.pretrain.trainer import Pretrainer

_DOUBT = 1.1
"""What a measured speed is stretched by."""
_SAVING_SECONDS, _BYTES_A_SECOND = 5.0, 200e6
"""Of the files beside the weights; and how fast weights are written."""
_MOST_RESERVED = 0.9
"""Of a short time, the share that is kept for saving."""
_WEIGHTS_SAVED = 3
"""That a checkpoint holds: the model's, and the optimiser's two moments."""


def choose(
    pretrainer: Pretrainer, amount: AmountSettings, limit: Limit | None = None, checkpoints: Path | None = None
) -> str:
    """Train for so long, and not for the epochs of the settings; give a line that says what was chosen.

    Args:
        pretrainer: whose settings are changed.
        amount: updates, tokens or a time.
        limit: the moment at which all must be done, where it is a time.
        checkpoints: of a training to go on with, which keeps what it chose at first.

    Raises:
        SettingsError: the time is too short for one update, or the training to go on with has another number of them.
    """
    kept = join().first(lambda: _kept(checkpoints))
    validation = 0.0
    if limit is not None:
        validation = seconds_of_validation(pretrainer)
        most = min(reserve(pretrainer, validation), _MOST_RESERVED * limit.seconds)
        pretrainer.limit = replace(limit, reserve=most)
    if kept and amount != AmountSettings():
        _see_that_it_is_the_same(pretrainer, amount, kept["max_updates"])
        pretrainer.fit_settings = replace(pretrainer.fit_settings, **kept)
        return f"{counted(pretrainer.n_updates(), 'update')}, as it was chosen before the stop"
    if (updates := _asked(pretrainer, amount)) is not None:
        plan = _for(pretrainer, updates)
        return plan if amount.tokens is None else f"{plan} for {amount.tokens:,} tokens"
    return counted(pretrainer.n_updates(), "update") if limit is None else _within(pretrainer, limit, validation)


def _within(pretrainer: Pretrainer, limit: Limit, validation: float) -> str:
    """Train for as many updates as fit into a time, of which what comes behind the last is kept.

    Raises:
        SettingsError: not one does.
    """
    seconds = _DOUBT * (seconds_per_update(pretrainer) + seconds_beside(pretrainer, validation))
    updates = join().first(lambda: int(pretrainer.limit.left() / seconds * started()))
    if updates < 1:
        beside = limit.seconds - pretrainer.limit.left()
        spent = limit.seconds - limit.left() + seconds
        needed = min(spent + reserve(pretrainer, validation), spent / (1 - _MOST_RESERVED))
        raise SettingsError(
            f"--budget {limit.seconds:g}s is too short for one update: reading and saving take about {beside:.3g} s of "
            f"it and an update {seconds:.3g} s; give {int(1.2 * needed) + 1}s or more, or smaller batches "
            "(--batch-tokens)"
        )
    left = pretrainer.limit.left()
    return f"{_for(pretrainer, updates)}, for one takes {seconds:.3g} s and {left:.0f} s are left for them"


def _asked(pretrainer: Pretrainer, amount: AmountSettings) -> int | None:
    """The updates that steps or tokens come to; None where neither is given."""
    if amount.steps is None and amount.tokens is not None:
        return max(1, round(amount.tokens / pretrainer.tokens_per_update))
    return amount.steps


def _see_that_it_is_the_same(pretrainer: Pretrainer, amount: AmountSettings, chosen: int | None) -> None:
    """A rate falls towards the last update, which therefore cannot be moved.

    Raises:
        SettingsError: another number of updates is asked for than was chosen before the stop.
    """
    asked = _asked(pretrainer, amount)
    if asked is not None and asked != chosen:
        flag = f"--steps {amount.steps}" if amount.steps is not None else f"--tokens {amount.tokens}"
        had = "as many epochs as --epochs says" if chosen is None else counted(chosen, "update")
        raise SettingsError(
            f"{flag} comes to {counted(asked, 'update')}, and the training that was stopped was to have {had}: give "
            "with --resume what it was begun with, or begin anew without"
        )


def _kept(checkpoints: Path | None) -> dict[str, Any]:
    """What a training that was stopped had chosen; nothing where there is none."""
    saved = checkpoint.newest(checkpoints) if checkpoints is not None else None
    return {} if saved is None else {name: saved.identity[name] for name in ("epochs", "max_updates")}


def seconds_per_update(pretrainer: Pretrainer) -> float:
    """Time a few passes forward and back over real batches; no weight and no random state changes."""
    keep_freed_memory()
    fit, lengths = pretrainer.fit_settings, pretrainer.lengths
    step = fit.steps(lengths)[0]
    cut = list(slices(step, lengths, fit.batch))
    timed = []
    with torch.random.fork_rng(devices=()):
        pretrainer.model.train()
        for rows in [cut[0]] * 3:
            began = time.perf_counter()
            device = next(pretrainer.model.parameters()).device
            with torch.autocast(device.type, torch.bfloat16, enabled=fit.precision == "bf16"):
                result = pretrainer.lesson.step(pretrainer.model, pretrainer.collate(rows).to(device))
            result.losses.sum().backward()  # type: ignore[no-untyped-call]
            if device.type != "cpu":
                torch.accelerator.synchronize()
            timed.append((time.perf_counter() - began) / len(rows))
        pretrainer.model.zero_grad()
        pretrainer.model.eval()
    return mean(timed[1:]) * len(step)  # the first sets up


def _for(pretrainer: Pretrainer, updates: int) -> str:
    an_epoch = len(pretrainer.fit_settings.steps(pretrainer.lengths))
    epochs = math.ceil(updates / an_epoch)
    pretrainer.fit_settings = replace(pretrainer.fit_settings, epochs=epochs, max_updates=updates)
    return f"{counted(updates, 'update')}, {updates / an_epoch:.2f} passes over the corpus"


def seconds_of_validation(pretrainer: Pretrainer) -> float:
    """Time a validation."""
    began = time.perf_counter()
    pretrainer.measure()
    return time.perf_counter() - began


def seconds_beside(pretrainer: Pretrainer, validation: float) -> float:
    """Seconds that validations, of ``validation`` seconds each, and checkpoints take for each update, on average."""
    fit, n_steps = pretrainer.fit_settings, len(pretrainer.fit_settings.steps(pretrainer.lengths))
    saving = _seconds_of_checkpoint(pretrainer)
    return (fit.validations * validation + saving) / n_steps + saving / (fit.checkpoint_every or n_steps)


def reserve(pretrainer: Pretrainer, validation: float) -> float:
    """Seconds for a last validation, its checkpoint and saving."""
    return 2 * validation + _SAVING_SECONDS + 2 * _seconds_of_checkpoint(pretrainer)


def _seconds_of_checkpoint(pretrainer: Pretrainer) -> float:
    return _WEIGHTS_SAVED * 4 * pretrainer.model.n_parameters() / _BYTES_A_SECOND
