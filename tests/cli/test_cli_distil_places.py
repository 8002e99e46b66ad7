"""``limbeck distil`` and its places: what is read is not replaced, what was stopped goes on, names are no families."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from limbeck.artefact.manifest import Manifest
from support import tiny
from support.distil_cli import data, files, refused, run, teachers
from support.stopping import stop_at

__all__ = ["data", "teachers"]  # fixtures

ENCODER = ["--epochs", "1", "--batch-size", "8", "--precision", "float32"]


def layers_of(folder: Path) -> int:
    return int(json.loads((folder / "config.json").read_text())["num_hidden_layers"])


@pytest.mark.parametrize("update", [3, 7])  # in the first student, which learns in five, and in the second
def test_a_chain_that_replaces_a_model_goes_on_where_it_was_stopped(
    teachers: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    update: int,
) -> None:
    out = tmp_path / "out"
    tiny.save_tiny(out)
    old = files(out)
    command = [teachers / "bert", data, "--layers", "1", "--through", "2", *ENCODER, "--out", out, "--overwrite"]
    with monkeypatch.context() as patch:
        stop_at(patch, update)
        assert run(*command) == 130
    assert files(out) == old
    assert run(*command, "--resume") == 0
    assert (layers_of(out), layers_of(tmp_path / "out-2-layers")) == (1, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out-2-layers", "rows.csv"]
    capsys.readouterr()
    before = files(out)
    assert run(*command, "--resume") == 0  # whole now
    assert f"{out} is finished already" in capsys.readouterr().err
    assert files(out) == before


def test_a_chain_that_replaces_a_model_goes_on_between_its_students(
    teachers: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    tiny.save_tiny(out)
    old = files(out)
    command = [teachers / "bert", data, "--layers", "1", "--through", "2", *ENCODER, "--out", out, "--overwrite"]
    asked: list[object] = []

    def stopped(*arguments: object, **_: object) -> object:
        asked.append(arguments)
        raise KeyboardInterrupt

    first = ["--layers", "2", *ENCODER, "--out", tmp_path / "out-2-layers"]
    assert run(teachers / "bert", data, *first) == 0
    with monkeypatch.context() as patch:
        patch.setattr("limbeck.distil.judging.score", stopped)
        assert run(*command, "--resume") == 130
    assert asked and files(out) == old
    assert capsys.readouterr().err.rstrip().endswith("go on with the same command and --resume")
    assert run(*command, "--resume") == 0
    assert layers_of(out) == 1


def test_a_teacher_called_as_a_family_is_the_folder(
    teachers: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("small", "sentiment"):
        shutil.copytree(teachers / "bert", name)
        assert run(name, data, "--layers", "1", *ENCODER, "--out", f"from-{name}") == 0
        made = tmp_path / f"from-{name}"
        assert layers_of(made) == 1
        assert Manifest.read(made).training["taught"]["teachers"][0]["name"] == name
        theirs = json.loads((teachers / "bert" / "config.json").read_text())
        assert json.loads((made / "config.json").read_text())["hidden_size"] == theirs["hidden_size"]
    assert "is as large as its teacher" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "TEACHER", "--overwrite"], "'TEACHER' is the teacher, and would be replaced by its student"),
        (
            ["--out", "HOME/new", "--student", "HOME/new", "--overwrite"],
            "'HOME/new' is the model that the student starts from, and would be replaced",
        ),
        (
            ["--through", "2", "--layers", "1", "--out", "HOME/t", "--overwrite"],
            "'HOME/t-2-layers' is the teacher, and would be replaced by its student; give another --out",
        ),
        (
            ["--out", "HOME/out", "--scores", "HOME/out/s.npz"],
            "--scores 'HOME/out/s.npz' is in out, a folder that holds",
        ),
        (
            ["--out", "HOME/out", "--scores", "HOME/out.checkpoint/s.npz"],
            "is in out.checkpoint, a folder that holds a model alone; name a place outside it",
        ),
    ],
)
def test_what_is_read_and_what_is_made_are_apart(
    teachers: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    teacher = tmp_path / "t-2-layers"
    shutil.copytree(teachers / "bert", teacher)
    shutil.copytree(teachers / "bert", tmp_path / "new")
    before = files(tmp_path)

    def filled(text: str) -> str:
        return text.replace("TEACHER", str(teacher)).replace("HOME", str(tmp_path))

    told = refused(capsys, teacher, data, *ENCODER, *map(filled, words))
    assert filled(message) in told
    assert files(tmp_path) == before


def test_columns_that_no_file_has_are_told_where_none_is_labelled(
    teachers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.csv"
    more.write_text("title,body\n" + "".join(f"a title {n},a long body {n}\n" for n in range(9)))
    command = [teachers / "quick", "--unlabelled", more, "--student", "small", "--out", tmp_path / "out", "--dry-run"]
    told = refused(capsys, *command, "--text-column", "bdy", "--label-column", "nope")
    assert "--label-column 'nope' is of labelled rows, and none were given" in told
    assert "--text-column 'bdy' stands in no file; there is 'body' (nearest), 'title'" in told
    assert run(*command, "--text-column", "body") == 0


def test_a_class_that_only_validation_rows_or_corrections_have_is_the_teachers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.save_tiny(tmp_path / "teacher", classes=("bad", "good", "so"))
    home = tmp_path / "parts"
    home.mkdir()
    lines = [f"a film {n},{('good', 'bad')[n % 2]}\n" for n in range(12)]
    (home / "train.csv").write_text("text,label\n" + "".join(lines))
    (home / "valid.csv").write_text("text,label\na room,so\na meal,good\n")
    (tmp_path / "fixes.csv").write_text("id,text,label,corrected\n,a film 3,bad,so\n")
    command = [tmp_path / "teacher", home, "--student", "small", "--epochs", "1", "--precision", "float32"]
    assert run(*command, "--corrections", tmp_path / "fixes.csv", "--out", tmp_path / "out") == 0
    manifest = Manifest.read(tmp_path / "out")
    assert manifest.classes == ("bad", "good", "so")
    assert "good 6+1" in capsys.readouterr().err
    (home / "valid.csv").write_text("text,label\na room,sos\n")
    assert "label 'sos' is none of the classes: 'so' (nearest), 'bad', 'good'" in refused(capsys, *command)


def test_scores_that_a_finished_student_had_asked_for_are_not_written_again(
    teachers: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [teachers / "bert", data, "--layers", "1", "--through", "2", *ENCODER, "--out", tmp_path / "out"]
    with monkeypatch.context() as patch:
        stop_at(patch, 7)
        assert run(*command) == 130
    capsys.readouterr()
    assert run(*command, "--resume", "--scores", tmp_path / "said.npz") == 0
    told = f"--scores {tmp_path / 'said.npz'} is not written: {tmp_path / 'out-2-layers'} is finished, and no teacher"
    assert told in capsys.readouterr().err
    assert not (tmp_path / "said.npz").exists()


def test_a_dry_run_of_a_resume_leaves_what_is_finished(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = [teachers / "bert", data, "--layers", "1", "--through", "2", *ENCODER, "--out", out]
    assert run(*command) == 0
    shutil.rmtree(out)
    before = files(tmp_path)
    capsys.readouterr()
    assert run(*command, "--resume", "--dry-run") == 0
    err = capsys.readouterr().err
    assert f"{out}-2-layers is finished: it is left as it is\n" in err and "would not begin" not in err
    assert f"then {out}, taught by out-2-layers:" in err and err.count("student: ") == err.count("would write") == 1
    assert files(tmp_path) == before
    assert run(*command, "--resume") == 0
    before = files(tmp_path)
    capsys.readouterr()
    assert run(*command, "--resume", "--dry-run") == 0
    err = capsys.readouterr().err
    assert f"{out} is finished already; nothing to resume" in err and "plan:" not in err
    assert err.endswith("nothing was written\n") and files(tmp_path) == before


def test_rows_that_a_teacher_learnt_from_are_told_with_its_figures(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert run(teachers / "bert", data, "--layers", "1", *ENCODER, "--out", first) == 0
    capsys.readouterr()
    command = [first, data, "--student", teachers / "bert", *ENCODER, "--valid-fraction", "0.5", "--seed", "3"]
    assert run(*command, "--out", second) == 0
    assert "first learnt from " in capsys.readouterr().err
    assert "of them had learnt before: `first` " in (second / "README.md").read_text()
    command = [first, data, "--student", teachers / "bert", *ENCODER, "--out", tmp_path / "third"]
    assert run(*command) == 0  # by the same split
    assert "learnt from" not in capsys.readouterr().err


def test_a_stop_while_the_student_is_saved_tells_what_stands(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object, **_: object) -> object:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    command = [teachers / "bert", data, "--layers", "1", *ENCODER, "--out", out]
    with monkeypatch.context() as patch:
        patch.setattr("limbeck.train.learner.Learner.save", stopped)
        assert run(*command) == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        "limbeck: stopped while the model was saved; its last checkpoint stands. Go on with the same command and "
        "--resume"
    )
    assert run(*command, "--resume", "--dry-run") == 0
    assert "5 of these 5 updates are done, and about " in capsys.readouterr().err
    assert run(*command, "--resume") == 0
    assert layers_of(out) == 1


def test_how_many_rows_have_labels_is_told(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.txt"
    more.write_text("a further film\nanother room\n")
    command = [
        teachers / "quick",
        data,
        "--student",
        "small",
        *ENCODER,
        "--max-updates",
        "1",
        "--out",
        tmp_path / "out",
    ]
    assert run(*command, "--unlabelled", more) == 0
    assert (
        "36 of 38 training rows have labels; the others are counted by what the teacher says" in capsys.readouterr().err
    )
    assert run(*command, "--overwrite") == 0
    assert "training rows have labels" not in capsys.readouterr().err
