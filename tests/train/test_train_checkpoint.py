"""Checkpoints: killed at any moment, a resumed run ends with the very weights of one that was not."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.artefact.verify import sha256
from limbeck.cli import main
from limbeck.errors import TrainingError
from limbeck.train import checkpoint
from limbeck.train.checkpoint import Progress, differences, newest
from support.encoders import folder
from support.train_data import learner, rows, write_csv

CHILD = Path(__file__).parent.parent / "support" / "resumable.py"
EPOCHS, UPDATES = 3, 5 * 3
"""27 rows of the 30 are trained on: steps of 3 x 2 rows, so 4 full ones and one of 3 rows an epoch."""


def command(data: Path, out: Path, *flags: str) -> list[str]:
    fit = "--epochs 3 --batch-size 2 --accumulate 3 --lr 1e-3 --seed 7 --precision float32 --checkpoint-every 2"
    model = str(folder("bert", dropout=True))
    return ["train", str(data), "--model", model, "--out", str(out), *fit.split(), "--max-length", "32", *flags]


def start_child(moment: str, arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CHILD), moment, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def logged(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def without_times(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "limbeck.json").read_text())
    return {key: record[key] for key in ("task", "metrics", "data", "probes", "passes")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The data and a run that nothing interrupted, without worker processes."""
    home = tmp_path_factory.mktemp("whole")
    data = write_csv(home / "rows.csv", rows(30))
    assert main(command(data, home / "out")) == 0
    return data, home / "out"


def test_killed_again_and_again_it_ends_with_the_very_same_weights(whole: tuple[Path, Path], tmp_path: Path) -> None:
    data, expected = whole
    out, home = tmp_path / "out", tmp_path / "out.checkpoint"
    chance = random.Random(20)
    first, second = chance.randint(2, 4), chance.randint(1, 2)
    arguments = command(data, out, "--resume", "--workers", "2")

    def killed(moment: str) -> int:
        """The update that the newest checkpoint holds after a child was killed at ``moment``."""
        with start_child(moment, arguments) as child:
            _, errors = child.communicate(timeout=180)
        assert child.returncode == -signal.SIGKILL, errors
        assert not out.exists()
        saved = newest(home)
        return 0 if saved is None else saved.progress.update

    in_mid_epoch = killed(f"update:{first}")
    assert in_mid_epoch == (first - 1) // 2 * 2  # begun where there was nothing; checkpoints at 2, 4, 5
    before_rename = killed(f"before:{second}")
    after_rename = killed("after:2")
    assert in_mid_epoch <= before_rename < after_rename < UPDATES

    with start_child("slow", arguments) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith("epoch 2 of 3"):
                child.send_signal(signal.SIGINT)
                break
        rest = child.stderr.read()
    assert child.returncode == 130, rest
    assert "limbeck: stopped after update " in rest
    assert rest.rstrip().endswith(f"of {UPDATES}; a checkpoint stands. Go on with the same command and --resume")
    assert not out.exists()

    assert main(command(data, out, "--resume")) == 0
    assert not home.exists()
    assert sha256(out / "model.safetensors") == sha256(expected / "model.safetensors")
    assert sha256(out / "onnx" / "model.onnx") == sha256(expected / "onnx" / "model.onnx")
    assert (out / "metrics.jsonl").read_text() == (expected / "metrics.jsonl").read_text()
    assert without_times(out) == without_times(expected)
    steps = [entry for entry in logged(out) if "rows" in entry]
    assert Counter(row for entry in steps for row in entry["rows"]) == dict.fromkeys(range(27), EPOCHS)
    assert [entry["update"] for entry in steps] == list(range(1, UPDATES + 1))


def test_a_finished_model_is_reported_and_left_alone(
    whole: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = whole
    before = sha256(out / "limbeck.json")
    assert main(command(data, out, "--resume")) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"{out} is finished already; nothing to resume (")
    assert said.out.endswith(f"finished before, left as it is: {out}\n")
    assert sha256(out / "limbeck.json") == before


# in one process


def state_of(folder: Path) -> dict[str, Any]:
    saved = newest(folder)
    assert saved is not None
    return {"update": saved.progress.update, "log": len(saved.progress.log)}


def save(folder: Path, update: int, *, log: int = 0) -> None:
    progress = Progress(update=update, log=[{"epoch": 1}] * log)
    tensors = {"model": {"weight": torch.full((2, 3), float(update))}}
    checkpoint.save(folder, identity={"lr": 0.1}, progress=progress, tensors=tensors, state={"groups": []})


def test_it_holds_what_it_was_given(tmp_path: Path) -> None:
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)
    save(tmp_path, 4, log=2)
    expected = (torch.rand(2), np.random.random(2), random.random())
    saved = newest(tmp_path)
    assert saved is not None
    assert saved.identity == {"lr": 0.1}
    assert saved.progress == Progress(update=4, log=[{"epoch": 1}, {"epoch": 1}])
    assert saved.tensors["model"]["weight"].tolist() == [[4.0] * 3] * 2
    assert saved.state == {"groups": []}
    saved.restore_random()
    assert torch.equal(torch.rand(2), expected[0])
    assert np.array_equal(np.random.random(2), expected[1])
    assert random.random() == expected[2]


def test_there_is_none_in_a_folder_that_is_empty_or_missing(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    assert newest(tmp_path / "missing") is None
    (tmp_path / "step-00000003.partial").mkdir()
    assert newest(tmp_path) is None


def test_only_the_newest_stays(tmp_path: Path) -> None:
    (tmp_path / "step-00000009.partial").mkdir()
    for update in (4, 9, 100_000_000):
        save(tmp_path, update)
        assert [path.name for path in tmp_path.iterdir()] == [f"step-{update:08d}"]
    assert state_of(tmp_path)["update"] == 100_000_000


@pytest.mark.parametrize("renames", [0, 1])
def test_the_same_update_saved_again_never_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    save(tmp_path, 4, log=1)
    honest, done = Path.rename, [0]

    def dying(self: Path, target: Path) -> Path:
        if done[0] == renames:
            raise KeyboardInterrupt
        done[0] += 1
        return honest(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", dying)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 4, log=2)
    assert state_of(tmp_path) == {"update": 4, "log": 1}
    save(tmp_path, 4, log=2)
    assert state_of(tmp_path) == {"update": 4, "log": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000004"]


def test_one_that_was_being_removed_does_no_harm(tmp_path: Path) -> None:
    save(tmp_path, 4, log=2)
    shutil.copytree(tmp_path / "step-00000004", tmp_path / "step-00000004.replaced")
    (tmp_path / "step-00000004.replaced" / "state.json").unlink()
    (tmp_path / "step-00000002").mkdir()
    assert state_of(tmp_path) == {"update": 4, "log": 2}


@pytest.mark.parametrize("damage", ["cut tensors", "no tensors", "cut state", "other state"])
def test_a_damaged_one_is_named(tmp_path: Path, damage: str) -> None:
    save(tmp_path, 4)
    here = tmp_path / "step-00000004"
    if damage == "cut tensors":
        (here / "tensors.safetensors").write_bytes((here / "tensors.safetensors").read_bytes()[:-9])
    elif damage == "no tensors":
        (here / "tensors.safetensors").unlink()
    elif damage == "cut state":
        (here / "state.json").write_text((here / "state.json").read_text()[:-9])
    else:
        (here / "state.json").write_text('{"progress": {"sunshine": 1}}')
    with pytest.raises(TrainingError) as caught:
        newest(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"the checkpoint {here} is damaged (")
    assert message.endswith("; remove that folder to begin anew, or copy it back from a backup")


def test_differences_are_named() -> None:
    before, now = {"lr": 0.1, "seed": 1, "gone": 2}, {"lr": 0.2, "seed": 1}
    assert differences(before, now) == ["gone was 2, is None", "lr was 0.1, is 0.2"]


def test_differences_of_data_come_first_and_no_hash_is_shown() -> None:
    before = {"lr": 0.1, "model": "3bc2b69b8794b46a", "task": {"name": "classify"}, "train data": "a1" * 8}
    now = {"lr": 0.2, "model": "4bc2b69b8794b46a", "task": {"name": "regress"}, "train data": "b1" * 8}
    told = ["train data has changed", "lr was 0.1, is 0.2", "model has changed", "task has changed"]
    assert differences(before, now) == told


def test_no_hash_is_shown_of_what_came_or_went_or_of_teachers() -> None:
    before = {"taught by said": "a1" * 8, "taught by teachers": [{"name": "a", "fingerprint": "b1" * 32}], "head": 1}
    now = {"valid data": "c1" * 32, "taught by said": "d1" * 8, "taught by teachers": [], "head": 2}
    told = ["what the teachers said has changed", "valid data is new", "head was 1, is 2"]
    assert differences(before, now) == [*told, "taught by teachers has changed"]
    assert differences({"valid data": "c1" * 32}, {}) == ["valid data is gone"]


def test_a_resume_under_other_settings_or_data_is_refused(tmp_path: Path) -> None:
    learner(rows(8)).fit(tmp_path)
    with pytest.raises(TrainingError) as caught:
        learner(rows(8), lr=2e-3, seed=1).fit(tmp_path, resume=True)
    message = str(caught.value)
    assert message.startswith(f"the checkpoint in {tmp_path} is of another run: ")
    assert "lr was 0.001, is 0.002; " in message and "; seed was 0, is 1" in message
    assert message.endswith("Resume with the same settings and data, or train anew without --resume")
    with pytest.raises(TrainingError, match="train data has changed"):
        learner(rows(10)).fit(tmp_path, resume=True)
    with pytest.raises(TrainingError, match="valid data is new"):
        learner(rows(8), rows(10)).fit(tmp_path, resume=True)
    with pytest.raises(TrainingError, match="model has changed"):
        learner(rows(8), family="mpnet").fit(tmp_path, resume=True)


def test_the_number_of_workers_and_checkpoints_may_change(tmp_path: Path) -> None:
    learner(rows(8)).fit(tmp_path)
    again = learner(rows(8), checkpoint_every=1)
    assert again.fit(tmp_path, resume=True).update == 4


def test_a_resume_begins_where_there_is_nothing(tmp_path: Path) -> None:
    made = learner(rows(8))
    assert made.fit(tmp_path / "new", resume=True).update == 4


@pytest.mark.parametrize("every", [None, 3])
def test_a_run_that_lost_its_patience_stays_ended(tmp_path: Path, every: int | None) -> None:
    valid = rows(40).take(range(30, 40))
    made = learner(rows(8), valid, epochs=6, patience=1, lr=1e-9, checkpoint_every=every)
    done = made.fit(tmp_path)
    again = learner(rows(8), valid, epochs=6, patience=1, lr=1e-9, checkpoint_every=every)
    assert again.fit(tmp_path, resume=True).log == done.log
    for name, value in made.model.module.state_dict().items():
        assert torch.equal(value, again.model.module.state_dict()[name]), name
