"""``limbeck distil`` with several teachers: averaged by the names of classes, each asked once, all of them told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.distil.mean import targets_for
from limbeck.distil.teacher import open_model
from limbeck.metrics import softmax
from limbeck.runtime.predictor import Predictor
from limbeck.scores import Scores
from support import tiny
from support.distil_cli import data, refused, run, teachers
from support.encoders import make
from support.stopping import stop_at
from support.train_data import rows

__all__ = ["data", "teachers"]  # fixtures

ENCODER = ["--layers", "1", "--epochs", "1", "--batch-size", "8", "--precision", "float32"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A further teacher, called as one of the others, whose classes stand in another order."""
    return make(tmp_path / "further" / "bert", "bert", classes=("bad", "good"), num_hidden_layers=2, hidden_size=32)


def test_folders_and_a_file_are_averaged_and_the_student_starts_from_the_first(
    teachers: Path,
    data: Path,
    other: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, out, scores = tmp_path / "said.csv", tmp_path / "out", tmp_path / "all.npz"
    said.write_text("text,good,bad\n" + "".join(f"{text},0.75,0.25\n" for text in rows(40).inputs))
    command = [teachers / "bert", teachers / "quick", other, data, "--teacher-scores", said, *ENCODER]
    assert run(*command, "--out", out, "--scores", scores) == 0
    err = capsys.readouterr().err
    names = ["teachers0/bert", "quick", "further/bert", "said.csv"]
    names[0] = f"{teachers.name}/bert"
    for name in names[:3]:
        assert f"{name} judges 40 texts in float32" in err
    manifest = Manifest.read(out)
    assert manifest.classes == ("good", "bad")
    taught = manifest.training["taught"]["teachers"]
    assert [one["name"] for one in taught] == names and len({one["fingerprint"] for one in taught}) == 4
    card = (out / "README.md").read_text()
    assert "accuracy of 4 rows: teachers together " in err and "| teachers together | " in card
    assert all(f"`{name}`" in card for name in names) and str(tmp_path) not in card
    assert json.loads((out / "config.json").read_text())["num_hidden_layers"] == 1
    assert Manifest.read(out).model["source"] == "bert"

    def of(folder: Path, home: str, order: list[int]) -> Any:
        one = open_model(folder, tmp_path / home)
        return softmax(one.predictor.logits(rows(40).inputs)[0].astype(np.float64)[:, order])

    quick = Predictor(teachers / "quick", Manifest.read(teachers / "quick")).logits(rows(40).inputs)[0]
    each = [of(teachers / "bert", "a", [0, 1]), of(other, "b", [1, 0]), softmax(quick.astype(np.float64))]
    expected = np.mean([*each, np.full((40, 2), [0.75, 0.25])], axis=0)
    logits, found = targets_for(rows(40), Scores.open(scores))
    assert found.all() and softmax(logits.astype(np.float64)) == pytest.approx(expected, abs=1e-5)

    def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("a teacher is asked again")

    monkeypatch.setattr("limbeck.distil.judging.score", never)
    assert run(*command, "--out", tmp_path / "again") == 0
    assert "further/bert judged these 40 texts before, in float32" in capsys.readouterr().err


def test_a_dry_run_tells_of_each_teacher(
    teachers: Path, data: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(teachers / "bert", other, data, *ENCODER, "--out", tmp_path / "out", "--dry-run") == 0
    err = capsys.readouterr().err
    assert "teacher further/bert: " in err and f"teacher {teachers.name}/bert: " in err
    assert not (tmp_path / "out").exists()


def test_a_stopped_training_goes_on_with_the_same_teachers_alone(
    teachers: Path,
    data: Path,
    other: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [teachers / "bert", other, data, *ENCODER, "--out", tmp_path / "out"]
    with monkeypatch.context() as patch:
        stop_at(patch, 3)
        assert run(*command) == 130
    told = refused(capsys, teachers / "bert", data, *ENCODER, "--out", tmp_path / "out", "--resume")
    assert "teachers" in told
    assert run(*command, "--resume") == 0


def test_a_chain_asks_all_teachers_for_its_first_student(
    teachers: Path, data: Path, other: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(teachers / "bert", other, data, "--through", "2", *ENCODER, "--out", out) == 0
    found = [Manifest.read(at).training["taught"]["teachers"] for at in (tmp_path / "out-2-layers", out)]
    assert [[one["name"] for one in each] for each in found] == [
        [f"{teachers.name}/bert", "further/bert"],
        ["out-2-layers"],
    ]


def test_teachers_of_other_classes_are_told_before_they_are_asked(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.save_tiny(tmp_path / "three", classes=("bad", "god", "so"))
    told = refused(capsys, teachers / "bert", tmp_path / "three", data, *ENCODER, "--out", tmp_path / "out")
    assert "three says nothing of the class 'good': it has 'god' (nearest)" in told
