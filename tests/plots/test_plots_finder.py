"""The picture of a search for a rate: curve, readings, pilots and suggestion are all in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limbeck.metrics import shown_rate
from limbeck.train.found import Curve, FoundRate
from limbeck.train.suggest import Trial

pytest.importorskip("matplotlib")

RATES = tuple(10 ** (-7 + n / 5) for n in range(31))
LOSSES = tuple([1.4] * 12 + [1.4 - 0.12 * n for n in range(9)] + [0.6, 1.0, 2.0, 4.0, 8.0, 9.0, 9.0, 9.0, 9.0, 9.0])
PILOTS = (Trial(1e-3, 0.5), Trial(3e-4, 0.42), Trial(1e-4, 0.45), Trial(3e-3, None))


def found(**changes: Any) -> FoundRate:
    values: dict[str, Any] = {
        "suggestion": 2.5e-4,
        "curve": Curve(RATES, LOSSES, "the loss stayed above 4 times its best", 40),
        "pilots": PILOTS,
        "pilot_updates": 100,
        "updates": 400,
        "default": 5e-5,
        "is_default": False,
        "notes": (),
        "seconds": 12.0,
    }
    return FoundRate(**{**values, **changes})


def drawn(panel: Any) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_xdata()) for line in panel.get_lines()}


def test_all_that_was_found_is_drawn() -> None:
    result = found()
    curve, pilots = result.plot().axes
    lines = drawn(curve)
    assert lines["each update"] == lines["smoothed"] == list(RATES)
    for name, rate in result.curve.readings.items():
        assert rate is not None
        assert lines[f"{name} {shown_rate(rate)}"] == [rate, rate]
    assert [2.5e-4, 2.5e-4] in lines.values()
    lines = drawn(pilots)
    assert lines["pilots"] == [1e-4, 3e-4, 1e-3]
    assert lines["diverged"] == [3e-3]
    assert curve.get_title(loc="left") == "suggested: 2.5e-04"
    assert curve.get_xscale() == pilots.get_xscale() == "log"


def test_what_is_missing_is_left_out(tmp_path: Path) -> None:
    flat = Curve(RATES, (1.0,) * 31, "the highest rate was tried", 40)
    figure = found(curve=flat, pilots=(), is_default=True, suggestion=5e-5).plot(tmp_path / "flat.png")
    (panel,) = figure.axes
    assert set(drawn(panel)) >= {"each update", "smoothed"} and not [name for name in drawn(panel) if "valley" in name]
    assert panel.get_title(loc="left") == "suggested: 5e-05, the default: nothing was found"
    assert (tmp_path / "flat.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_curve_and_pilots_that_all_diverged_can_be_drawn(tmp_path: Path) -> None:
    empty = Curve((), (), "the loss was no number any more", 40)
    found(curve=empty, pilots=(Trial(1e-4, None),), is_default=True).plot(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size > 1000
