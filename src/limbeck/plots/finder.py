"""A search for a learning rate as a picture: the range test with its readings, and below it the pilots that decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from limbeck.metrics import shown_rate
from limbeck.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from limbeck.train.found import FoundRate

_READINGS = {"steepest": PURPLE, "valley": GREEN, "minimum/10": GREY}


def draw(found: FoundRate) -> Figure:
    """Draw the loss over the rate, what the curve alone would suggest, the pilots, and the suggestion across all.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure, panels = new_figure([3.4, 2.2] if found.pilots else [3.4])
    _curve(panels[0], found)
    if found.pilots:
        _pilots(panels[1], found)
    for panel in panels:
        panel.axvline(found.suggestion, color=ORANGE, linewidth=1.6, label=f"suggested {shown_rate(found.suggestion)}")
        panel.set_xscale("log")
        panel.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    panels[-1].set_xlabel("learning rate")
    kind = ", the default: nothing was found" if found.is_default else ""
    panels[0].set_title(f"suggested: {shown_rate(found.suggestion)}{kind}", loc="left", color=ORANGE, fontsize="medium")
    return figure


def _curve(panel: Axes, found: FoundRate) -> None:
    curve = found.curve
    if curve.rates:
        panel.plot(curve.rates, curve.losses, color=BLUE, alpha=0.25, linewidth=0.9, label="each update")
        panel.plot(curve.rates, curve.smoothed, color=BLUE, linewidth=1.8, label="smoothed")
        low, start = min(curve.smoothed), curve.smoothed[len(curve.smoothed) // 10]
        height = max(start - low, 0.2 * start)
        panel.set_ylim(low - 0.2 * height, start + height)
    for name, rate in curve.readings.items():
        if rate is not None:
            panel.axvline(
                rate, color=_READINGS[name], linewidth=1.2, linestyle="--", label=f"{name} {shown_rate(rate)}"
            )
    if curve.diverged_at is not None:
        label = f"diverged from {shown_rate(curve.diverged_at)}"
        panel.axvspan(curve.diverged_at, curve.rates[-1], color=ORANGE, alpha=0.12, linewidth=0, label=label)
    panel.set_ylabel("training loss")


def _pilots(panel: Axes, found: FoundRate) -> None:
    order = sorted(found.pilots, key=lambda trial: trial.rate)
    tried = [(trial.rate, trial.loss) for trial in order if trial.loss is not None]
    diverged = [trial.rate for trial in order if trial.loss is None]
    if tried:
        panel.plot(*zip(*tried, strict=True), color=BLUE, marker="o", markersize=6, linewidth=1.2, label="pilots")
    if diverged:
        height = max((loss for _, loss in tried), default=1.0)
        panel.plot(diverged, [height] * len(diverged), "x", color=ORANGE, markersize=8, label="diverged")
    panel.set_ylabel("loss of rows\nheld back")
