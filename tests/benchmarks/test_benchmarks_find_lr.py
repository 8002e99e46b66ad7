from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def modules() -> Any:
    with plain_modules(FOLDER, ("records", "commands", "find_lr")) as found:
        yield found


def pieces(losses: dict[float, list[float]], ours: list[float], suggested: list[float]) -> dict[str, Any]:
    stamp = {"commit": "abc", "machine": {"cpu": "x"}, "date": "2026-11-28", "versions": {}}

    def side(values: list[float]) -> list[dict[str, Any]]:
        return [{"loss": value, "stamp": stamp} for value in values]

    return {
        "searches": [{"suggested_lr": rate, "seconds": 9.0, "stamp": stamp} for rate in suggested],
        "ours": side(ours),
        "grid": {rate: side(values) for rate, values in losses.items()},
    }


@pytest.mark.parametrize(("ours", "met"), [([0.3, 0.306], True), ([0.3, 0.314], False)])
def test_the_mean_loss_is_held_against_the_best_mean_of_the_grid(
    modules: Any, monkeypatch: pytest.MonkeyPatch, ours: list[float], met: bool
) -> None:
    written: list[Any] = []
    monkeypatch.setattr(modules["records"], "write", lambda record, stamps, **_: written.append((record, len(stamps))))
    # means 0.35, 0.30 and 0.32: the lowest single loss (0.25) is not what counts
    grid = {1e-5: [0.25, 0.45], 6e-5: [0.3, 0.3], 4e-4: [0.31, 0.33]}
    args = argparse.Namespace(seeds=[1, 2], seeds_text="1,2")
    modules["find_lr"].report(args, {"trec": pieces(grid, ours, [5e-5, 8e-5])})
    ((record, n_stamps),) = written
    assert record.name == "finder-trec" and record.met is met
    assert record.peer == {"name": "grid, 6e-05", "value": pytest.approx(0.3)}
    assert record.ratio == pytest.approx(sum(ours) / 2 / 0.3)
    assert n_stamps == 2 + 2 + 6
    assert record.detail["grid"]["1e-05"] == [0.25, 0.45]


def test_each_grid_has_seven_rates_of_one_ratio(modules: Any) -> None:
    for chosen in modules["find_lr"].SETS.values():
        ratios = [high / low for low, high in zip(chosen.rates, chosen.rates[1:], strict=False)]
        assert len(ratios) == 6 and all(2.3 < ratio < 2.8 for ratio in ratios)
