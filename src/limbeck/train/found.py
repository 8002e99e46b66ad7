"""What a search for a learning rate found: numbers and words, without torch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.errors import refuse
from limbeck.metrics import shown_rate
from limbeck.train import suggest
from limbeck.train.suggest import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class FinderSettings:
    """How a learning rate is looked for."""

    lr_min: float = 1e-7
    """Lowest rate of the range test."""

    lr_max: float = 10.0
    """Highest rate of the range test, which stops by itself where the loss stays above 4 times its best."""

    lr_steps: int = 12
    """Updates of the range test while the rate rises tenfold."""

    pilots: int = 7
    """Short trainings at most that decide; 0 leaves the range test alone, which names rates too high for
    pretrained encoders."""

    pilot_updates: int | None = None
    """Updates of each; a quarter of the training's where not given, from 100 to 500."""

    @property
    def n_steps(self) -> int:
        """Updates of the range test at most."""
        return math.ceil(self.lr_steps * math.log10(self.lr_max / self.lr_min)) + 1

    def __post_init__(self) -> None:
        problems = []
        if not 0 < self.lr_min < 1:
            problems.append(f"--lr-min {self.lr_min} is no rate to begin with; give one between 0 and 1, such as 1e-7")
        if not self.lr_min < self.lr_max <= 1e6:
            problems.append(f"--lr-max {self.lr_max} is not above --lr-min {self.lr_min} and up to 1e6; give 10, say")
        if not 3 <= self.lr_steps <= 1000:
            problems.append(f"--lr-steps {self.lr_steps} is not from 3 to 1000; give 12, say")
        if not (self.pilots == 0 or 3 <= self.pilots <= 100):
            problems.append(
                f"--pilots {self.pilots} cannot bracket a rate; give 3 or more (7, say), or 0 for the range test alone"
            )
        if self.pilot_updates is not None and self.pilot_updates < 1:
            problems.append(f"--pilot-updates {self.pilot_updates} is too small; give 1 or more")
        refuse(problems)


@dataclass(frozen=True)
class Curve:
    """A range test: the loss of each update, before it was made, at rates that rise geometrically."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """All finite; the test ends before a loss that is not."""
    ended: str
    """Why it ended, in words."""
    n_steps: int
    """Optimiser steps an epoch has: 1 where all rows fit in one."""

    @property
    def smoothed(self) -> tuple[float, ...]:
        """See :func:`limbeck.train.suggest.smoothed`."""
        return tuple(map(float, suggest.smoothed(self.losses)))

    @property
    def diverged_at(self) -> float | None:
        """The rate from which on the loss stood above 4 times its best, or was no number; None where neither was."""
        was_lost = self.ended == NOT_FINITE
        index = suggest.divergence(self.losses, then_no_number=was_lost)
        if index is not None:
            return self.rates[index]
        return self.rates[-1] if self.rates and was_lost else None

    @property
    def readings(self) -> dict[str, float | None]:
        """What the curve alone suggests, by name; None where it does not fall."""
        return {
            "steepest": suggest.steepest(self.rates, self.losses),
            "valley": suggest.valley(self.rates, self.losses),
            "minimum/10": suggest.tenth_of_minimum(self.rates, self.losses),
        }


NOT_FINITE = "the loss was no number any more"


@dataclass(frozen=True)
class FoundRate:
    """The outcome of :meth:`limbeck.Learner.find_lr`."""

    suggestion: float
    """The rate to train with, of two digits: the highest of the schedule."""
    curve: Curve
    pilots: tuple[Trial, ...]
    """Rates that short trainings tried, in the order of the search."""
    pilot_updates: int
    """Updates of each; 0 without pilots."""
    updates: int
    """Updates of the training that the rate is for."""
    default: float
    """The rate that this kind of model has where none is given."""
    is_default: bool
    """Whether nothing was found and the suggestion is the default."""
    notes: tuple[str, ...]
    """What it cannot know, and what was done about it: a sentence each."""
    seconds: float
    """Time that it took."""

    def lines(self) -> list[str]:
        """The same for people; the last line is ``suggested lr: 8e-05``."""
        readings = [f"{name} {shown_rate(rate)}" for name, rate in self.curve.readings.items() if rate is not None]
        span = (
            " to ".join(shown_rate(rate) for rate in (self.curve.rates[:1] + self.curve.rates[-1:])) or "no rate at all"
        )
        made = [f"range test: {len(self.curve.rates)} updates from {span}; {self.curve.ended}"]
        made += [f"it alone would suggest: {', '.join(readings)}"] if readings else []
        for trial in self.pilots:
            told = "diverged" if trial.loss is None else f"loss {trial.loss:.4f}"
            made.append(f"pilot at {shown_rate(trial.rate)}: {told}")
        return [*made, *self.notes, f"suggested lr: {shown_rate(self.suggestion)}"]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON takes it; every number is finite, what is unknown is None."""
        curve = {"rates": self.curve.rates, "losses": self.curve.losses, "smoothed": self.curve.smoothed}
        return {
            "suggested_lr": self.suggestion,
            "is_default": self.is_default,
            "default": self.default,
            "readings": self.curve.readings,
            "diverged_at": self.curve.diverged_at,
            "pilots": [asdict(trial) for trial in self.pilots],
            "pilot_updates": self.pilot_updates,
            "updates": self.updates,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 1),
            "curve": {**{name: list(values) for name, values in curve.items()}, "ended": self.curve.ended},
        }

    def plot(self, path: Path | str | None = None) -> Figure:
        """Draw the curve, its readings and the pilots; write it to ``path`` (.png, .svg or .pdf) where given.

        Raises:
            MissingExtra: matplotlib is not installed.
            SettingsError: ``path`` is no such file.
        """
        from limbeck.plots import finder, write

        figure = finder.draw(self)
        if path is not None:
            write(figure, path)
        return figure
