"""Courses of the learning rate: pure functions of the update, and the torch schedulers that apply them.

A :class:`Course` is what the loop holds: it is told of each update and of each epoch's end, whatever is behind it.
Every group of weights keeps its own rate: a course multiplies them all alike.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CyclicLR,
    LambdaLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
)

from limbeck.errors import SettingsError, refuse
from limbeck.train.settings import CYCLIC, FitSettings

LOWEST = 10.0
"""How much lower than the highest rate 1cycle begins, and triangles begin and end (ktrain's and fastai's choice)."""
BETA1 = (0.85, 0.95)
"""Momentum at the highest and at the lowest rate, where a schedule moves it (Smith, arXiv 1803.09820, section 4.3)."""


def linear(update: int, *, total: int, warmup: float) -> float:
    """Factor on the rate: up over the first ``warmup`` share, then straight down, ending just above 0.

    The first update already moves, and the last one too: factors are 1/w, 2/w ... 1 over w warm-up updates.

    >>> [linear(n, total=5, warmup=0.4) for n in range(5)]
    [0.5, 1.0, 1.0, 0.6666666666666666, 0.3333333333333333]
    """
    rising = round(total * warmup)
    if update < rising:
        return (update + 1) / rising
    return max(0.0, (total - update) / max(1, total - rising))


def cosine(update: int, *, total: int, warmup: float) -> float:
    """Factor on the rate: up over the first ``warmup`` share, then down along half a cosine, ending just above 0.

    Source: Loshchilov and Hutter 2017 (arXiv 1608.03983), equation 5, with one cycle.

    >>> [round(cosine(n, total=6, warmup=1 / 3), 3) for n in range(6)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]
    """
    rising = round(total * warmup)
    if update < rising:
        return (update + 1) / rising
    done = (update - rising) / max(1, total - rising)
    return (1 + math.cos(math.pi * min(1.0, done))) / 2


def constant(update: int, *, total: int, warmup: float) -> float:
    """Factor on the rate: up over the first ``warmup`` share, then 1."""
    rising = round(total * warmup)
    return (update + 1) / rising if update < rising else 1.0


FACTORS: dict[str, Callable[..., float]] = {"linear": linear, "cosine": cosine, "constant": constant}
"""Schedules that are a factor on the rate, a pure function of the update."""


class Course:
    """The rate and the momentum of an optimiser through a training.

    Args:
        optimizer: its groups hold their highest rates; they hold those of the first update afterwards.
        fit: which schedule, and its numbers.
        epoch_sizes: updates of each epoch.
        scheduler: in place of that of ``fit.schedule``, stepped once an update.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        fit: FitSettings,
        epoch_sizes: Sequence[int],
        *,
        scheduler: LRScheduler | None = None,
    ) -> None:
        self._optimizer, self._total = optimizer, sum(epoch_sizes)
        self._scheduler = scheduler or make_scheduler(optimizer, fit, epoch_sizes)
        self._plateau: ReduceLROnPlateau | None = None
        if fit.schedule == "plateau":
            # ours counts the epochs that end without a better loss, torch's those that it forgives
            self._plateau = ReduceLROnPlateau(
                optimizer, factor=fit.plateau_factor, patience=fit.plateau_patience - 1, threshold=0.0, eps=0.0
            )

    @property
    def rate(self) -> float:
        """The first group's rate at the next update: the highest of all groups."""
        return float(self._optimizer.param_groups[0]["lr"])

    @property
    def momentum(self) -> float:
        """Adam's beta1 at the next update."""
        return float(self._optimizer.param_groups[0]["betas"][0])

    def after_update(self) -> None:
        """Move on by one update; at the end of the training the last rates stay."""
        if self._scheduler.last_epoch + 1 < self._total:
            self._scheduler.step()

    def after_epoch(self, loss: float | None) -> None:
        """Take in the validation loss at an epoch's end; None without validation rows."""
        if self._plateau is None or loss is None:
            return
        before = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._plateau.step(loss)
        after = [float(group["lr"]) for group in self._optimizer.param_groups]
        # what comes after a warm-up, or goes on with one, starts from the lower rates
        bases = zip(self._scheduler.base_lrs, before, after, strict=True)
        self._scheduler.base_lrs = [base * new / old if old else base for base, old, new in bases]

    def dump(self) -> dict[str, Any]:
        """Where the course stands, as JSON takes it: finite numbers, names, lists."""
        state: dict[str, Any] = {"scheduler": self._scheduler.state_dict()}
        if self._plateau is not None:
            best = self._plateau.best
            state["plateau"] = {
                "best": best if math.isfinite(best) else None,
                "num_bad_epochs": self._plateau.num_bad_epochs,
                "last_epoch": self._plateau.last_epoch,
            }
        return state

    def load(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`dump` gave; the groups' rates are the optimiser's own state."""
        self._scheduler.load_state_dict(state["scheduler"])
        if self._plateau is not None:
            best = state["plateau"]["best"]
            self._plateau.load_state_dict(
                self._plateau.state_dict() | state["plateau"] | {"best": math.inf if best is None else best}
            )


MakeCourse = Callable[[Optimizer, FitSettings, Sequence[int]], Course]
"""What makes the course of a loop."""


def make_scheduler(optimizer: Optimizer, fit: FitSettings, epoch_sizes: Sequence[int]) -> LRScheduler:
    """The torch scheduler of ``fit.schedule``, stepped once an update.

    ``1cycle`` is Smith's (arXiv 1803.09820) as torch has it: lr/10 up to lr over 30 % of the updates, down to lr/1000,
    beta1 from 0.95 to 0.85 and back. ``triangular`` goes from lr/10 up to lr and back once a cycle, beta1 against it;
    ``triangular2`` halves the height with each cycle (Smith 2017, arXiv 1506.01186); a triangle has two updates at
    least, or the rate would never leave lr/10. ``sgdr`` falls along half a cosine from lr and starts again, each cycle
    ``cycle_mult`` times as long (Loshchilov and Hutter 2017, arXiv 1608.03983).
    ``plateau`` is constant here; the rest is the :class:`Course`'s.
    """
    total = sum(epoch_sizes)
    rates = [group["lr"] for group in optimizer.param_groups]  # each group's own, where layers have theirs
    if fit.schedule == "1cycle":
        return OneCycleLR(
            optimizer,
            max_lr=rates,
            total_steps=max(2, total),
            pct_start=0.3,
            div_factor=LOWEST,
            final_div_factor=100.0,
            base_momentum=BETA1[0],
            max_momentum=BETA1[1],
        )
    if fit.schedule == "sgdr":  # torch's own takes whole updates a cycle, and drifts where an epoch has no round number
        bounds = cycle_bounds(fit, epoch_sizes)
        return LambdaLR(optimizer, lambda update: restarting(update, bounds=bounds))
    if fit.schedule in CYCLIC:
        return CyclicLR(
            optimizer,
            base_lr=[rate / LOWEST for rate in rates],
            max_lr=rates,
            step_size_up=max(2.0, fit.cycle_length * total / len(epoch_sizes)) / 2,  # type: ignore[arg-type]  # a float
            mode=fit.schedule,  # type: ignore[arg-type]
            base_momentum=BETA1[0],
            max_momentum=BETA1[1],
        )
    factor = FACTORS["constant" if fit.schedule == "plateau" else fit.schedule]
    return LambdaLR(optimizer, lambda update: factor(update, total=total, warmup=fit.warmup))


def restarting(update: int, *, bounds: Sequence[int]) -> float:
    """Factor on the rate: down along half a cosine within each cycle, ending just above 0, and up again at the next.

    Args:
        update: counted from 0.
        bounds: updates at which cycles begin, rising from 0; the last one ends the last cycle.

    Source: Loshchilov and Hutter 2017 (arXiv 1608.03983), equation 5.

    >>> [round(restarting(n, bounds=(0, 2, 6)), 3) for n in range(6)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146]
    """
    cycle = min(bisect.bisect_right(bounds, update), len(bounds) - 1)
    begin, end = bounds[cycle - 1], bounds[cycle]
    return (1 + math.cos(math.pi * min(1.0, (update - begin) / (end - begin)))) / 2


def cycle_bounds(fit: FitSettings, epoch_sizes: Sequence[int]) -> tuple[int, ...]:
    """Updates at which the cycles of ``sgdr`` begin, and at which the last of them ends, there or behind the training.

    Args:
        fit: with ``cycle_length`` in epochs and ``cycle_mult``.
        epoch_sizes: updates of each epoch, whole ones.
    """
    bounds, end, length = [0], 0.0, fit.cycle_length
    begins = [0, *itertools.accumulate(epoch_sizes)]
    while bounds[-1] < begins[-1]:
        end, length = end + length, length * fit.cycle_mult
        whole = int(end + 1e-9)
        behind = whole - len(epoch_sizes)  # the last cycle may end later, in epochs that are as long as the first
        size = epoch_sizes[whole] if behind < 0 else epoch_sizes[0]
        bound = begins[min(whole, len(epoch_sizes))] + max(0, behind) * epoch_sizes[0] + round((end - whole) * size)
        bounds += [bound] if bound > bounds[-1] else []  # a cycle of no update is none
    return tuple(bounds)


def sgdr_epochs(cycles: int, cycle_length: float, cycle_mult: int) -> int:
    """Epochs that so many cycles take together, the first of ``cycle_length``.

    >>> sgdr_epochs(3, 1, 2), sgdr_epochs(4, 0.5, 1)
    (7, 2)

    Raises:
        SettingsError: there is no cycle, one has no length or not a whole factor, or they end within an epoch.
    """
    problems = []
    if cycles < 1 or cycles != int(cycles):
        problems.append(f"cycles={cycles} is no number of cycles; give 1 or more")
    if not 0 < cycle_length < math.inf:
        problems.append(f"cycle_length={cycle_length} is no number of epochs; give a number above 0")
    if cycle_mult < 1 or cycle_mult != int(cycle_mult):
        problems.append(f"cycle_mult={cycle_mult} is no factor; give 1 or a greater whole number")
    refuse(problems)
    epochs = float(sum(cycle_length * cycle_mult**n for n in range(int(cycles))))
    if abs(epochs - round(epochs)) > 1e-9:
        raise SettingsError(
            f"cycles={cycles} with cycle_length={cycle_length:g} and cycle_mult={cycle_mult} end after {epochs:g} "
            "epochs; choose such that they end with an epoch"
        )
    return round(epochs)


def notices(fit: FitSettings, *, has_valid: bool) -> list[str]:
    """What of a schedule's settings does nothing, or surely not what was meant: a line each.

    >>> notices(FitSettings(schedule="sgdr", epochs=4, cycle_mult=2), has_valid=True)
    ['--schedule sgdr ends within a cycle: whole ones end after 1, 3, 7 epochs and so on, not after 4']
    """
    lines = []
    if fit.schedule == "plateau" and not has_valid:
        lines.append("--schedule plateau has no validation rows to watch: the rate stays as it is")
    default = FitSettings()
    for flag, name, heeded in (
        ("--warmup", "warmup", (*FACTORS, "plateau")),
        ("--cycle-length", "cycle_length", CYCLIC),
        ("--cycle-mult", "cycle_mult", ("sgdr",)),
        ("--plateau-factor", "plateau_factor", ("plateau",)),
        ("--plateau-patience", "plateau_patience", ("plateau",)),
    ):
        if getattr(fit, name) != getattr(default, name) and fit.schedule not in heeded:
            lines.append(f"{flag} does nothing with --schedule {fit.schedule}; it is for {', '.join(heeded)}")
    if fit.schedule in CYCLIC and fit.epochs is not None and fit.epochs not in (ends := _cycle_ends(fit)):
        whole = ", ".join(f"{end:g}" for end in ends[-3:])
        lines.append(
            f"--schedule {fit.schedule} ends within a cycle: whole ones end after {whole} epochs and so on, "
            f"not after {fit.epochs}"
        )
    return lines


def _cycle_ends(fit: FitSettings) -> list[float]:
    """Epochs after which cycles end: all up to the training's end, and the next one."""
    length, ends = fit.cycle_length, [fit.cycle_length]
    while ends[-1] < (fit.epochs or 1):
        length *= fit.cycle_mult if fit.schedule == "sgdr" else 1
        ends.append(round(ends[-1] + length, 9))
    return ends
