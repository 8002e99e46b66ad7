"""``limbeck distil``: what it says and leaves, what it refuses, how it goes on where it was stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import limbeck
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.verify import sha256
from limbeck.data import Dataset
from limbeck.distil.mean import targets_for
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.score import score
from limbeck.scores import Scores
from support import tiny
from support.distil_cli import data, files, refused, run, teachers
from support.encoders import folder
from support.stopping import stop_at
from support.train_data import numbers, rows, write_csv

__all__ = ["data", "teachers"]  # fixtures

SMALL = ["--student", "small", "--epochs", "1", "--precision", "float32"]
ENCODER = ["--epochs", "1", "--batch-size", "8", "--precision", "float32"]


def test_the_main_job_and_its_scores(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores, before = tmp_path / "out", tmp_path / "said.npz", files(teachers)
    more = tmp_path / "more.txt"
    more.write_text("an unheard of thing\na lovely film for everyone\n \n")
    told = ["--unlabelled", more, "--scores", scores]
    assert run(teachers / "quick", data, *SMALL, "--out", out, *told) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["valid accuracy", "valid loss", "valid macro f1", "saved"]
    assert f"{more}: 1 row without a text left out (line 3)" in said.err
    repeated = ": 1 rows repeat a text, which is learnt once"
    held = ": 1 rows stand among the validation or test texts and are left out"
    assert f"{more}{repeated}" in said.err or f"{more}{held}" in said.err
    assert "quick judges 41 texts in float32" in said.err
    assert "accuracy of 4 rows: teacher " in said.err
    assert files(teachers) == before
    manifest = Manifest.read(out)
    assert manifest.classes == ("good", "bad")  # the teacher's, in its order
    taught = manifest.training["taught"]
    assert [one["name"] for one in taught["teachers"]] == ["quick"]
    assert taught["compared"]["n_rows"] == 4
    assert (manifest.settings["data"], manifest.settings["unlabelled"]) == ("rows.csv", ["more.txt"])
    assert str(tmp_path) not in (out / "limbeck.json").read_text() + (out / "README.md").read_text()
    assert "quick" in (out / "README.md").read_text()
    assert limbeck.load(out).predict("a lovely film").predicted in ("good", "bad")
    # what the teacher said of all texts, validation rows among them, so that any other split finds what it needs
    table = Scores.open(scores)
    logits, found = targets_for(rows(40), table)
    assert found.all()
    exact = Predictor(teachers / "quick", Manifest.read(teachers / "quick")).logits(rows(40).inputs)[0]
    assert logits == pytest.approx(exact, abs=1e-6)
    again = ["--teacher-scores", scores, *SMALL, "--seed", "7", "--out", tmp_path / "again"]
    assert run(data, *again, "--dry-run") == 0
    assert "teacher said.npz: has said what it says" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
    message = refused(capsys, write_csv(tmp_path / "other.csv", numbers(4)), *again, "--task", "classify")
    assert "label '1000.0' is none of the classes" in message
    (tmp_path / "other.csv").write_text("text,label\nsomething else,good\nquite another,bad\n")
    message = refused(capsys, tmp_path / "other.csv", *again)
    places = (
        f"2 of 2 texts have no teacher's answer ({tmp_path / 'other.csv'}: lines 2, 3): what the teachers said is of"
    )
    assert places in message and "something else" not in message
    # the finished model is told, and never replaced unasked
    assert "already holds a model; give another --out, or add --overwrite" in refused(
        capsys, teachers / "quick", data, *SMALL, "--out", out
    )
    assert run(teachers / "quick", data, *SMALL, "--out", out, "--resume") == 0
    assert f"finished before, left as it is: {out}" in capsys.readouterr().out


def test_a_file_of_probabilities_alone_teaches_and_its_rows_have_no_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tmp_path / "llm.csv"
    lines = [f"{text},{share},{1 - share}" for text, share in zip(rows(40).inputs, np.linspace(0, 1, 40), strict=True)]
    said.write_text("\n".join(["text,good,bad", *lines]) + "\n")
    test = tmp_path / "test.csv"
    test.write_text(f"text\n{rows(40).inputs[3]}\n{rows(40).inputs[7]}\n")
    flags = ["--teacher-scores", said, "--held-out", test, *SMALL, "--out", tmp_path / "out", "--json"]
    assert run(*flags) == 0
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    record = json.loads(line)
    assert record["out"] == str(tmp_path / "out") and record["compared"] is None and record["passes"] == []
    assert f"{said}: 2 rows stand among the validation or test texts and are left out" in err
    assert "rows: 34 train, 4 valid" in err
    assert "the validation rows have no labels: the measures tell how far the student agrees with the teachers" in err
    assert ", not calibrated" in err
    assert Manifest.read(tmp_path / "out").passes == []


def test_dry_run_says_what_it_would_take_and_writes_nothing(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = tmp_path / "deep" / "out"
    flags = [
        "--layers",
        "1",
        "--through",
        "2",
        *ENCODER,
        "--augment",
        "2",
        "--out",
        deep,
        "--scores",
        tmp_path / "s.npz",
    ]
    assert run(teachers / "bert", data, *flags, "--dry-run") == 0
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert "texts: 36, 36 of them labelled" in lines and "variants of them: up to 72" in lines
    assert any(line.startswith("teacher bert: judges 112 texts in about ") for line in lines)
    assert any(line.startswith("plan: 1 epoch, 14 updates at lr 0.0002 in float32; about ") for line in lines)
    assert any(line.startswith(f"would write {tmp_path / 'deep' / 'out-2-layers'}: about ") for line in lines)
    second = lines.index(f"then {deep}, taught by out-2-layers:")
    assert lines[second - 1].startswith(f"would write {tmp_path / 's.npz'}: ")
    assert lines[second + 1].startswith("teacher out-2-layers: judges 112 texts in about ")
    sizes = [int(line.split()[1].replace(",", "")) for line in lines if line.startswith("student: ")]
    one, two, three = (n_weights(teachers / "bert", n_layers) for n_layers in (1, 2, 3))
    assert sizes == [two, one] and two - one == three - two > 0
    assert sum(line.startswith("plan: 1 epoch, 14 updates at ") for line in lines[second:]) == 1
    assert lines[-2].startswith(f"would write {deep}: about ") and lines[-1] == "nothing was written"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
    (tmp_path / "deep").write_text("mine")
    busy = tmp_path / "busy"
    busy.mkdir()
    (busy / "mine.txt").write_text("mine")
    for out, why in ((tmp_path / "deep", "is a file; give a folder"), (busy, "is a folder with other files")):
        assert run(teachers / "bert", data, "--layers", "1", *ENCODER, "--out", out, "--dry-run") == 0
        assert f"it would not begin: '{out}' {why}" in capsys.readouterr().err


def n_weights(bert: Path, n_layers: int) -> int:
    """Weights of so many layers of a BERT, with all else of it."""
    kept = {
        name: value.size
        for name, value in load_file(bert / "model.safetensors").items()
        if ".layer." not in name or int(name.partition(".layer.")[2].partition(".")[0]) < n_layers
    }
    return sum(kept.values())


def test_a_dry_run_knows_what_a_teacher_judged_before(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("limbeck.distil.judging.PIECE_ROWS", 16)
    command = [teachers / "quick", data, *SMALL, "--seed", "11", "--out", tmp_path / "out"]

    def told(*more: object) -> str:
        capsys.readouterr()
        assert run(*command, *more, "--dry-run") == 0
        return next(line for line in capsys.readouterr().err.splitlines() if line.startswith("teacher quick: "))

    n_judged: list[int] = []

    def stopped(predictor: Predictor, piece: Dataset) -> Scores:
        n_judged.append(len(piece))
        if len(n_judged) == 2:
            raise KeyboardInterrupt
        return score(predictor, piece)

    assert told().startswith("teacher quick: judges 40 texts in about ")
    with monkeypatch.context() as patch:
        patch.setattr("limbeck.distil.judging.score", stopped)
        assert run(*command) == 130
    before = "teacher quick: judged 16 of these texts before, and judges 24 texts in about "
    assert told().startswith(before)
    assert run(*command) == 0
    monkeypatch.setattr(Predictor, "logits", None)  # nor is its speed measured
    assert told("--overwrite") == "teacher quick: judged these 40 texts before, which is remembered"


def test_numbers_by_folder_and_by_file(teachers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, said = write_csv(tmp_path / "numbers.csv", numbers(40)), tmp_path / "said.csv"
    said.write_text("text,score\n" + "".join(f"{text},{n}.5\n" for n, text in enumerate(numbers(40).inputs)))
    out = tmp_path / "out"
    assert run(teachers / "numbers", data, "--teacher-scores", said, *SMALL, "--hard", "0.5", "--out", out) == 0
    manifest = Manifest.read(out)
    assert manifest.task == {"name": "regress"} and "pearson of 4 rows: teachers together " in capsys.readouterr().err
    assert np.isfinite(float(limbeck.load(out).predict("a lovely film").predicted or "nan"))
    alone = ["--teacher-scores", said, *SMALL, "--out", tmp_path / "alone"]
    assert "numbers from 0 to 1; or all of a row in one cell" in refused(capsys, *alone)
    assert run(*alone, "--task", "regress", "--dry-run") == 0


def test_pairs(teachers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = tmp_path / "pairs.csv", tmp_path / "out"
    lines = [f"{text},a {noun},{label}" for text, label in _labelled() for noun in ("film", "room")]
    data.write_text("\n".join(["sentence1,sentence2,label", *lines]) + "\n")
    assert run(teachers / "pairs", data, *SMALL, "--out", out) == 0
    assert Manifest.read(out).is_pairs
    capsys.readouterr()
    message = refused(capsys, teachers / "quick", data, *SMALL, "--out", tmp_path / "other")
    assert message.endswith(
        "pairs.csv holds pairs of texts, and quick takes one text; name its column with --text-column, or give a "
        "teacher of pairs"
    )


def _labelled() -> list[tuple[str, str]]:
    data = rows(20)
    assert data.targets is not None
    return [(str(text), str(label)) for text, label in zip(data.inputs, data.targets, strict=True)]


def test_a_stopped_training_goes_on_to_the_bit(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [teachers / "quick", data, "--student", folder("bert"), "--layers", "1", *ENCODER]
    assert run(*command, "--out", tmp_path / "whole") == 0
    with monkeypatch.context() as patch:
        stop_at(patch, 3)
        assert run(*command, "--out", tmp_path / "out") == 130
    assert capsys.readouterr().err.splitlines()[-1].endswith("Go on with the same command and --resume")
    assert not (tmp_path / "out").exists()
    assert "an interrupted run stands at" in refused(capsys, *command, "--out", tmp_path / "out")
    assert run(*command, "--out", tmp_path / "out", "--resume") == 0
    assert sha256(tmp_path / "out" / "model.safetensors") == sha256(tmp_path / "whole" / "model.safetensors")
    losses = [
        [json.loads(line).get("loss") for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("out", "whole")
    ]
    assert losses[0] == losses[1] and len(losses[0]) >= 5


def test_a_stopped_teacher_says_how_to_go_on(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("limbeck.distil.judging.score", stopped)
    assert run(teachers / "quick", data, *SMALL, "--out", tmp_path / "out") == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        "limbeck: stopped while a teacher judges; what it said is kept, but for the last texts, at most 1,024: go on "
        "with the same command and --resume"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_a_chain_from_texts_of_a_file_and_a_folder_goes_on_after_its_first_student(
    teachers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said.csv"
    said.write_text("text,good,bad\n" + "".join(f"{text},0.75,0.25\n" for text in rows(40).inputs))
    out, scores = tmp_path / "out", tmp_path / "scores.npz"
    command = [teachers / "bert", "--teacher-scores", said, "--layers", "1", "--through", "2", *ENCODER, "--out", out]
    command = [*command, "--scores", scores, "--json"]
    with monkeypatch.context() as patch:
        stop_at(patch, 7)  # the first student learns in five
        assert run(*command) == 130
    assert capsys.readouterr().out == ""
    first = tmp_path / "out-2-layers"
    before, told = files(first), sha256(scores)
    assert run(*command, "--resume") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["out"] == str(out)  # one object: the student that was asked for
    assert f"{first} is finished already" in printed.err
    assert files(first) == before and sha256(scores) == told  # the teachers' scores, not those of the student
    layers = [json.loads((one / "config.json").read_text())["num_hidden_layers"] for one in (first, out)]
    assert layers == [2, 1]
    names = [[one["name"] for one in Manifest.read(at).training["taught"]["teachers"]] for at in (first, out)]
    assert names == [["bert", "said.csv"], ["out-2-layers"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out-2-layers", "said.csv", "scores.npz"]


def test_what_stands_at_the_end_of_a_chain_is_seen_before_its_first_student(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.save_tiny(tmp_path / "out")
    message = refused(capsys, teachers / "bert", data, "--layers", "1", "--through", "2", "--out", tmp_path / "out")
    assert "already holds a model" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows.csv"]


def test_sentences_of_long_texts_and_none_of_a_test(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long, test = tmp_path / "long.txt", tmp_path / "test.csv"
    review = "The film was a joy to see. It was a bore from the start."
    long.write_text(f"{review}\nShe never answers the phone at all. Too short.\n")
    test.write_text(f"text\n{review}\n")
    flags = [
        "--unlabelled",
        long,
        "--cut-sentences",
        "--held-out",
        test,
        *SMALL,
        "--out",
        tmp_path / "out",
        "--dry-run",
    ]
    assert run(teachers / "quick", data, *flags) == 0
    said = capsys.readouterr().err
    assert f"{long}: 1 sentences of 5 to 40 words in 2 texts" in said
    assert "texts: 37, 36 of them labelled" in said
    assert run(teachers / "quick", data, "--cut-sentences", *SMALL, "--out", tmp_path / "out", "--dry-run") == 0
    assert "--cut-sentences cuts the texts of --unlabelled, and there are none" in capsys.readouterr().err


def test_the_test_part_of_a_folder_is_learnt_from_nowhere(
    teachers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    write_csv(parts / "train.csv", rows(40).take(range(20)))
    write_csv(parts / "test.csv", rows(40).take(range(20, 30)))
    more = tmp_path / "more.txt"
    more.write_text("\n".join(map(str, rows(40).inputs[15:40])) + "\n")
    flags = ["--unlabelled", more, "--valid-fraction", "0", *SMALL, "--out", tmp_path / "out", "--dry-run"]
    assert run(teachers / "quick", parts, *flags) == 0
    said = capsys.readouterr().err
    assert f"{more}: 10 rows stand among the validation or test texts and are left out" in said
    assert "texts: 30, 20 of them labelled" in said


def test_one_validation_row_is_too_few_to_compare(
    teachers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_csv(tmp_path / "ten.csv", rows(10)), tmp_path / "out"
    assert run(teachers / "quick", data, *SMALL, "--out", out) == 0
    said = capsys.readouterr().err
    assert "a single validation row has an answer of the teachers, so there is no comparison with them" in said
    assert "compared" not in Manifest.read(out).training["taught"]


def test_labels_of_one_class_are_enough(teachers: Path, tmp_path: Path) -> None:
    data = tmp_path / "good.csv"
    data.write_text("text,label\n" + "".join(f"{text},good\n" for text in rows(10).inputs))
    assert run(teachers / "quick", data, *SMALL, "--out", tmp_path / "out", "--dry-run") == 0


def test_columns_are_named_for_the_labelled_file_and_known_to_the_student(teachers: Path, tmp_path: Path) -> None:
    data, more = tmp_path / "rows.csv", tmp_path / "more.txt"
    data.write_text(
        "id,words,label\n" + "".join(f"{n},{text},{label}\n" for n, (text, label) in enumerate(_labelled()))
    )
    more.write_text("a further text\n")
    flags = ["--text-column", "words", "--unlabelled", more, *SMALL, "--out", tmp_path / "out"]
    assert run(teachers / "quick", data, *flags, "--dry-run") == 0
    assert run(teachers / "quick", data, *flags) == 0
    kept = Manifest.read(tmp_path / "out").data
    assert (kept["text_column"], kept["label_column"]) == ("words", "label")  # as after ``limbeck train``


def test_help_is_quick_and_loads_no_torch() -> None:
    program = """
import sys
from limbeck.cli import main
try:
    main(["distil", "--help"])
except SystemExit:
    pass
heavy = {"torch", "transformers", "onnx", "onnxruntime", "pyarrow", "safetensors"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    for flag in ("--teacher-scores", "--layers", "--through", "--unlabelled", "--held-out", "--dry-run", "--resume"):
        assert flag in done.stdout
