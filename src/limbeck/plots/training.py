"""A training as a picture: loss, its parts, rate and momentum of each update, each validation's loss and perplexity."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.errors import ArtefactError, SettingsError, nearest
from limbeck.metrics import exponential_means
from limbeck.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {"loss": 3.4, "parts": 2.4, "perplexity": 1.7, "lr": 1.7, "momentum": 1.5}
"""What can be drawn, with the panel's height in inches."""
PARTS, PERPLEXITY = "parts", "perplexity"
_SOME_HAVE = {
    PARTS: "the loss has no parts: it is of one kind",
    PERPLEXITY: "the log has no perplexity, which pre-training alone measures",
}
_LOGGED = ("loss", "lr", "momentum")
_BETA = 0.95


@dataclass(frozen=True)
class Log:
    """What ``metrics.jsonl`` holds, in columns; an update is counted from 1."""

    updates: tuple[int, ...]
    columns: Mapping[str, tuple[float, ...]]
    """``loss``, ``lr`` and ``momentum`` of each update; empty for what was not logged."""
    parts: Mapping[str, tuple[float, ...]]
    """Of each update, the loss's parts by name, as they are weighed; none where it has one alone."""
    ends: tuple[int, ...]
    """The last update of each epoch."""
    valid: tuple[tuple[int, float], ...]
    """Update and loss of each validation."""
    perplexities: tuple[tuple[int, float], ...] = ()
    """Update and perplexity of each validation of a pre-training."""

    @property
    def panels(self) -> tuple[str, ...]:
        """Names of what can be drawn, from above."""
        logged: dict[str, Any] = {**self.columns, PARTS: self.parts, PERPLEXITY: self.perplexities}
        return tuple(name for name in PANELS if logged[name])

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> Log:
        """Sort the entries of a log into columns.

        Raises:
            SettingsError: the model was fitted in one go: there is no course to draw.
        """
        entries = list(entries)
        steps = [entry for entry in entries if "loss" in entry and "update" in entry]
        epochs = [entry for entry in entries if "train_loss" in entry]
        if not steps:
            raise SettingsError("this model was fitted in one go, or not at all: there are no updates to draw")
        columns = {name: tuple(float(entry[name]) for entry in steps if name in entry) for name in _LOGGED}
        names = list(steps[0].get(PARTS, {}))
        judged = [
            entry for entry in entries if "valid" in entry and "update" in entry
        ]  # a layer fitted in one go has none
        return cls(
            tuple(int(entry["update"]) for entry in steps),
            {name: values if len(values) == len(steps) else () for name, values in columns.items()},
            {name: tuple(float(entry[PARTS][name]) for entry in steps) for name in names},
            tuple(int(entry["update"]) for entry in epochs),
            tuple((int(entry["update"]), float(entry["valid"]["loss"])) for entry in judged),
            tuple(
                (int(entry["update"]), float(entry["valid"][PERPLEXITY]))
                for entry in judged
                if PERPLEXITY in entry["valid"]
            ),
        )

    @classmethod
    def read(cls, folder: Path | str) -> Log:
        """Read ``metrics.jsonl`` of a saved model.

        Raises:
            ArtefactError: there is none, or it is damaged.
            SettingsError: the model was fitted in one go.
        """
        if Path(folder).is_file():
            raise ArtefactError(f"{str(folder)!r} is a file; give the folder of a model that limbeck trained")
        path = Path(folder) / "metrics.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return cls.of([json.loads(line) for line in lines if line.strip()])
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise ArtefactError(
                f"{str(path)!r} cannot be read ({type(error).__name__}: {error}); give the folder of a model that "
                "limbeck trained"
            ) from None


def draw(log: Log, what: Sequence[str] | None = None) -> Figure:
    """Draw panels of a training, one above the other, over its updates.

    Args:
        log: the training.
        what: names of :data:`PANELS`, in the order from above; all that were logged where not given.

    Raises:
        SettingsError: a name is unknown, or that was not logged.
        MissingExtra: matplotlib is not installed.
    """
    what = log.panels if what is None else what
    for name in what:
        if name not in PANELS:
            raise SettingsError(f"{name!r} is not drawn; it takes {nearest(name, PANELS)}")
        if name not in log.panels:
            why = _SOME_HAVE.get(name, f"the log has no {name}: the model was trained by an older limbeck")
            raise SettingsError(f"{why}; leave {name} out")
    figure, panels = new_figure([PANELS[name] for name in what])
    for name, panel in zip(what, panels, strict=True):
        {"loss": _loss, PARTS: _parts, PERPLEXITY: _perplexity, "lr": _rate, "momentum": _momentum}[name](panel, log)
        for end in log.ends[:-1]:
            panel.axvline(end, color=GREY, linewidth=0.7, linestyle=(0, (2, 3)), zorder=0)
    panels[-1].set_xlabel("update" + (" (dotted: an epoch ends)" if len(log.ends) > 1 else ""))
    panels[-1].set_xlim(0, log.updates[-1] * 1.01)
    return figure


def _loss(panel: Axes, log: Log) -> None:
    losses = log.columns["loss"]
    smooth = exponential_means(losses, _BETA)
    panel.plot(log.updates, losses, color=BLUE, alpha=0.25, linewidth=0.8, label="training, each update")
    panel.plot(log.updates, smooth, color=BLUE, linewidth=1.8, label="training, smoothed")
    valid = log.valid
    shown = [*smooth[len(smooth) // 50 :], *(loss for _, loss in valid)]
    if valid:
        best = min(valid, key=lambda point: point[1])
        panel.plot(*zip(*valid, strict=True), color=ORANGE, marker="o", markersize=5, linewidth=1.4, label="validation")
        panel.plot(*best, color=ORANGE, marker="o", markersize=11, markerfacecolor="none", label=f"best, {best[1]:.4f}")
    highest = max(shown) * 1.12 or 1.0  # a student that is its teacher loses nothing
    panel.set_ylim(0 if min(shown) < 0.3 * max(shown) else min(shown) * 0.9, highest)
    panel.set_ylabel("loss")
    panel.legend(frameon=False, fontsize="small", ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def _parts(panel: Axes, log: Log) -> None:
    for (name, values), colour in zip(log.parts.items(), cycle((BLUE, ORANGE, GREEN, PURPLE, GREY))):
        panel.plot(log.updates, exponential_means(values, _BETA), color=colour, linewidth=1.6, label=name)
    if any(value > 0 for values in log.parts.values() for value in values):
        panel.set_yscale("log")
    panel.set_ylabel("parts, smoothed")
    panel.legend(frameon=False, fontsize="small", ncols=5, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def _perplexity(panel: Axes, log: Log) -> None:
    panel.plot(*zip(*log.perplexities, strict=True), color=ORANGE, marker="o", markersize=4, linewidth=1.4)
    panel.set_yscale("log")
    panel.set_ylabel("perplexity")


def _rate(panel: Axes, log: Log) -> None:
    panel.plot(log.updates, log.columns["lr"], color=GREEN, linewidth=1.8)
    panel.set_ylim(0, max(log.columns["lr"]) * 1.1)
    panel.set_ylabel("learning rate")
    panel.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)


def _momentum(panel: Axes, log: Log) -> None:
    momenta = log.columns["momentum"]
    panel.plot(log.updates, momenta, color=PURPLE, linewidth=1.8)
    middle, half = (min(momenta) + max(momenta)) / 2, max(0.05, (max(momenta) - min(momenta)) * 0.6)
    panel.set_ylim(middle - half, min(1.0, middle + half) if math.isfinite(middle) else 1.0)
    panel.set_ylabel("momentum (β₁)")
