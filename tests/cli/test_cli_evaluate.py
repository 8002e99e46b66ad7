"""``limbeck evaluate`` on a folder with fixed answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from limbeck.cli import main
from limbeck.runtime.session import Session
from limbeck.scores import Scores
from support.sentiment_model import sentiment_model
from support.tiny import predictor, save_tiny, shared

TEXTS = ["a joy", "what a waste", "the soup is warm", "an hour i want back"]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Four rows; the model is right on three of them."""
    right = [str(answer.predicted) for answer in predictor().predict(TEXTS)]
    labels = [*right[:3], "negative" if right[3] == "positive" else "positive"]
    path = tmp_path / "test.csv"
    path.write_text("text,label\n" + "".join(f"{t},{n}\n" for t, n in zip(TEXTS, labels, strict=True)))
    return path


def test_the_report_and_the_greatest_losses(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(shared()), str(labelled)]) == 0
    out = capsys.readouterr().out
    assert "rows: 4" in out and "accuracy: 0.7500" in out and "true \\ predicted" in out
    assert "the 4 greatest losses:" in out
    first = out.split("greatest losses:\n")[1].splitlines()[0]
    assert "line 5: " in first and first.endswith("an hour i want back") and " read as " in first


def test_long_texts_are_told_by_both_ends_in_a_terminal_and_whole_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "a joy " + "and so it went on " * 40 + "to a waste"
    path = tmp_path / "long.csv"
    path.write_text(f"text,label\n{text},positive\na joy,negative\n")
    assert main(["evaluate", str(shared()), str(path)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "line 2: " in line]
    assert ": a joy and so it" in line and " … " in line and line.endswith("to a waste") and len(line) < 450
    assert main(["evaluate", str(shared()), str(path), "--json"]) == 0
    assert text in [row["text"] for row in json.loads(capsys.readouterr().out)["greatest_losses"]]


def test_settings_that_cannot_be_followed_are_told_together(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = str(labelled.with_suffix(".parquet"))
    flags = ["--greatest", "-1", "--scores", both, "--corrections", both]
    assert main(["evaluate", str(shared()), str(labelled), *flags]) == 2
    said = capsys.readouterr().err
    assert "--greatest -1 is no number of rows; give 0 or more" in said
    assert f"--scores and --corrections are both {both!r}" in said
    assert main(["evaluate", str(shared()), str(labelled), "--greatest", "0"]) == 0
    assert "greatest losses" not in capsys.readouterr().out


def test_json_is_one_object_and_alone_on_stdout(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(shared()), str(labelled), "--json", "--greatest", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["metrics"]["accuracy"] == 0.75
    assert np.sum(told["confusion"]) == told["rows"] == 4
    assert [row["text"] for row in told["greatest_losses"]] == ["an hour i want back"]


def test_with_no_model_named_the_one_that_ships_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))
    rows = "".join(f"{text},{'negative' if n % 2 else 'positive'},{'ab'[n % 2]}\n" for n, text in enumerate(TEXTS * 3))
    (tmp_path / "test.csv").write_text("text,label,shop\n" + rows)
    page = tmp_path / "errors.html"
    assert main(["evaluate", str(tmp_path / "test.csv"), "--html", str(page), "--slices", "shop", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 12 and list(told["classes"]) == ["negative", "neutral", "positive"]
    shown = page.read_text(encoding="utf-8")
    assert "sentiment, the model that ships" in shown and "shop" in shown
    assert main(["evaluate", str(tmp_path / "missing.csv")]) == 2
    assert "no file" in capsys.readouterr().err
    assert main(["evaluate"]) == 2
    assert "takes a labelled file, or a saved model and a labelled file" in capsys.readouterr().err


def test_the_second_time_costs_nothing(
    labelled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["evaluate", str(shared()), str(labelled), "--json"])
    first = capsys.readouterr().out

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr(Session, "run", refuse)
    main(["evaluate", str(shared()), str(labelled), "--json"])
    assert capsys.readouterr().out == first


def test_scores_are_written_without_text(labelled: Path, tmp_path: Path) -> None:
    main(["evaluate", str(shared()), str(labelled), "--scores", str(tmp_path / "scores.npz")])
    scores = Scores.open(tmp_path / "scores.npz")
    assert len(scores.ids) == 4
    assert b"soup" not in (tmp_path / "scores.npz").read_bytes()


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_file_of_scores_is_read_in_place_of_the_cache(
    suffix: str, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    command = ["evaluate", str(shared()), str(labelled), "--json", "--scores", str(tmp_path / f"scores{suffix}")]
    assert main(command) == 0
    first = capsys.readouterr().out
    assert not (tmp_path / "cache" / "scores").exists()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr(Session, "run", refuse)
    assert main(command) == 0
    assert capsys.readouterr().out == first
    assert main([*command[:-1], str(tmp_path / "scores.csv")]) == 2
    assert "scores are kept as '.npz', '.parquet', not '.csv'" in capsys.readouterr().err


@pytest.mark.parametrize("pair", [False, True])
def test_the_columns_of_training_are_read_from_a_file_and_from_a_folder_of_splits(
    pair: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"text_column": "left", "text_pair_column": "right" if pair else None, "label_column": "verdict"}
    save_tiny(tmp_path / "model", pairs=pair, data=data)
    (tmp_path / "set").mkdir()
    for part, label in (("train", "neither"), ("test", "negative")):
        content = f"text,left,right,label,verdict\nthe soup,a joy,a bore,wrong,{label}\n"
        (tmp_path / "set" / f"{part}.csv").write_text(content)
    for path in (tmp_path / "set", tmp_path / "set" / "test.csv"):
        assert main(["evaluate", str(tmp_path / "model"), str(path), "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)["greatest_losses"]
        assert (row["text"], row["true"]) == (["a joy", "a bore"] if pair else "a joy", "negative")


def test_encodings_and_damaged_rows_are_as_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny(tmp_path / "model", data={"text_column": "text", "text_pair_column": None, "label_column": "label"})
    path = tmp_path / "test.csv"
    path.write_text("text,label\nun café,negative\na joy\na bore,positive\n", encoding="utf-16")
    command = ["evaluate", str(tmp_path / "model"), str(path), "--encoding", "utf-16"]
    assert main(command) == 2
    assert "line 3: too few fields" in capsys.readouterr().err
    assert main([*command, "--skip-bad-rows"]) == 0
    out, err = capsys.readouterr()
    assert "rows: 2" in out and "un café" in out and "1 row damaged and left out (line 3)" in err


def test_half_a_surrogate_pair_does_not_stop_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny(tmp_path / "model", classes=("late\ud83d", "fine"))
    row = {"text": "a joy \ud83d", "label": "late\ud83d"}
    (tmp_path / "test.jsonl").write_text(json.dumps(row) + "\n")
    command = ["evaluate", str(tmp_path / "model"), str(tmp_path / "test.jsonl")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "late? read as" in out and "a joy ?" in out
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["greatest_losses"][0]["text"] == row["text"]
    assert list(told["classes"]) == ["late\ud83d", "fine"]


@pytest.mark.parametrize(
    ("folders", "said", "rows"),
    [
        (("valid/negative", "test/positive"), "holds valid, test; evaluated on test", 1),
        (("dev/negative",), "", 1),
        (("test", "negative"), "label 'test' is none of the classes", 0),  # classes, one of them called test
    ],
)
def test_parts_and_classes_of_a_folder(
    folders: tuple[str, ...], said: str, rows: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in folders:
        (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / folder / "0.txt").write_text("a joy")
    assert main(["evaluate", str(shared()), str(tmp_path / "set")]) == (0 if rows else 2)
    out, err = capsys.readouterr()
    assert said in err and (f"rows: {rows}" in out) == bool(rows)


def test_the_test_part_of_a_folder_is_evaluated(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("train", "test"):
        for name in ("negative", "positive"):
            (tmp_path / "set" / part / name).mkdir(parents=True)
            for n in range(2):
                (tmp_path / "set" / part / name / f"{n}.txt").write_text(f"a joy {n}")
    assert main(["evaluate", str(shared()), str(tmp_path / "set")]) == 0
    out, err = capsys.readouterr()
    assert "rows: 4" in out and "evaluated on test" in err


def test_rows_of_other_labels_are_left_out_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test.csv").write_text("text,label\na joy,positive\na bore,great\nthe soup,negative\n")
    command = ["evaluate", str(shared()), str(tmp_path / "test.csv")]
    assert main(command) == 2
    assert "test.csv: line 3; mend them, or leave these rows out with --skip-bad-rows" in capsys.readouterr().err
    assert main([*command, "--skip-bad-rows"]) == 0
    out, err = capsys.readouterr()
    assert "rows: 2" in out and "1 row left out, whose label is none of the classes: 'great' (line 3)" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\na joy,great\n", "label 'great' is none of the classes: 'negative', 'positive'"),
        ("note,verdict,more\n1,2,3\n", "--text-column"),
        ("text_a,text_b,label\na joy,a bore,positive\n", "name one with --text-column"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text(content)
    assert main(["evaluate", str(shared()), str(tmp_path / "bad.csv")]) == 2
    assert said in capsys.readouterr().err


def test_a_regression_has_no_confusion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "numbers.csv").write_text("text,label\na joy,1.5\na bore,0.25\nthe soup,2\n")
    assert main(["evaluate", str(shared("regress")), str(tmp_path / "numbers.csv")]) == 0
    out = capsys.readouterr().out
    assert "pearson:" in out and "true \\ predicted" not in out
