"""Pilot runs: short trainings that decide on a learning rate, judged by rows that they do not see.

Where the training keeps its best epoch, a pilot is its first epochs: the same rows, on the same course of the rate, so
that what it reaches there the whole reaches too. Where the last weights count, the rate does not simply fall, layers
join epoch by epoch, or an epoch is longer than a pilot may be, it is the whole made small: the same epochs, schedule,
batches and seed, over a share of the rows, so that what overfits there overfits here. (Few rows are overfitted by
rates that suit many: where the best epoch is kept, those pilots chose too low ones.) Pilots share their rows, their
order and their judges: what differs between two of them is the rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from limbeck.errors import TrainingError
from limbeck.losses import Loss
from limbeck.plan import Rows
from limbeck.train.loop import Loop, Work
from limbeck.train.progress import Reporter, Silent
from limbeck.train.schedules import Course
from limbeck.train.scoring import logits_of
from limbeck.train.settings import FitSettings
from limbeck.train.suggest import Trial

if TYPE_CHECKING:
    from limbeck.models import Job
    from limbeck.tasks import TaskLike
    from limbeck.text import Encoded
    from limbeck.train.found import FinderSettings
    from limbeck.train.learner import Learner
    from limbeck.train.objective import Objective

FEWEST_UPDATES, MOST_UPDATES, SHARE = 100, 500, 4
"""A pilot has a quarter of the training's updates, from 100 to 500."""
TO_EPOCH = 1.5
"""A beginning goes on to the end of an epoch where that makes it no more than so many times as long; to the end of the
first one where that is no more than so many times the longest pilot."""
FALLING = ("linear", "cosine", "constant", "plateau")
"""Schedules whose highest rate comes right after a warm-up."""
LONGEST_WARMUP = 0.5
"""Share of a beginning over which the rate may rise: it is to have the highest rate for as long again."""
_LEAST_SHARE = 1e-6
"""Of a class that no judging row has."""
FEWEST_JUDGES, MOST_JUDGES = 200, 1000
"""Rows that judge: validation rows, and where they are too few, training rows that pilots leave out."""


class Judges:
    """Rows that no pilot is trained on."""

    def __init__(self, job: Job, valid: Rows, held_back: Rows, *, precision: str) -> None:
        parts = [] if job.valid is None else [(job.valid.encoded.take(valid), job.valid.targets[valid])]
        parts += [(job.train.encoded.take(held_back), job.train.targets[held_back])] if len(held_back) else []
        self._parts: list[tuple[Encoded, NDArray[Any]]] = parts
        self._job, self._precision = job, precision
        self.targets: NDArray[Any] = np.concatenate([targets for _, targets in parts]) if parts else np.zeros(0)

    def __len__(self) -> int:
        return len(self.targets)

    def loss(self) -> dict[str, float]:
        """Mean loss of the model as it is now, in the task's own measure, whatever loss it is trained by."""
        module, pad_id = self._job.model.module, self._job.pad_id
        logits = [logits_of(module, part, pad_id=pad_id, precision=self._precision) for part, _ in self._parts]
        return {"loss": float(self._job.task.loss(np.concatenate(logits), self.targets).mean())}


@dataclass(frozen=True)
class PilotPlan:
    """What every pilot is made of."""

    rows: Rows
    """Training rows that it sees."""
    judges: Judges
    fit: FitSettings
    """Epochs and all else but the rate."""
    updates: int
    wanted: int
    """Updates of the training that they stand for."""
    chance: float
    """Loss of a guess that knows no text."""
    whole: tuple[int, ...] | None = None
    """Updates of each epoch of the training that a pilot is the beginning of; None where it is the whole made small."""


def plan_pilots(learner: Learner, settings: FinderSettings) -> PilotPlan | None:
    """Choose the rows of the pilots, the rows that judge them, and their length; None where no row is left to judge."""
    fit, job = learner.fit_settings, learner.job()
    rng = np.random.default_rng([fit.seed, 1])
    n_valid, total = 0 if job.valid is None else len(job.valid.targets), learner.n_updates()
    each, is_beginning = _length(learner, settings, total)
    order = rng.permutation(len(job.train.targets))
    n_rows = len(order) if is_beginning else max(2, math.ceil(len(order) * each / total))
    n_seen = math.ceil(len(order) * each * (fit.epochs or 1) / total) if is_beginning else n_rows
    # a row costs a third when it is judged: with so many judges, half of what the training costs
    n_judges = min(MOST_JUDGES, max(FEWEST_JUDGES, 3 * min(n_seen, len(order)) // 2))
    valid = np.sort(rng.permutation(n_valid)[:n_judges])
    n_held_back = min(max(0, FEWEST_JUDGES - n_valid), max(1, len(order) // 5) if len(order) > 2 else 0)
    if not n_valid + n_held_back:
        return None
    judges = Judges(job, valid, np.sort(order[:n_held_back]), precision=fit.precision)
    rows = np.sort(order[n_held_back:][:n_rows])
    lengths = job.train.encoded.lengths[rows]
    whole = tuple(fit.epoch_sizes(lengths)) if is_beginning else None
    cut = each if is_beginning or fit.max_updates is not None or settings.pilot_updates is not None else None
    fit = replace(fit, max_updates=cut, validations=1, checkpoint_every=None, workers=0, patience=None)
    updates = sum(fit.epoch_sizes(lengths))
    if settings.pilot_updates is None and updates < each // 2:  # few rows: so short a pilot loves any high rate
        fit = replace(fit, epochs=math.ceil(each * (fit.epochs or 1) / updates))
        updates = sum(fit.epoch_sizes(lengths))
    chance = chance_loss(learner.task, judges.targets, learner.objective)
    return PilotPlan(rows, judges, fit, updates, total, chance, whole)


def expected_updates(learner: Learner, settings: FinderSettings) -> int:
    """Updates that a whole search takes at most: of the range test and of all pilots."""
    plan = plan_pilots(learner, settings) if settings.pilots else None
    return settings.n_steps + (0 if plan is None else settings.pilots * plan.updates)


def apart(work: Work) -> Work:
    """The same work as a try: no log hears of it, and no clock ends it before its rate is judged."""
    return replace(work, listeners=(), is_time_up=lambda: False)


def run_pilot(learner: Learner, plan: PilotPlan, rate: float, reporter: Reporter) -> Trial:
    """Train at ``rate`` and judge; the model keeps what it learnt.

    Raises:
        Interrupted: the user asked to stop.
    """
    work = apart(learner.work())
    work = replace(
        work,
        collate=_chosen(work.collate, plan.rows),
        lengths=work.lengths[plan.rows],
        validate=plan.judges.loss,
    )

    def course(optimizer: Optimizer, fit: FitSettings, epoch_sizes: Sequence[int]) -> Course:
        return Course(optimizer, fit, plan.whole or epoch_sizes)

    loop = Loop(work, replace(plan.fit, lr=rate), checkpoints=None, reporter=reporter, course=course)
    try:
        progress = loop.run()
    except TrainingError:  # the loss, of training or of the judges, is no number any more
        return Trial(rate, None)
    if plan.fit.keep == "best" and learner.valid is not None:
        return Trial(rate, progress.best_loss)
    return Trial(rate, [entry["valid"]["loss"] for entry in progress.log if "valid" in entry][-1])


def chance_loss(task: TaskLike, judged: NDArray[Any], objective: Objective) -> float:
    """Loss of the best guess that knows no text, in the task's own measure: the judged rows' own shares, or their mean.

    Shares of other rows would be as far off as these are few, and a model that says the same of every text could beat
    them. Where the training weighs or smooths, they are those that its own loss is least at: a model that learns
    nothing of the texts would give these.
    """
    if not task.classes:
        return float(task.loss(np.full((len(judged), 1), float(np.mean(judged))), judged).mean())
    shares = np.bincount(judged.astype(np.int64), minlength=task.n_outputs) / len(judged)
    logits: NDArray[np.float64] = np.log(np.maximum(shares, _LEAST_SHARE))
    if not objective.is_plain:
        logits = _constant(objective.loss, shares, logits)
    return float(task.loss(np.tile(logits, (len(judged), 1)), judged).mean())


def _constant(loss: Loss, shares: NDArray[Any], start: NDArray[Any]) -> NDArray[Any]:
    """The logits, the same for every text, of the least mean ``loss``: shape ``(C,)``."""
    logits = torch.tensor(start, requires_grad=True)
    weights, targets = torch.tensor(shares), torch.arange(len(shares))
    optimizer = torch.optim.LBFGS([logits], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        mean = (weights * loss(logits.expand(len(shares), -1), targets)).sum()
        mean.backward()  # type: ignore[no-untyped-call]
        return mean

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    found: NDArray[Any] = logits.detach().numpy()
    return found


class Counted(Silent):
    """Hands the updates of one run on to a bar that counts those of several."""

    def __init__(self, outer: Reporter) -> None:
        self._outer, self._done = outer, 0

    def update(self, done: int, loss: float) -> None:
        """Count it."""
        del done
        self._done += 1
        self._outer.update(self._done, loss)


def _length(learner: Learner, settings: FinderSettings, total: int) -> tuple[int, bool]:
    """Updates of a pilot of a training of ``total``, as far as they can be told before its rows are chosen, and whether
    they are its first ones."""
    fit = learner.fit_settings
    each = settings.pilot_updates or min(MOST_UPDATES, max(FEWEST_UPDATES, total // SHARE))
    keeps_best = fit.keep == "best" and learner.valid is not None and (fit.epochs or 1) > 1
    if not keeps_best or fit.schedule not in FALLING or fit.gradual or total < each:
        return each, False
    an_epoch = len(fit.steps(learner.encoded.lengths))
    most = each if settings.pilot_updates else TO_EPOCH * each
    beginning = math.ceil(each / an_epoch) * an_epoch  # the whole is judged where an epoch ends, not before
    if beginning > most:
        beginning = each // an_epoch * an_epoch
    if not beginning and not settings.pilot_updates and an_epoch <= TO_EPOCH * MOST_UPDATES:
        beginning = an_epoch
    beginning = min(total, beginning)
    if not beginning or fit.warmup * total > LONGEST_WARMUP * beginning:
        return each, False
    return beginning, True


def _chosen(collate: Callable[[Rows], Any], rows: Rows) -> Callable[[Rows], Any]:
    """Put batches together from some rows alone, counted among themselves."""
    return lambda chosen: collate(rows[chosen])
