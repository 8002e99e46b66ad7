"""``limbeck distil`` and files of many makings: test texts in them, few labels, encodings, numbers, other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.scores import Scores
from support.distil_cli import data, refused, run, teachers
from support.train_data import numbers, rows, write_csv

__all__ = ["data", "teachers"]  # fixtures

FAST = ["--student", "static", "--epochs", "1", "--batch-size", "8"]
TEXTS = list(map(str, rows(40).inputs))


def said(path: Path, texts: list[str], header: str = "text,good,bad", encoding: str = "utf-8") -> Path:
    """A file of what a teacher said."""
    path.write_text(f"{header}\n" + "".join(f"{text},0.75,0.25\n" for text in texts), encoding=encoding)
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What is said while a student learns."""
    capsys.readouterr()
    assert run(*arguments, "--no-calibrate", "--overwrite") == 0
    return capsys.readouterr().err


def test_no_test_text_chooses_the_weights(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, test = said(tmp_path / "said.csv", TEXTS), tmp_path / "test.txt"
    test.write_text("".join(f"{text}\n" for text in TEXTS[:30]))
    command = [data, "--teacher-scores", scores, "--valid-fraction", "0.25", *FAST, "--out", tmp_path / "out"]
    assert "rows: 30 train, 10 valid" in told(capsys, *command)
    err = told(capsys, *command, "--held-out", test)
    assert "of 10 validation rows stand among the test texts and are left out" in err
    n_train, n_valid = (int(word) for word in err.partition("rows: ")[2].split()[:3:2])
    assert n_train + n_valid == 10 and 0 < n_valid < 10
    valid = write_csv(tmp_path / "valid.csv", rows(8))
    err = refused(capsys, *command, "--held-out", test, "--valid", valid, "--overwrite")
    assert "all 8 validation rows stand among the test texts, which choose nothing; name others with --valid" in err


def test_few_labels_hold_few_rows_back_which_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, few = said(tmp_path / "said.csv", TEXTS), write_csv(tmp_path / "few.csv", rows(10))
    err = told(capsys, few, "--teacher-scores", scores, *FAST, "--out", tmp_path / "out")
    assert "1 validation row chooses the weights, held back of the labelled rows alone; --valid FILE takes" in err
    none = write_csv(tmp_path / "none.csv", rows(4))
    err = told(capsys, none, "--teacher-scores", scores, *FAST, "--out", tmp_path / "out")
    assert "rows: 36 train, 4 valid" in err and "chooses the weights" not in err
    assert "validation rows are held back of all texts: too few have labels" in err
    assert Manifest.read(tmp_path / "out").training["taught"]["valid"] == "said by the teachers"
    alone = said(tmp_path / "alone.csv", TEXTS[:4])
    err = told(capsys, none, "--teacher-scores", alone, *FAST, "--out", tmp_path / "out")
    assert "rows: 4 train, 0 valid" in err and "held back of all" not in err


def test_texts_that_an_api_gave_back_stripped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rough = tmp_path / "rough.csv"
    labels = list(map(str, rows(40).targets or []))
    lines = [f'" {text}  ",{label}\n' for text, label in zip(TEXTS, labels, strict=True)]
    rough.write_text("text,label\n" + "".join(lines))
    scores, kept = said(tmp_path / "said.csv", TEXTS), tmp_path / "kept.npz"
    command = [rough, "--teacher-scores", scores, "--no-calibrate", *FAST]
    assert run(*command, "--out", tmp_path / "out", "--scores", kept) == 0
    err = capsys.readouterr().err
    assert "rows: 36 train, 4 valid" in err and "said.csv: 36 rows repeat a text, which is learnt once" in err
    assert Manifest.read(tmp_path / "out").data["label_column"] == "label"
    assert Scores.open(kept).answered.all()


@pytest.mark.parametrize("utf_8", ["utf-8", "utf-8-sig"])
def test_a_file_of_utf_8_keeps_its_encoding(utf_8: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"{text} au caf\u00e9" for text in TEXTS]
    old = tmp_path / "old.csv"
    labels = list(map(str, rows(40).targets or []))
    body = "".join(f"{text},{label}\n" for text, label in zip(texts, labels, strict=True))
    old.write_text("text,label\n" + body, encoding="latin-1")
    scores = said(tmp_path / "said.csv", texts, encoding=utf_8)
    more = tmp_path / "more.txt"
    more.write_text("tr\u00e8s bien\n", encoding=utf_8)
    flags = ["--encoding", "latin-1", "--teacher-scores", scores, *FAST, "--out", tmp_path / "out"]
    assert "rows: 36 train, 4 valid" in told(capsys, old, *flags)
    flags += ["--unlabelled", more, "--skip-bad-rows"]
    assert "more.txt: line 1) and are left out" in told(capsys, old, *flags)
    valid = tmp_path / "valid.csv"
    valid.write_text(f"text,label\n{texts[0]},{labels[0]}\n", encoding=utf_8)
    assert "rows: 39 train, 1 valid" in told(capsys, old, "--valid", valid, *flags)
    flags = ["--encoding", "latin-1", "--teacher-scores", scores, *FAST, "--out", tmp_path / "out"]
    flags += ["--text-column", "text"]
    assert "rows: 36 train, 4 valid" in told(capsys, *flags)


def test_numbers_need_no_flag_where_the_rows_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rated, scores = tmp_path / "rated.csv", tmp_path / "said.csv"
    body = "".join(f"{text},{n / 7}\n" for n, text in enumerate(numbers(40).inputs))
    rated.write_text("text,rating\n" + body)
    scores.write_text("text,score\n" + body)
    err = told(capsys, rated, "--teacher-scores", scores, *FAST, "--out", tmp_path / "out")
    assert "numbers from 'score'" in err
    bad = said(tmp_path / "bad.csv", TEXTS[:4], header="text,x,y")
    assert "bad.csv" in refused(capsys, rated, "--teacher-scores", bad, *FAST, "--out", tmp_path / "no")


def test_classes_under_other_names_are_told_by_their_file(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [data, *FAST, "--out", tmp_path / "out", "--teacher-scores"]
    err = refused(capsys, *command, said(tmp_path / "said.csv", TEXTS, header="text,LABEL_0,LABEL_1"))
    assert "; the classes are the columns of said.csv, which may need the labels' names" in err
    err = refused(capsys, *command, said(tmp_path / "case.csv", TEXTS, header="text,p_Bad,p_GOOD"))
    assert "label 'bad' is none of the classes: 'Bad' (nearest), 'GOOD'" in err
    assert "label 'good' is none of the classes: 'GOOD' (nearest), 'Bad'" in err
    assert "the labels 'Bad', 'GOOD', which are columns of case.csv: are they misspelt there?" in err


def test_places_that_are_of_another_kind(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, plain = said(tmp_path / "said.csv", TEXTS), tmp_path / "plain"
    plain.mkdir()
    err = refused(capsys, data, "--teacher-scores", plain, *FAST, "--out", tmp_path / "out")
    assert err == f"--teacher-scores {plain} is a folder; give a file of what a teacher said"
    err = refused(capsys, data, "--teacher-scores", scores, *FAST, "--out", data / "out")
    assert f"{str(data)!r} is a file, in which no folder can stand; make room or give another --out" in err
