"""The card of the model that ships: what only the recipe knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "recipes" / "sentiment"
NAMES = ("make", "data", "sources", "run", "card", "finish", "scaling", "pieces", "records", "commands")


@pytest.fixture(scope="module")
def recipe() -> Any:
    """The recipe's modules as they import each other, while the tests of this file run."""
    with plain_modules(FOLDER, NAMES) as modules:
        yield modules


def test_the_card_has_every_ability_and_the_figures_at_hand(recipe: Any) -> None:
    side = {"rows_with_a_side": 1200, "accuracy": 0.875}
    ability = {"name": "names swapped", "untrained": True, "cases": 20, "failed": 1, "rate": 0.05}
    ability["interval"] = [0.009, 0.236]
    behaviour = {"abilities": [ability], "cases": 20, "failed": 1, "rate": 0.05, "interval": [0.009, 0.236]}
    figure = {"what": "SST-2 test", "value": 88.51, "unit": "%", "bar": "at least 88.5 %"}
    report = {"dev_sst2": side, "dev_sst5": side, "calibration": side}
    text = recipe["card"].about(report, behaviour, [figure])
    assert "| SST-2 dev | 1,200 | 87.5% |" in text
    assert "| SST-2 test | 88.51 % | at least 88.5 % |" in text
    assert "| names swapped * | 20 | 5.0% | 0.9% to 23.6% |" in text
    assert "| all | 20 | 5.0% |" in text
    assert "names swapped: 1 of 20 cases fail" in text
    assert "On test sets" not in recipe["card"].about(report, behaviour, [])


def test_the_biases_of_the_card_are_abilities_of_the_suite(recipe: Any) -> None:
    suite = json.loads((FOLDER / "behaviour" / "suite.json").read_text(encoding="utf-8"))
    assert set(recipe["card"].BIASES) <= {ability["name"] for ability in suite["abilities"]}
