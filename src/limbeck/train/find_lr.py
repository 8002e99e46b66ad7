"""Find a learning rate: a range test says where to look, short pilot runs decide. Nothing of it stays in the model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from limbeck import models
from limbeck.errors import Interrupted, SettingsError, TrainingError
from limbeck.metrics import shown_rate
from limbeck.train import pilots, suggest
from limbeck.train.direct import start_output_layer
from limbeck.train.found import NOT_FINITE, Curve, FinderSettings, FoundRate
from limbeck.train.loop import Loop
from limbeck.train.memory import keep_freed_memory
from limbeck.train.pilots import PilotPlan
from limbeck.train.progress import Reporter, Silent
from limbeck.train.schedules import Course
from limbeck.train.settings import FitSettings
from limbeck.train.suggest import Trial
from limbeck.train.untouched import untouched

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

_PILOT_FACTOR = math.sqrt(10)
"""Step between the rates of pilots, before it is halved around the best."""
_ABOVE_DEFAULT = 100.0
"""How much higher than its kind's default a model's rate is looked for."""
_HIGHEST = 9.0
"""No training takes a higher rate."""


def find_lr(learner: Learner, settings: FinderSettings | None = None) -> FoundRate:
    """Find the rate with which the training that ``learner`` is set up for ends with the lowest loss.

    Weights, modes and random states are afterwards as they were, also when it is interrupted.

    Raises:
        SettingsError: the model is fitted without rates.
        Interrupted: the user asked to stop.
    """
    if models.own_fit(learner.source) is not None:
        raise SettingsError(
            f"--model {learner.source!r} is fitted in one go and has no learning rate; train it as it is, "
            "or name an encoder to be fine-tuned"
        )
    settings, started = settings or FinderSettings(), time.perf_counter()
    keep_freed_memory()
    try:
        with untouched(learner.model.module):
            if learner.fit_settings.output_layer == "frozen":
                start_output_layer(learner)
            with untouched(learner.model.module) as put_back:
                curve = range_test(learner, settings)
                put_back()
                plan = pilots.plan_pilots(learner, settings) if settings.pilots else None
                trials = [] if plan is None else _search(learner, plan, curve, settings, put_back)
    except Interrupted:
        raise Interrupted("stopped while looking for a learning rate; the model is as it was") from None
    unjudged = plan is None and settings.pilots > 0
    return _conclude(learner, curve, plan, trials, time.perf_counter() - started, unjudged=unjudged)


def range_test(learner: Learner, settings: FinderSettings) -> Curve:
    """Train while the rate rises geometrically, until the loss diverges; the model keeps what it learnt.

    Source: Smith 2017 (arXiv 1506.01186), section 3.3, with rates that rise geometrically.
    """
    n_steps = settings.n_steps
    growth = (settings.lr_max / settings.lr_min) ** (1 / (n_steps - 1))
    rates = [settings.lr_min * growth**n for n in range(n_steps)]
    work, fit = pilots.apart(learner.work()), learner.fit_settings
    an_epoch = len(fit.steps(work.lengths))
    fit = replace(
        fit,
        lr=settings.lr_min,
        epochs=math.ceil(n_steps / an_epoch) + 1,
        schedule="constant",
        gradual=False,
        max_updates=None,
        validations=1,
        patience=None,
        checkpoint_every=None,
        workers=0,
    )

    def rising(optimizer: Optimizer, fit: FitSettings, epoch_sizes: Sequence[int]) -> Course:
        scheduler = LambdaLR(optimizer, lambda update: growth ** min(update, n_steps))
        return Course(optimizer, fit, epoch_sizes, scheduler=scheduler)

    watching = _Watching(learner.reporter, n_steps)
    learner.reporter.begin(0, n_steps)
    try:
        Loop(replace(work, validate=None), fit, checkpoints=None, reporter=watching, course=rising).run()
    except _Enough:
        ended = watching.ended
    except TrainingError:
        ended = NOT_FINITE
    finally:
        learner.reporter.end()
    return Curve(tuple(rates[: len(watching.losses)]), tuple(watching.losses), ended, an_epoch)


class _Enough(Exception):
    """The range test has seen what it wanted."""


class _Watching(Silent):
    """Keeps the losses of a range test, and ends it."""

    def __init__(self, outer: Reporter, n_steps: int) -> None:
        self._outer, self._n_steps = outer, n_steps
        self.losses: list[float] = []
        self.ended = ""

    def update(self, done: int, loss: float) -> None:
        """Keep the loss; end where it diverged or the highest rate was tried."""
        self.losses.append(loss)
        self._outer.update(done, loss)
        if suggest.has_diverged(self.losses):
            self.ended = f"the loss stayed above {suggest.DIVERGED:g} times its best"
        elif done == self._n_steps:
            self.ended = "the highest rate was tried"
        if self.ended:
            raise _Enough


def _search(
    learner: Learner,
    plan: PilotPlan,
    curve: Curve,
    settings: FinderSettings,
    put_back: Callable[[], None],
) -> list[Trial]:
    """Run pilots, each from the same weights, from the middle reading of the curve towards the lowest loss."""
    default, looks = _default(learner), settings.pilots * (plan.fit.epochs or 1)
    ceiling = _ceiling(curve, default)
    start = suggest.middle(list(curve.readings.values())) or default
    learnt = suggest.convincing_loss(len(plan.judges), plan.chance, looks, squared=not learner.task.classes)
    learner.reporter.line(
        f"pilots: at most {settings.pilots} trainings of {plan.updates} updates over {len(plan.rows)} of "
        f"{len(learner.train)} rows, judged by {len(plan.judges)} others"
    )
    trials: list[Trial] = []
    bar = pilots.Counted(learner.reporter)
    learner.reporter.begin(0, settings.pilots * plan.updates)
    try:
        while True:
            rate = suggest.next_rate(
                trials,
                start=start,
                factor=_PILOT_FACTOR,
                most=settings.pilots,
                ceiling=ceiling,
                learnt=learnt,
            )
            if rate is None:
                return trials
            began = time.perf_counter()
            rate = suggest.rounded(rate, ceiling)  # as it is suggested: what a pilot reached is true of this very rate
            trials.append(pilots.run_pilot(learner, plan, rate, bar))
            put_back()
            learner.reporter.line(_told(trials, settings.pilots, time.perf_counter() - began))
    finally:
        learner.reporter.end()


def _told(trials: Sequence[Trial], most: int, seconds: float) -> str:
    """A line on the pilot that ended, and after the first one how long the others may take."""
    last = trials[-1]
    loss = "diverged" if last.loss is None else f"loss {last.loss:.4f}"
    rest = f"; at most {max(1, round(seconds * (most - 1)))} s more" if len(trials) == 1 else ""
    return f"pilot at {shown_rate(last.rate)}: {loss} ({max(1, round(seconds))} s){rest}"


def _conclude(
    learner: Learner,
    curve: Curve,
    plan: PilotPlan | None,
    trials: Sequence[Trial],
    seconds: float,
    *,
    unjudged: bool,
) -> FoundRate:
    """Weigh what was found, and say what cannot be known."""
    default, updates = _default(learner), learner.n_updates() if plan is None else plan.wanted
    ceiling = _ceiling(curve, default)
    notes = [*_curve_notes(curve)]
    chosen: float | None
    if unjudged:
        chosen = None
        notes.append("there are too few rows to hold one back: nothing can judge a rate")
    elif plan is None:
        chosen = suggest.middle(list(curve.readings.values()))
        what = "nothing" if chosen is None else "the middle one of a range test's readings, which may be ten times off"
        notes.append(f"without pilots: {what}; by itself it names rates that are too high for a pretrained encoder")
    else:
        chosen = _judged(learner, plan, trials, notes)
    if chosen is not None and plan is not None and plan.whole is None:
        chosen = suggest.for_longer(chosen, tried=plan.updates, wanted=updates)
    if chosen is None:
        notes.append(
            f"the suggestion is the default of this kind of model, {shown_rate(default)}, and nothing that was found"
        )
    return FoundRate(
        suggestion=suggest.rounded(min(ceiling, default if chosen is None else chosen), ceiling),
        curve=curve,
        pilots=tuple(trials),
        pilot_updates=0 if plan is None else plan.updates,
        updates=updates,
        default=default,
        is_default=chosen is None,
        notes=tuple(notes),
        seconds=seconds,
    )


def _judged(learner: Learner, plan: PilotPlan, trials: Sequence[Trial], notes: list[str]) -> float | None:
    """The rate that the pilots speak for; None where none of them knows more than a guess."""
    best, n_judges = suggest.best(trials), len(plan.judges)
    if best is None or best.loss is None:
        notes.append("every pilot diverged")
        return None
    looks = len(trials) * (plan.fit.epochs or 1)
    if best.loss >= suggest.convincing_loss(n_judges, plan.chance, looks, squared=not learner.task.classes):
        notes.append(
            f"no pilot told {n_judges} rows apart better than chance (loss {best.loss:.4f}; a guess without "
            f"reading has {plan.chance:.4f}): the labels may have nothing to do with the texts, or the rows are too few"
        )
        return None
    rates = sorted(trial.rate for trial in trials)
    if len(rates) > 1 and best.rate in (rates[0], rates[-1]):
        side, other = ("lowest", "lower") if best.rate == rates[0] else ("highest", "higher")
        notes.append(f"the {side} rate that was tried did best: a {other} one may be better still")
    if plan.whole is not None:
        notes.append(f"pilots were the first {plan.updates} of the {plan.wanted} updates, at the rates that these have")
    elif plan.updates < plan.wanted:
        notes.append(
            f"pilots had {plan.updates} of the {plan.wanted} updates; longer trainings want lower rates, "
            "which is allowed for"
        )
    elif plan.updates > plan.wanted:
        notes.append(
            f"this training has {plan.wanted} updates; pilots had {plan.updates}, since a rate for so few "
            "suits nothing else"
        )
    return suggest.vertex(trials) if plan.whole is None else best.rate  # a beginning is a promise for its rate alone


def _curve_notes(curve: Curve) -> list[str]:
    """What a range test cannot know."""
    notes = []
    if curve.n_steps == 1:
        notes.append("all rows fit in one optimiser step: the curve tells how fast these very rows are learnt by heart")
    if not any(curve.readings.values()):
        notes.append(
            f"the loss fell at no rate from {shown_rate(curve.rates[0])} to {shown_rate(curve.rates[-1])}: "
            "the range test says nothing"
            if curve.rates
            else "the loss was no number from the beginning: look at the rows and the model"
        )
    if curve.rates and curve.diverged_at is None:
        notes.append("the loss never stayed above 4 times its best: how high a rate may be is not known")
    return notes


def _ceiling(curve: Curve, default: float) -> float:
    """No rate is tried above a third of that of the divergence, nor far above the default."""
    limits = [_HIGHEST, default * _ABOVE_DEFAULT]
    return min([*limits, *([curve.diverged_at / 3] if curve.diverged_at is not None else [])])


def _default(learner: Learner) -> float:
    """The rate of this kind of model where none is given."""
    rate = models.defaults(learner.source).lr
    assert rate is not None  # families that fit themselves were refused
    return rate
