"""Nothing is reported of a user's machine: onnxruntime's own telemetry is off unless the user says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("said", [None, "0"])
def test_telemetry_is_off_unless_it_is_asked_for(tmp_path: Path, said: str | None) -> None:
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_DATA_HOME": str(tmp_path / "data")}
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | places
    environment |= {} if said is None else {"ORT_DISABLE_TELEMETRY": said}
    script = "import limbeck, os; limbeck.load(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (said or "1")
    if said is None:
        made = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
        assert not [name for name in made if "onnxruntime" in name.lower() or "deviceid" in name.lower()]
