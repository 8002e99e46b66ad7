"""``limbeck train --auto``, ``--within`` and ``--tensorboard``: what they say, choose and leave behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.cli import main
from limbeck.train import few
from limbeck.train.loss_settings import LossSettings
from support.encoders import folder
from support.train_data import rows, write_csv


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "rows.csv", rows(40))


def train(data: Path, *flags: str, model: str = "") -> int:
    out = str(data.parent / "out")
    source = model or str(folder("bert"))
    return main(["train", str(data), "--model", source, "--out", out, "--precision", "float32", *flags])


def test_auto_learns_from_all_of_a_small_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--auto", "--epochs", "1") == 0
    said = capsys.readouterr()
    assert "rows: 40 train" in said.err
    assert re.search(r"^plan: chosen by what is measured; about .* an epoch$", said.err, re.MULTILINE)
    assert "frozen encoder with a" not in said.err
    (chosen,) = [line for line in said.err.splitlines() if line.startswith("autofit: ")]
    assert "on 40 rows of folds the frozen encoder loses" in chosen
    manifest = Manifest.read(data.parent / "out")
    assert manifest.data["valid"] is None
    (judged,) = manifest.training["chosen"]["cross_validated"].values()
    assert judged["rows"] == 40
    assert manifest.settings["auto"] is True


def test_auto_with_validation_rows_fits_by_their_loss(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--auto", "--valid", str(data), "--epochs", "1", "--lr", "1e-3") == 0
    assert "autofit: fits by validation loss: epochs 1, lr 0.001" in capsys.readouterr().err
    manifest = Manifest.read(data.parent / "out")
    assert len(manifest.training["rounds"]) >= 2


def test_auto_holds_rows_back_for_a_model_from_scratch(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not few.needs_all(40, source="small", task="classify", loss=LossSettings())
    assert train(data, "--auto", "--epochs", "1", "--lr", "1e-3", model="small") == 0
    assert "rows: 36 train, 4 valid" in capsys.readouterr().err


def test_auto_is_not_resumed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--auto", "--resume") == 2
    assert "--auto chooses anew each time and is not resumed; leave --resume out" in capsys.readouterr().err


def test_auto_keeps_the_best_weights_and_no_others(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--auto", "--keep", "last", "--resume") == 2
    said = capsys.readouterr().err
    assert "--auto chooses anew each time" in said
    assert "--keep last: --auto goes on from the best weights and keeps those; leave --keep out, or --auto" in said
    assert not (data.parent / "out").exists()


def test_a_long_time_is_all_epochs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--within", "5h", "--epochs", "2") == 0
    assert "within 18000 s: all 2 epochs, for an epoch takes about" in capsys.readouterr().err
    manifest = Manifest.read(data.parent / "out")
    assert manifest.settings["within"] == "5h"
    assert manifest.training["chosen"]["seconds"] == 18000
    assert manifest.training["updates"] == 2  # 36 short rows are one step


def test_a_time_that_nothing_fits_is_refused_and_leaves_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--within", "1s") == 2
    told = capsys.readouterr().err
    assert "--within 1s is too short" in told and "or fewer rows" in told
    assert not (data.parent / "out").exists()


@pytest.mark.parametrize("time", ["10", "soon", "0m"])
def test_what_is_no_time_is_refused(data: Path, time: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--within", time) == 2
    assert f"--within {time!r} is no time" in capsys.readouterr().err


def test_tensorboard_files_are_written(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    assert train(data, "--epochs", "1", "--no-look", "--tensorboard", str(tmp_path / "runs")) == 0
    assert list((tmp_path / "runs").glob("events.out.tfevents.*"))
    assert "tensorboard" not in Manifest.read(data.parent / "out").settings


def test_freezing_is_recorded(data: Path) -> None:
    assert train(data, "--epochs", "1", "--no-look", "--freeze", "encoder", "--validations", "2") == 0
    settings = Manifest.read(data.parent / "out").settings
    assert (settings["freeze"], settings["gradual"], settings["validations"]) == ("encoder", False, 2)


def test_more_layers_than_there_are_end_with_2(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "--freeze", "9") == 2
    assert "--freeze 9: the model has 2 layers" in capsys.readouterr().err
