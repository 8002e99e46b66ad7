"""What becomes of answers where stdout cannot take them: a full disk, a closed stream, a code page without a sign."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.sentiment_model import sentiment_model


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    environment.pop("PYTHONUNBUFFERED", None)
    line = command.replace("limbeck", f"{sys.executable} -c 'from limbeck.cli import program; program()'", 1)
    return subprocess.run(line, shell=True, capture_output=True, encoding="utf-8", env=environment)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no file that is always full")
@pytest.mark.parametrize(
    "command", ["limbeck predict 'a joy' > /dev/full", "yes 'a joy' | head -n 5000 | limbeck predict > /dev/full"]
)
def test_a_full_disk_is_told(command: str) -> None:
    done = shell(command)
    assert done.returncode == 1
    assert "limbeck: cannot read or write: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_standard_output_is_no_traceback() -> None:
    assert "Traceback" not in shell("limbeck predict 'a joy' >&-").stderr


def test_without_standard_error_notices_go_nowhere(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\na joy\n")
    done = shell(f"limbeck predict --json {tmp_path / 'in.csv'} 2>&-")
    assert done.returncode == 0
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["a joy"]
    assert shell(f"limbeck predict {tmp_path / 'in.csv'} 2>&-").returncode == 0
    assert shell("limbeck predict in.xyz --out 2>&-").returncode == 2


def test_signs_that_the_code_page_lacks_are_escaped() -> None:
    done = shell("limbeck predict --sentences 'A joy \U0001f600. A bore.'", PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (0, "")
    assert "A joy \\U0001f600." in done.stdout
