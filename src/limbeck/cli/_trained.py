"""What ``limbeck train`` says of the model that it saved: its measures on stdout, its calibration on stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._say import say
from limbeck.errors import counted, shown_measure

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest


def print_result(
    manifest: Manifest, out: Path, *, as_json: bool, how: str = "saved", more: Mapping[str, Any] | None = None
) -> None:
    """Print the measures, and last where the model stands; ``how`` says what was done there, ``more`` is for json."""
    say(*(calibration_line(note) for note in manifest.passes if note["name"] == "calibrate"))
    if not manifest.passes and "loss" in manifest.metrics:
        say(f"validation loss of the saved graph {manifest.metrics['loss']:.6f}, not calibrated")
    if as_json:
        print(json.dumps({"out": str(out), "metrics": manifest.metrics, "passes": manifest.passes, **(more or {})}))
        return
    for name, value in manifest.metrics.items():
        if math.isfinite(value):
            print(f"valid {name.replace('_', ' ')}: {shown_measure(value)}")
    print(f"{how}: {out}")


def calibration_line(note: Mapping[str, Any]) -> str:
    """What the pass ``calibrate`` did, by its note in the manifest; a temperature of 1 leaves the weights alone."""
    from limbeck.passes.calibrate import MIN_ROWS

    if note["temperature"] != 1.0:
        return (
            f"calibrated: temperature {note['temperature']:.3f}, validation loss of the saved graph "
            f"{note['loss_before']:.6f} before, {note['loss_after']:.6f} after"
        )
    if note["rows"] < MIN_ROWS:
        why = f"{counted(note['rows'], 'validation row')}, {MIN_ROWS} are needed"
    else:
        why = "the validation rows call for no other temperature"
    return f"not calibrated: {why}; validation loss of the saved graph {note['loss_after']:.6f}"
