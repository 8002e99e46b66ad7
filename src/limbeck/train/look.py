"""A look, before a fine-tuning, at what the encoder gets as it is: seconds that tell whether epochs are worth it.

It reads every row once and changes nothing of what follows: neither weights nor random states.
"""

from __future__ import annotations

import math
import shlex
import time
from typing import TYPE_CHECKING

from limbeck import models
from limbeck.data.rows import n_of
from limbeck.errors import shown_measure
from limbeck.models import frozen

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

MOST_ROWS = 2000
"""Training rows of a file that is looked at; with more, the epochs hardly ever lose."""
MOST_SECONDS = 8.0
"""A look that is estimated to take longer is left out: the whole is to stay under ten seconds."""
_FIT_SECONDS = 1.7e-6
"""Of a logistic regression, a row, a feature and the root of the classes: 2,000 random rows of 384 numbers took 5.8 s
for 20 classes and 11.6 s for 77, on one thread. Two are fitted."""
_SLOWER = 2.0
"""How much longer float32, in which features are read, takes than bf16, in which the estimate may have been made."""


def look(learner: Learner, pass_seconds: float) -> str | None:
    """Say in a line what ``--model frozen`` would get, or why that is not looked at; None where it makes no sense.

    Args:
        learner: about to be fitted.
        pass_seconds: how long its training rows take to be read once (:class:`limbeck.train.cost.Cost`).
    """
    source, n_rows = learner.source, len(learner.train)
    if models.family_of(source) not in frozen.ENCODERS or learner.task.name not in frozen.TASKS or n_rows > MOST_ROWS:
        return None
    flag = _flag(source)
    n_valid = 0 if learner.valid is None else len(learner.valid)
    expected = pass_seconds * (1 + n_valid / n_rows)
    expected *= _SLOWER if learner.fit_settings.precision == "bf16" else 1.0
    if learner.task.classes:
        width = learner.model.output_layer().in_features
        expected += 2 * _FIT_SECONDS * n_rows * width * math.sqrt(len(learner.task.classes))
    if expected > MOST_SECONDS:
        return f"skipped: a quick trial of the frozen encoder (about {expected:.0f} s); `{flag}` runs it alone"
    started = time.perf_counter()
    measured = _measure(learner)
    seconds = max(1, round(time.perf_counter() - started))
    kind = "logistic" if learner.task.classes else "ridge"
    told = f"frozen encoder with a {kind} regression: {measured} (in {seconds} s); "
    return measured and f"{told}for that result alone: {flag}"


def _flag(source: str) -> str:
    """The flag that names the same encoder, frozen, as a shell takes it."""
    return f"--model {shlex.quote(models.frozen_name(source))}"


def _measure(learner: Learner) -> str | None:
    """How good, by the first measure, on the validation rows or those that the folds held back; None without any."""
    job = learner.job()
    best = frozen.best_head(job)
    if job.valid is not None and best.valid_logits is not None:
        where, logits, targets = "valid", best.valid_logits, job.valid.targets
    else:
        where, logits, targets = "cross-validated", best.head.logits, job.train.targets[best.head.held_back]
    if not len(targets):
        return None
    name, value = next(iter(learner.task.metrics(logits, targets).items()))
    return f"{where} {name.replace('_', ' ')} {shown_measure(value)} on {n_of(range(len(targets)))}"
