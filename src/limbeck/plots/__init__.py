"""Pictures of a training and of a search for a rate, by matplotlib, without a window and without its global state.

matplotlib is the extra ``plots`` and is imported when a picture is drawn.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.cache import write_whole
from limbeck.errors import SettingsError, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")
"""Files that are written."""
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#8A8A8A"
"""Colours that people with any kind of colour vision tell apart (Okabe and Ito 2008)."""
_WIDTH_INCHES = 8.0
_DOTS_PER_INCH = 150


def check(path: Path | str, *, flag: str = "") -> Path:
    """See, before long work, that a picture can be drawn and written to ``path``, which ``flag`` gave.

    Raises:
        MissingExtra: matplotlib is not installed.
        SettingsError: no such file can be written.
    """
    path = Path(path)
    named = f"{flag} {str(path)!r}".lstrip()
    if path.suffix.lower() not in ENDINGS:
        raise SettingsError(f"{named} is no picture; give a name that ends in {', '.join(ENDINGS)}")
    if path.is_dir() or not path.resolve().parent.is_dir():
        what = "is a folder" if path.is_dir() else "stands in a folder that does not exist"
        raise SettingsError(f"{named} {what}; give the name of a file in a folder that exists")
    if not os.access(path.resolve().parent, os.W_OK):
        raise SettingsError(f"{named} stands in a folder that may not be changed; give another place")
    require("matplotlib", "plots")
    return path


def write(figure: Figure, path: Path | str) -> Path:
    """Write a figure beside ``path`` and rename it into place; return the path.

    Raises:
        SettingsError: its ending is none of :data:`ENDINGS`, or its folder does not exist.
    """
    path, content = check(path), io.BytesIO()
    figure.savefig(content, dpi=_DOTS_PER_INCH, format=path.suffix[1:].lower())
    write_whole(path, content.getvalue())
    return path


def new_figure(heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """An empty figure with panels of these heights in inches, one above the other, over one axis.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", "plots")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES, sum(heights) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=list(heights))
    panels: list[Axes] = list(grid[:, 0])
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", color="#E6E6E6", linewidth=0.8)
        panel.set_axisbelow(True)
        panel.tick_params(color=GREY)
    return figure, panels
