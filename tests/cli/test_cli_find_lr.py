"""``limbeck find-lr``: what stands on stdout, what on stderr, and the picture."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from limbeck.artefact.verify import sha256
from limbeck.cli import main
from limbeck.errors import TrainingError
from limbeck.train.learner import Learner
from limbeck.train.loss_settings import LossSettings
from support.encoders import folder
from support.train_data import rows, write_csv

FIT = ["--epochs", "1", "--batch-size", "8", "--precision", "float32"]
QUICK = ["--lr-min", "1e-5", "--lr-steps", "4", "--pilots", "3", "--pilot-updates", "3"]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    return ["find-lr", str(write_csv(tmp_path / "rows.csv", rows(40))), "--model", str(folder("bert")), *FIT, *QUICK]


def test_a_picture_that_cannot_be_written_loses_no_search(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("limbeck.plots.write_whole", full)
    assert main([*words, "--plot", str(tmp_path / "lr.png")]) == 1  # no mistake of the user
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].startswith("suggested lr: ")
    assert "No space left on device" in said.err and "Traceback" not in said.err


def test_the_last_line_is_the_suggestion(words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    before = sha256(folder("bert") / "model.safetensors")
    assert main([*words, "--plot", str(tmp_path / "lr.png")]) == 0
    said = capfd.readouterr()
    lines = said.out.splitlines()
    assert re.fullmatch(r"suggested lr: \d(\.\d)?e[+-]\d\d", lines[-1])
    assert lines[0].startswith("range test: ")
    assert sum(line.startswith("pilot at ") for line in lines) == 3
    assert "nan" not in said.out.split() and "inf" not in said.out.split()
    assert "\r" not in said.err and "\x1b" not in said.err
    log = said.err.splitlines()
    assert any(line.startswith("looking for its rate: at most ") and "; at most about " in line for line in log)
    assert any(re.fullmatch(r"pilot at \S+: (diverged|loss \S+) \(\d+ s\); at most \d+ s more", line) for line in log)
    assert log[-2].startswith("it took ") and "; train with --lr " in log[-2]
    assert log[-1] == f"picture: {tmp_path / 'lr.png'}"
    assert (tmp_path / "lr.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lr.png", "rows.csv"]
    assert sha256(folder("bert") / "model.safetensors") == before


def test_all_of_it_as_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json", "--lr", "0.1"]) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["suggested_lr"] > 0 and len(record["pilots"]) == 3
    assert len(record["curve"]["rates"]) == len(record["curve"]["losses"]) == len(record["curve"]["smoothed"])
    assert "--lr 0.1 does nothing here: the rate is looked for" in said.err


def test_the_loss_of_the_training_is_that_of_the_search(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[LossSettings] = []

    def stop(learner: Learner, finder: object) -> None:
        asked.append(learner.loss_settings)
        raise TrainingError("this is far enough")

    monkeypatch.setattr(Learner, "find_lr", stop)
    assert main([*words, "--class-weights", "good=2,bad=1", "--focal", "2", "--label-smoothing", "0.1"]) == 2
    assert asked == [LossSettings("good=2,bad=1", 2.0, 0.1)]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--plot", "lr.jpg"], "--plot 'lr.jpg' is no picture; give a name that ends in .png, .svg, .pdf"),
        (["--plot", "nowhere/lr.png"], "stands in a folder that does not exist"),
        (["--lr-min", "0"], "--lr-min 0.0 is no rate to begin with; give one between 0 and 1, such as 1e-7"),
        (["--pilots", "1"], "--pilots 1 cannot bracket a rate"),
        (["--label-column", "lable"], "'label' (nearest)"),
    ],
)
def test_mistakes_are_told_before_the_work(
    words: list[str], flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert main([*words, *flags]) == 2
    said = capsys.readouterr()
    assert message in said.err and said.out == ""


def test_what_is_fitted_in_one_go_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words[words.index("--model") + 1] = f"frozen:{folder('bert')}"
    assert main(words) == 2
    assert "is fitted in one go and has no learning rate; train it as it is" in capsys.readouterr().err
