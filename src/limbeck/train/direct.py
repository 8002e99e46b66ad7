"""What is fitted without the training loop: families that fit their models themselves, and an output layer's start."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from types import ModuleType
from typing import TYPE_CHECKING, Any

from limbeck import models
from limbeck.errors import shown_measure
from limbeck.train.checkpoint import Progress
from limbeck.train.launch import refuse_several
from limbeck.train.processes import join
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.tasks import TaskLike
    from limbeck.train.learner import Learner

_HEEDED = ("precision", "seed")
"""Settings of a fit that mean something without the loop."""


def fit_directly(learner: Learner, own_fit: Callable[[models.Job], models.Fitted]) -> Progress:
    """Have the family fit ``learner``'s model, measure it on the validation rows, and tell both in one line.

    Returns:
        What was done, with one line of log and no updates; the learner holds the fitted model.
    """
    started = time.perf_counter()
    learner.model.module.to(join().accelerator.device)
    fitted = own_fit(learner.job())
    learner.model = fitted.model
    seconds = time.perf_counter() - started
    entry: dict[str, Any] = {"fit": fitted.record}
    if learner.valid is not None:
        entry["valid"] = learner.validate()
    told = "".join(f", valid {name} {shown_measure(value)}" for name, value in entry.get("valid", {}).items())
    learner.reporter.line(fitted.summary + told)
    for listen in learner.listeners:
        listen(entry)
    return Progress(texts=len(learner.train), seconds=seconds, log=[entry])


def check_fit(fit: FitSettings, source: str, task: TaskLike) -> list[str]:
    """Say which of the flags given do nothing, where the family of ``source`` fits itself: at most one line.

    Raises:
        SettingsError: ``--output-layer frozen`` cannot be fitted to this task, or several processes run.
    """
    if fit.output_layer == "frozen":
        _frozen().kind_of(task, "--output-layer frozen")
    if models.own_fit(source) is None:
        return []
    refuse_several(f"--model {source} is fitted without epochs: it")
    given = [
        f"--{entry.name.replace('_', '-')}"
        for entry in fields(fit)
        if entry.name not in _HEEDED and getattr(fit, entry.name) != entry.default
    ]
    if not given:
        return []
    verb = "does" if len(given) == 1 else "do"
    return [f"{', '.join(given)} {verb} nothing with --model {source}, which is fitted without epochs"]


def start_output_layer(learner: Learner) -> None:
    """Start the output layer of a model that is to be fine-tuned from what fits the encoder as it is."""
    learner.reporter.line(_frozen().start_output_layer(learner.job()))


def _frozen() -> ModuleType:
    """The family of frozen encoders, imported when it is wanted: it brings transformers with it."""
    return models.MODELS.module("frozen")
