"""The place of a training: held by one command at a time, and left as it was where nothing was kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck.cli._place import fit_there
from limbeck.errors import TrainingError

HOLD = """
import os, sys, time
from pathlib import Path
from limbeck.cli._place import fit_there
def fit():
    told, tell = os.pipe()
    worker = os.fork()
    if not worker:
        os.write(tell, b".")  # its fork is over, and what is done after one in a child is done
        time.sleep(600)
    os.read(told, 1)
    print(worker, flush=True)
    time.sleep(600)
fit_there(fit, Path(sys.argv[1]), resume=False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
@pytest.mark.parametrize("resume", [False, True])
def test_two_commands_do_not_train_at_one_place(tmp_path: Path, resume: bool) -> None:
    """Each would delete the other's checkpoints; a process that was killed holds nothing, nor do workers it leaves."""
    folder = tmp_path / "out.checkpoint"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        worker = int(other.stdout.readline())
        kept = folder / "step-00000001"
        kept.mkdir()
        with pytest.raises(TrainingError, match=r"another command trains at this moment, .*out\.checkpoint; wait for"):
            fit_there(lambda: pytest.fail("it trained"), folder, resume=resume)
        assert kept.is_dir()
        other.kill()
    try:
        fit_there(lambda: None, folder, resume=resume)
    finally:
        os.kill(worker, signal.SIGKILL)
    assert kept.is_dir() == resume


def test_a_folder_without_checkpoints_is_not_left(tmp_path: Path) -> None:
    folder = tmp_path / "out.checkpoint"

    def fail() -> None:
        assert folder.is_dir()
        raise TrainingError("the loss became nan")

    with pytest.raises(TrainingError, match="nan"):
        fit_there(fail, folder, resume=False)
    assert not folder.exists()
