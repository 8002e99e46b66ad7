"""Two processes: the losses of one, the same decisions, one error told, and no end that is not noticed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import limbeck
from limbeck.errors import SettingsError, TrainingError
from limbeck.text import TextSettings
from limbeck.train import checkpoint
from limbeck.train.learner import Learner
from limbeck.train.loop import _mix
from limbeck.train.processes import join, speaks
from limbeck.train.progress import Silent
from limbeck.train.settings import FitSettings
from support import together
from support.encoders import folder
from support.train_data import rows

CHILD = Path(together.__file__)


def environment(number: int, port: int) -> dict[str, str]:
    """What a launcher sets for one of two processes."""
    places = {"RANK": str(number), "LOCAL_RANK": str(number), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "PYTHONPATH": paths}
    return {**os.environ, **places, **where, "OMP_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote; before, one began a training that they go on with."""
    folder = tmp_path_factory.mktemp("together")
    begun = together.stopped()
    begun._step = together.in_process(0, 2, together.signalled(signal.SIGINT))
    assert together.story(begun, folder / "begun")["error"] == "Interrupted"
    port = free_port()
    children = [
        subprocess.Popen(
            [sys.executable, str(CHILD), str(folder)],
            env=environment(number, port),
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for number in (0, 1)
    ]
    errors = [child.communicate(timeout=900)[1] for child in children]
    assert [child.returncode for child in children] == [0, -signal.SIGKILL], errors
    return folder


def told(home: Path, what: str) -> list[dict[str, Any]]:
    """What each of the two wrote."""
    return [json.loads((home / f"{what}-{number}.json").read_text(encoding="utf-8")) for number in (0, 1)]


def assert_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same updates on the same rows, the losses alike to 1e-5."""
    assert len(one["log"]) == len(other["log"])
    for ours, theirs in zip(one["log"], other["log"], strict=True):
        assert ours.keys() == theirs.keys()
        exact = [key for key in ours if key in ("update", "epoch", "texts", "rows", "lr")]
        assert [ours[key] for key in exact] == [theirs[key] for key in exact]
        for name in ("loss", "train_loss"):
            assert ours.get(name, 0.0) == pytest.approx(theirs.get(name, 0.0), abs=1e-5)
        assert ours.get("parts", {}) == pytest.approx(theirs.get("parts", {}), abs=1e-6, rel=1e-6)
        for name, value in ours.get("valid", {}).items():
            assert value == pytest.approx(theirs["valid"][name], abs=1e-5), name
    assert (one["best"], one["texts"]) == (other["best"], other["texts"])
    np.testing.assert_allclose(one["weights"], other["weights"], rtol=1e-4)


@pytest.mark.parametrize("what", ["accumulated", "patient", "counted", "parted"])
def test_two_processes_have_the_losses_of_one(home: Path, what: str) -> None:
    first, second = told(home, what)
    assert first == second  # to the bit: both took the same steps
    assert_alike(first, together.story(getattr(together, what)()))


def test_the_test_has_what_it_needs(home: Path) -> None:
    steps = [len(entry["rows"]) for entry in told(home, "accumulated")[0]["log"] if "rows" in entry]
    assert steps == [12, 12, 12, 1] * 2  # a step of one row leaves a process without any
    parts = [entry["parts"] for entry in told(home, "parted")[0]["log"] if "parts" in entry]
    assert [list(each) for each in parts] == [["soft", "hard", "hidden", "cosine", "relations"]] * 10
    patient = [entry["valid"]["loss"] for entry in told(home, "patient")[0]["log"] if "valid" in entry]
    assert 2 < len(patient) < together.PATIENT["epochs"]


def test_the_first_saves_and_both_know(home: Path) -> None:
    first, second = told(home, "saved")
    assert first == second
    assert first["metrics"]["loss"] == pytest.approx(told(home, "accumulated")[0]["log"][-1]["valid"]["loss"], abs=0.1)
    assert limbeck.load(home / "model").predict("a lovely film").predicted in ("good", "bad")
    assert not (home / "out of sight").exists()


def test_what_is_no_number_in_one_is_none_in_all(home: Path) -> None:
    first, second = told(home, "broken")
    assert first == second
    assert (first["error"], first["told"][:35]) == ("TrainingError", "the loss became nan at update 2 (ep")


def test_a_signal_to_one_stops_all_and_one_goes_on(home: Path) -> None:
    first, second = told(home, "stopped")
    assert (first["error"], first["told"]) == ("Interrupted", "stopped after update 2 of 6; a checkpoint stands")
    assert second["error"] == "Interrupted"
    saved = checkpoint.newest(home / "stopped")
    assert saved is not None
    assert (saved.progress.update, saved.state["machine"]["processes"]) == (2, 2)
    assert_alike(together.story(together.stopped(), home / "stopped", resume=True), together.story(together.stopped()))


def test_two_go_on_where_one_began(home: Path) -> None:
    first, second = told(home, "resumed")
    assert first == second
    assert_alike(first, together.story(together.stopped()))


def test_other_data_in_one_process_is_refused(home: Path) -> None:
    first, second = told(home, "differing")
    assert first == second
    assert first["error"] == "TrainingError"
    assert first["told"].startswith("train data is '")
    assert "in process 1 and '" in first["told"]
    assert first["told"].endswith("give all of them the same command, and the same files on every machine")


def test_a_family_that_fits_itself_is_refused(home: Path) -> None:
    for said in told(home, "refused"):
        assert said["error"] == "SettingsError"
        assert said["told"].startswith("--model frozen:")
        assert said["told"].endswith(
            " is fitted without epochs: it runs in one process, and 2 were started: "
            "run the same command without torchrun or accelerate launch"
        )


def test_the_first_decides_and_sums_are_everyones(home: Path) -> None:
    assert told(home, "first") == [{"made by": 0, "sums": [1.0, 3.0, 5.0]}] * 2


def test_a_killed_process_ends_the_other_in_words(home: Path) -> None:
    said = json.loads((home / "killed-0.json").read_text(encoding="utf-8"))
    assert said["error"] == "TrainingError"
    assert said["told"].startswith("one of the 2 processes has ended, or cannot be reached (")
    assert said["told"].endswith("where nothing else was told, go on with the same command and --resume")
    assert (said["speaks"], said["speaks again"]) == (True, False)


# in one process


def test_one_alone_sends_nothing() -> None:
    alone = join()
    assert (alone.number, alone.count, alone.is_first) == (0, 1, True)
    step, lengths = np.arange(3), np.array([2, 2, 2])
    assert alone.share(step, lengths) is step
    weight = torch.nn.Parameter(torch.ones(2))
    assert alone.add_up([weight], [0.5], asked=True) == ([0.5], True)
    assert weight.grad is None
    assert alone.first(lambda: 7) == 7
    assert alone.checkpoint(lambda: None) is None
    alone.agree({"lr": 1})
    alone.wait()
    assert speaks() and speaks()


def test_processes_that_cannot_find_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    join()  # Accelerate knows of one process from here on
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(SettingsError, match="the environment tells of 2 processes and Accelerate of 1; start them"):
        join()


def test_dropout_of_the_first_process_is_that_of_one_alone() -> None:
    assert _mix(3, 4, 0) != _mix(3, 4, 1) != _mix(3, 4, 2)
    assert _mix(3, 4, 0) == int(np.random.SeedSequence([3, 4]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def test_a_frozen_encoder_is_no_matter_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(SettingsError, match="it runs in one process, and 2 were started"):
        Learner(rows(4), model="frozen")


@pytest.mark.parametrize("dropout", [False, True])
def test_the_number_of_processes_may_change_with_a_word_where_nothing_drops_out(tmp_path: Path, dropout: bool) -> None:
    lines: list[str] = []

    def made() -> Learner:
        fit = FitSettings(epochs=1, lr=1e-3, batch_size=4, precision="float32")
        source = str(folder("bert", dropout=dropout))
        return Learner(rows(8), model=source, text=TextSettings(max_length=32), fit=fit, reporter=Silent())

    made().fit(tmp_path)
    (path,) = tmp_path.glob("step-*/state.json")
    record = json.loads(path.read_text())
    record["state"]["machine"]["processes"] = 2
    path.write_text(json.dumps(record))
    again = made()
    again.reporter.line = lines.append  # type: ignore[method-assign, assignment]
    if dropout:
        with pytest.raises(TrainingError, match=r"of 2 processes, and 1 took it up: dropout .* Resume with 2, or"):
            again.fit(tmp_path, resume=True)
        return
    again.fit(tmp_path, resume=True)
    assert lines[0] == "processes was 2, is 1 since the checkpoint: the last digits of the weights may differ"
