"""A picture of values with their intervals, one beside the other: a small svg, the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Bounds = tuple[float, float, float]
"""A value, and the two ends of its interval."""


def points(
    path: Path,
    values: Mapping[str, Bounds],
    *,
    label: str,
    axis: str,
    line: tuple[str, float],
    peers: tuple[str, Mapping[str, float]] = ("", {}),
) -> None:
    """Draw values as points with intervals; where matplotlib is not installed that is said, and nothing is drawn.

    Args:
        path: the svg.
        values: by what stands below them.
        label: what points and intervals are.
        axis: what is measured, with its unit.
        line: what is drawn across, and at which value.
        peers: what stands beside, and its values by the same names.
    """
    from limbeck.errors import MissingExtra
    from limbeck.plots import BLUE, GREY, ORANGE, new_figure, write

    try:
        figure, (panel,) = new_figure([2.6])
    except MissingExtra as error:
        print(f"no picture: {error}", flush=True)
        return
    import matplotlib

    places = range(len(values))
    found, low, high = zip(*values.values(), strict=True)
    reach = [
        [at - end for at, end in zip(found, low, strict=True)],
        [end - at for at, end in zip(found, high, strict=True)],
    ]
    panel.errorbar(places, found, yerr=reach, fmt="o", color=BLUE, capsize=3, label=label)
    if peers[1]:
        panel.plot(places, [peers[1][name] for name in values], "D", color=ORANGE, markersize=5, label=peers[0])
    panel.axhline(line[1], color=GREY, linestyle="--", linewidth=1.2, label=line[0])
    panel.set_xticks(places, list(values))
    panel.set_ylabel(axis)
    panel.legend(frameon=False, fontsize="small", ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "limbeck"}):
        write(figure, path)
