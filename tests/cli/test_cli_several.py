"""The command line in several processes: one result, one message, by both launchers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.cli import main
from limbeck.cli._several import one_of_several
from support.encoders import folder
from support.train_data import rows, write_csv

ROOT = Path(__file__).parents[2]
FLAGS = ["--epochs", "2", "--precision", "float32", "--batch-size", "8", "--valid-fraction", "0.2", "--no-look"]


def launched(module: str, flags: list[str], command: list[str]) -> subprocess.CompletedProcess[str]:
    """A launcher's two processes of ``limbeck``, to their end."""
    paths = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", module, *flags, "-m", "limbeck", *command],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        timeout=900,
    )


def test_accelerate_launch_prints_once_and_has_the_losses_of_one_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_csv(tmp_path / "rows.csv", rows(40))
    flags = ["--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--main_process_port", "0"]
    command = ["train", str(data), "--model", str(folder("bert")), *FLAGS, "--out"]  # an encoder without dropout
    done = launched("accelerate.commands.launch", flags, [*command, str(tmp_path / "two")])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["valid accuracy", "valid loss", "valid macro f1", "saved"]
    assert done.stderr.count("plan: 2 epochs, 8 updates at lr 5e-05 in float32, 2 processes; about ") == 1
    assert done.stderr.count("epoch 2 of 2: ") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "two"]

    assert main([*command, str(tmp_path / "one")]) == 0
    logs = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    ]
    assert len(logs[0]) == len(logs[1]) == 11
    for one, two in zip(*logs, strict=True):
        assert one.get("rows") == two.get("rows")
        assert one.get("loss", 0.0) == pytest.approx(two.get("loss", 0.0), abs=1e-5)
        assert one.get("valid", {}).get("loss", 0.0) == pytest.approx(two.get("valid", {}).get("loss", 0.0), abs=1e-5)
    one, two = (Manifest.read(tmp_path / name) for name in ("one", "two"))
    assert one.metrics == pytest.approx(two.metrics, abs=1e-5)


def test_torchrun_tells_a_mistake_once(tmp_path: Path) -> None:
    flags = ["--standalone", "--nproc-per-node", "2"]
    missing = str(tmp_path / "missing.csv")
    done = launched("torch.distributed.run", flags, ["train", missing, *FLAGS, "--out", str(tmp_path / "out")])
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("limbeck: ") == 1
    assert f"limbeck: no file '{missing}'" in done.stderr.splitlines()
    assert "exitcode  : 2" in done.stderr  # torchrun's own report
    assert not list(tmp_path.iterdir())


def test_other_commands_run_in_one_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for number in ("0", "1"):
        monkeypatch.setenv("RANK", number)
        assert main(["info", "model"]) == 2
    assert capsys.readouterr().err == (
        "limbeck: limbeck info runs in one process, and 2 were started: "
        "run the same command without torchrun or accelerate launch\n"
    )


def test_a_launcher_that_started_one_process_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("train", "info"):
        with one_of_several(command):
            pass
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "False")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    for command in ("train", "info"):
        with one_of_several(command):
            pass
    assert capsys.readouterr().err == (
        "accelerate launch started one process; without GPUs it starts several by --multi_gpu, as torchrun does\n"
    )
