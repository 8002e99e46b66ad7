"""``limbeck train`` from a file to a folder: what it says, where, and what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limbeck
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.verify import sha256
from limbeck.cli import main
from limbeck.cli.train import DataChoices, duration, read_rows
from limbeck.errors import MissingExtra
from limbeck.train.loop import Loop
from support.encoders import folder
from support.train_data import flipped, numbers, rows, write_csv

QUICK = ["--epochs", "3", "--precision", "float32"]
SMALL = ["--model", "small"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "rows.csv", rows(40))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model over 30 rows and a file of 10 whose labels are half wrong, with its files beside it."""
    home = tmp_path_factory.mktemp("trained")
    write_csv(home / "rows.csv", rows(30))
    valid = rows(40).take(range(30, 40))
    labels = [*(flipped(valid).targets or [])[:5], *(valid.targets or [])[5:]]
    lines = [f"{text},{label}" for text, label in zip(valid.inputs, labels, strict=True)]
    (home / "valid.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    flags = ["--valid", str(home / "valid.csv"), "--out", str(home / "out"), "--epochs", "6", "--precision", "float32"]
    assert main(["train", str(home / "rows.csv"), *SMALL, *flags]) == 0
    return home


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one message of a command that ends with exit code 2."""
    capsys.readouterr()
    assert main(["train", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err.rstrip().rpartition("limbeck: ")[2]


def test_the_main_job(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError(f"a socket was opened to {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    out = tmp_path / "deep" / "out"
    assert main(["train", str(data), *SMALL, "--out", str(out), *QUICK]) == 0
    said = capfd.readouterr()
    # stdout: the result and nothing else
    lines = said.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["valid accuracy", "valid loss", "valid macro f1", "saved"]
    assert lines[-1] == f"saved: {out}"
    # stderr: what was found, what it costs, a line an epoch; for a log, not for a terminal
    assert "\r" not in said.err and "\x1b" not in said.err
    log = said.err.splitlines()
    assert len(log) < 20
    assert log[0] == f"{data}: text column 'text' and label column 'label' by name"
    assert "rows: 36 train, 4 valid" in log
    assert any(line.startswith("model: small, ") and "parameters" in line for line in log)
    (plan,) = [line for line in log if line.startswith("plan: ")]
    assert plan.startswith("plan: 3 epochs, ") and " updates at lr 0.001 in float32; about " in plan
    epochs = [line for line in log if line.startswith("epoch ")]
    assert [line.split(":")[0] for line in epochs] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    assert all("train loss" in line and "valid loss" in line and "valid accuracy" in line for line in epochs)
    assert log[-1].startswith("not calibrated: 4 validation rows, 50 are needed; validation loss of the saved graph ")
    # the folder, and nothing beside it
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert limbeck.load(out).predict("a lovely film").predicted in ("good", "bad")
    settings = Manifest.read(out).settings
    assert (settings["epochs"], settings["lr"], settings["valid_fraction"]) == (3, 1e-3, 0.1)
    assert settings["data"] == "rows.csv"  # a name, no path of this machine


@pytest.mark.parametrize("command", ["train", "find-lr"])
def test_a_file_that_is_not_there_is_told_before_what_is_not_installed(
    command: str, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(module: str, extra: str) -> Any:
        raise MissingExtra(f"{module} is not installed")

    monkeypatch.setattr("limbeck.train.require", lacks)
    out = ["--out", str(data.with_name("out"))] if command == "train" else []
    assert main([command, str(data.with_name("row.csv")), *out]) == 2
    said = capsys.readouterr().err
    assert "no file" in said and "row.csv" in said and "installed" not in said
    absent = ["--valid", str(data.with_name("v.csv")), "--corrections", str(data.with_name("fix.csv"))]
    assert main([command, str(data), *out, *absent]) == 2
    said = capsys.readouterr().err
    assert "2 problems" in said and "v.csv" in said and "fix.csv" in said and "installed" not in said
    assert main([command, str(data), *out]) == 2
    assert "torch is not installed" in capsys.readouterr().err


def test_a_local_encoder_is_as_quiet(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(data), "--model", str(folder("bert")), "--out", str(tmp_path / "out"), *QUICK]) == 0
    said = capfd.readouterr()
    assert len(said.out.splitlines()) == 4
    assert "\r" not in said.err and "\x1b" not in said.err
    assert len(said.err.splitlines()) < 20


def test_the_kept_weights_are_those_of_the_lowest_loss_and_evaluate_repeats_it(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = [json.loads(line) for line in (trained / "out" / "metrics.jsonl").read_text().splitlines()]
    losses = [entry["valid"]["loss"] for entry in log if "train_loss" in entry]
    best = int(np.argmin(losses))
    manifest = Manifest.read(trained / "out")
    assert manifest.training["best_update"] == [entry["update"] for entry in log if "train_loss" in entry][best]
    (note,) = manifest.passes
    assert note["loss_before"] == pytest.approx(losses[best], abs=1e-5)
    assert note["loss_after"] <= note["loss_before"] + 1e-7
    for _ in range(2):  # computed, then from the cache
        assert main(["evaluate", str(trained / "out"), str(trained / "valid.csv"), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["metrics"]["loss"] == pytest.approx(note["loss_after"], abs=1e-6)


def test_a_finished_model_is_reported(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = trained / "out"
    before = sha256(out / "limbeck.json")
    assert main(["train", str(trained / "rows.csv"), "--out", str(out), "--resume", "--json"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"{out} is finished already; nothing to resume (")
    assert "\nnot calibrated: 10 validation rows, 50 are needed; " in said.err
    record = json.loads(said.out)
    assert record["out"] == str(out)
    assert set(record["metrics"]) == {"accuracy", "macro_f1", "loss"}
    assert record["passes"][0]["name"] == "calibrate"
    assert main(["train", str(trained / "rows.csv"), "--out", str(out), "--resume", "--epochs", "9"]) == 0
    said = capsys.readouterr()
    assert "To train anew add --overwrite and leave --resume out, or give another --out\n" in said.err
    assert said.out.splitlines()[-1] == f"finished before, left as it is: {out}"
    assert sha256(out / "limbeck.json") == before


def test_a_model_is_replaced_on_request_only(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [str(data), *SMALL, "--out", str(tmp_path / "out"), "--epochs", "1", "--valid-fraction", "0"]
    assert main(["train", *flags]) == 0
    first = sha256(tmp_path / "out" / "model.safetensors")
    assert refused(capsys, *flags, "--seed", "5") == (
        f"{str(tmp_path / 'out')!r} already holds a model; give another --out, or add --overwrite"
    )
    assert sha256(tmp_path / "out" / "model.safetensors") == first
    assert main(["train", *flags, "--seed", "5", "--overwrite"]) == 0
    assert sha256(tmp_path / "out" / "model.safetensors") != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows.csv"]


def test_other_files_are_never_replaced(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    message = refused(capsys, str(data), "--out", str(out), "--overwrite")
    assert "is a folder with other files, which are never replaced; give another --out" in message
    assert (out / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--lr", "50"], "--lr 50.0 is no learning rate"),
        (["--batch-size", "4", "--batch-tokens", "99"], "--batch-size 4 and --batch-tokens 99 exclude each other"),
        (["--epochs", "0", "--seed", "-1"], "2 problems:\n  - --epochs 0 is too small; give 1 or more\n  - --seed -1"),
        (["--valid-fraction", "1"], "--valid-fraction 1.0 is no share"),
        (["--accumulate", "0"], "--accumulate 0 is too small; give 1 or more"),
        (["--label-column", "lable"], "'label' (nearest)"),
        (["--task", "clasify"], "no task is called 'clasify'; --task takes 'classify' (nearest), 'regress'"),
        (["--model", "./nowhere"], "--model './nowhere' is not a folder"),
        (["--model", "limbeck-tests/none"], "copy the model's folder"),
        (["--max-length", "1"], "--max-length 1 leaves no room for a text"),
        (["--valid", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_refusal_leaves_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert message in refused(capsys, str(data), "--out", str(tmp_path / "out"), *flags)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_labels_of_the_validation_file_must_be_classes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "valid.csv").write_text("text,label\na film,god\na room,bad\n")
    message = refused(capsys, str(data), "--valid", str(tmp_path / "valid.csv"), "--out", str(tmp_path / "out"))
    assert message == (
        f"label 'god' is none of the classes: 'good' (nearest), 'bad'; {tmp_path}/valid.csv: line 2; "
        "mend them, or leave these rows out with --skip-bad-rows"
    )
    assert not (tmp_path / "out").exists()


def test_a_validation_file_may_lack_a_class(data: Path, tmp_path: Path) -> None:
    (tmp_path / "valid.csv").write_text("text,label\na lovely film,good\na warm room,good\n")
    flags = ["--valid", str(tmp_path / "valid.csv"), "--out", str(tmp_path / "out"), "--epochs", "1"]
    assert main(["train", str(data), *SMALL, *flags]) == 0
    assert Manifest.read(tmp_path / "out").classes == ("bad", "good")


def test_without_validation_the_last_weights_are_kept(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", str(folder("bert")), "--batch-size", "8"]
    assert main(["train", str(data), *model, "--out", str(tmp_path / "out"), "--valid-fraction", "0", *QUICK]) == 0
    said = capsys.readouterr()
    assert said.out == f"saved: {tmp_path / 'out'}\n"
    assert "rows: 40 train, 0 valid" in said.err
    assert "valid loss" not in said.err
    manifest = Manifest.read(tmp_path / "out")
    assert (manifest.metrics, manifest.passes, manifest.data["valid"]) == ({}, [], None)
    assert (manifest.training["updates"], manifest.training["best_update"]) == (15, 15)


def test_no_calibrate(data: Path, tmp_path: Path) -> None:
    flags = ["--out", str(tmp_path / "out"), "--epochs", "1", "--no-calibrate"]
    assert main(["train", str(data), *SMALL, *flags]) == 0
    assert Manifest.read(tmp_path / "out").passes == []


def test_resume_begins_where_there_is_nothing_and_refuses_another_run(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Loop._update

    def interrupted(self: Loop, *arguments: Any) -> None:
        honest(self, *arguments)
        if self.progress.update == 7:
            os.kill(os.getpid(), signal.SIGINT)

    out, model = tmp_path / "out", ["--model", str(folder("bert")), "--batch-size", "8"]
    command = [str(data), *model, "--out", str(out), *QUICK, "--resume"]
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_update", interrupted)
        assert main(["train", *command]) == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == (
        "limbeck: stopped after update 7 of 15; a checkpoint stands. Go on with the same command and --resume"
    )
    message = refused(capsys, *command, "--lr", "0.01")
    assert "is of another run: lr was 5e-05, is 0.01. Resume with the same settings" in message
    assert not out.exists()
    damaged = tmp_path / "out.checkpoint" / "step-00000007" / "state.json"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-20])
    assert "step-00000007 is damaged (" in refused(capsys, *command)
    damaged.write_bytes(content)
    assert main(["train", *command]) == 0
    assert "resumed after update 7 of 15" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows.csv"]


def test_an_interrupted_run_is_thrown_away_on_request_only(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "out.checkpoint" / "step-00000009"
    old.mkdir(parents=True)
    (old / "state.json").write_text("nonsense")
    words = ["train", str(data), "--out", str(tmp_path / "out"), "--epochs", "1"]
    assert main(words) == 2
    assert "an interrupted run stands at " in capsys.readouterr().err
    assert main([*words, "--overwrite", "--model", "./absent"]) == 2
    assert old.exists()  # a mistake elsewhere costs nothing
    assert main([*words, "--overwrite", *SMALL]) == 0
    assert not old.parent.exists()


def test_files_of_others_where_checkpoints_go_are_never_touched(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.checkpoint").mkdir()
    (tmp_path / "out.checkpoint" / "thesis.txt").write_text("mine")
    for flag in ("--overwrite", "--resume"):
        assert main(["train", str(data), "--out", str(tmp_path / "out"), flag]) == 2
        assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "out.checkpoint" / "thesis.txt").read_text() == "mine"


def test_an_interrupted_overwrite_is_not_taken_for_finished(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained / "out", tmp_path / "out")
    (tmp_path / "out.checkpoint" / "step-00000001").mkdir(parents=True)
    words = ["train", str(trained / "rows.csv"), *SMALL, "--out", str(tmp_path / "out"), "--resume", "--overwrite"]
    assert main(words) == 2
    assert "is damaged" in capsys.readouterr().err


def test_single_texts_do_not_validate_pairs(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("text_a,text_b,label\n" + "".join(f"one {n},two {n},{'yn'[n % 2]}\n" for n in range(8)))
    assert main(["train", str(pairs), "--valid", str(data), "--out", str(tmp_path / "out")]) == 2
    assert "text_a" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_loss_that_becomes_nan_is_told_and_the_checkpoint_stays(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import limbeck.losses.classify

    honest, seen = limbeck.losses.classify.loss, [0]

    def broken(logits: Any, targets: Any) -> Any:
        seen[0] += 1
        return honest(logits, targets) * (float("nan") if seen[0] == 7 else 1.0)

    monkeypatch.setattr(limbeck.losses.classify, "loss", broken)
    model = ["--model", str(folder("bert")), "--batch-size", "8"]
    message = refused(capsys, str(data), *model, "--out", str(tmp_path / "out"), *QUICK)
    assert message.startswith("the loss became nan at update 7 (epoch 2, rate ")
    assert "Train again with a lower --lr" in message
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "out.checkpoint").iterdir()] == ["step-00000005"]


def test_numbers_are_regressed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_csv(tmp_path / "n.csv", numbers(40))
    flags = [*SMALL, "--task", "regress", "--out", str(tmp_path / "out"), "--epochs", "1"]
    assert main(["train", str(source), *flags]) == 0
    said = capsys.readouterr()
    assert "valid root mean squared error: " in said.out
    assert "\nplan: 1 epoch, " in said.err
    assert main(["predict", str(tmp_path / "out"), "a lovely film", "--json"]) == 0
    assert 800 < json.loads(capsys.readouterr().out)["predicted"] < 1100


def test_pairs_are_told_from_their_columns(tmp_path: Path) -> None:
    lines = [f"{text},a {'warm' if n % 2 else 'cold'} one,{n % 2}" for n, text in enumerate(rows(40).inputs)]
    (tmp_path / "p.csv").write_text("\n".join(["question,passage,label", *lines]) + "\n")
    columns = ["--text-column", "question", "--text-pair-column", "passage", *SMALL]
    assert main(["train", str(tmp_path / "p.csv"), *columns, "--out", str(tmp_path / "out"), "--epochs", "1"]) == 0
    predictor = limbeck.load(tmp_path / "out")
    assert predictor.is_pairs
    assert predictor.classes == ("0", "1")


def test_a_given_split_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part, chosen in (("train", range(30)), ("test", range(30, 40))):
        for text, label in zip(rows(40).take(chosen).inputs, rows(40).take(chosen).targets or [], strict=True):
            path = tmp_path / "data" / part / str(label) / f"{abs(hash(text))}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(text))
    assert main(["train", str(tmp_path / "data"), *SMALL, "--out", str(tmp_path / "out"), "--epochs", "1"]) == 0
    assert "rows: 27 train, 3 valid" in capsys.readouterr().err  # test rows are not touched
    (tmp_path / "data" / "train").rename(tmp_path / "gone")
    message = refused(capsys, str(tmp_path / "data"), "--out", str(tmp_path / "b"))
    assert "has no training part; there are test" in message


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (119, "119 s"),
        (120, "2 min 0 s"),
        (200, "3 min 20 s"),
        (7199, "119 min 59 s"),
        (7200, "2 h 0 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_the_seed_decides_which_rows_are_held_back(data: Path) -> None:
    held = [read_rows(data, DataChoices(valid_fraction=0.2), seed)[1] for seed in (1, 1, 2)]
    first, again, other = (None if part is None else part.rows for part in held)
    assert first is not None and len(first) == 8 and first == again != other
