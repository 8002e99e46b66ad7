"""What is said of a model once it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from limbeck.cli._trained import calibration_line
from limbeck.errors import counted

NOTE: dict[str, Any] = {"name": "calibrate", "rows": 60, "loss_before": 0.5, "loss_after": 0.25}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": 1.25}, "calibrated: temperature 1.250, validation loss of the saved graph 0.500000 before, "),
        ({"temperature": 1.0, "rows": 15}, "not calibrated: 15 validation rows, 50 are needed; validation loss"),
        ({"temperature": 1.0, "rows": 1}, "not calibrated: 1 validation row, 50 are needed; validation loss"),
        ({"temperature": 1.0}, "not calibrated: the validation rows call for no other temperature; validation loss"),
    ],
)
def test_a_calibration_is_told_where_there_was_one(changes: dict[str, Any], said: str) -> None:
    line = calibration_line(NOTE | changes)
    assert line.startswith(said) and " 0.250000" in line


def test_one_thing_is_singular() -> None:
    assert [counted(n, "epoch") for n in (0, 1, 3)] == ["0 epochs", "1 epoch", "3 epochs"]
