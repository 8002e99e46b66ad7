"""``limbeck train`` with a frozen encoder: on its own, as a look before a fine-tuning, and from the default weights."""

from __future__ import annotations

from pathlib import Path

import pytest

import limbeck
import limbeck.sentiment
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.verify import sha256
from limbeck.cli import main
from limbeck.errors import ModelError
from support.encoders import folder
from support.train_data import rows, write_csv

QUICK = ["--epochs", "3", "--precision", "float32"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "rows.csv", rows(40))


def test_a_small_file_is_looked_at_first_and_the_weights_are_the_same_without(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", str(folder("bert", dropout=True)), "--no-calibrate", *QUICK]
    assert main(["train", str(data), *model, "--out", str(tmp_path / "looked")]) == 0
    log = capsys.readouterr().err.splitlines()
    (place,) = [
        n for n, line in enumerate(log) if line.startswith("frozen encoder with a logistic regression: valid acc")
    ]
    assert log[place - 1].startswith("plan: 3 epochs")
    assert log[place].endswith(f"; for that result alone: --model frozen:{folder('bert', dropout=True)}")
    assert log[place + 1].startswith("epoch 1 of 3")
    assert main(["train", str(data), *model, "--out", str(tmp_path / "not"), "--no-look"]) == 0
    assert "frozen" not in capsys.readouterr().err
    for file in ("model.safetensors", "onnx/model.onnx", "metrics.jsonl"):
        assert sha256(tmp_path / "looked" / file) == sha256(tmp_path / "not" / file)
    assert Manifest.read(tmp_path / "looked").settings == Manifest.read(tmp_path / "not").settings


def test_a_frozen_encoder_takes_no_epochs(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = f"frozen:{folder('bert')}"
    assert main(["train", str(data), "--model", source, "--out", str(tmp_path / "out")]) == 0
    said = capfd.readouterr()
    assert [line.split(":")[0] for line in said.out.splitlines()] == [
        "valid accuracy",
        "valid loss",
        "valid macro f1",
        "saved",
    ]
    log = said.err.splitlines()
    assert "\r" not in said.err and "\x1b" not in said.err
    assert any(line.startswith("plan: fitted in one go, without epochs; about ") for line in log)
    assert len([line for line in log if line.startswith("frozen encoder (") and ", valid accuracy " in line]) == 1
    assert not any(line.startswith("epoch ") for line in log)
    assert [path.name for path in tmp_path.iterdir() if path.name != "rows.csv"] == ["out"]
    manifest = Manifest.read(tmp_path / "out")
    assert (manifest.settings["model"], manifest.model["source"]) == ("frozen:bert", "bert")
    assert limbeck.load(tmp_path / "out").predict("a lovely film").predicted in ("good", "bad")


def test_no_model_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["--epochs", "1", "--valid-fraction", "0", "--precision", "float32"]
    monkeypatch.setattr(limbeck.sentiment, "folder", lambda: folder("bert"))
    assert main(["train", str(data), "--out", str(tmp_path / "out"), *flags]) == 0
    said = capsys.readouterr().err
    assert "model: sentiment, " in said
    assert "for that result alone: --model frozen" in said
    manifest = Manifest.read(tmp_path / "out")
    assert (manifest.model["source"], manifest.model["family"]) == ("sentiment", "sentiment")
    assert manifest.settings["model"] == "sentiment"
    assert main(["train", str(data), "--out", str(tmp_path / "named"), *flags, "--model", str(folder("bert"))]) == 0
    assert sha256(tmp_path / "named" / "model.safetensors") == sha256(tmp_path / "out" / "model.safetensors")

    def none() -> Path:
        raise ModelError("no model ships with this limbeck")

    monkeypatch.setattr(limbeck.sentiment, "folder", none)
    monkeypatch.delenv("LIMBECK_SENTIMENT", raising=False)
    capsys.readouterr()
    for model in ([], ["--model", "frozen"]):
        assert main(["train", str(data), *model, "--out", str(tmp_path / "no")]) == 2
        assert capsys.readouterr().err.endswith("--model frozen:FOLDER_OR_HUB_NAME to keep it as it is\n")
        assert not (tmp_path / "no").exists()
