from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.cli import predict
from limbeck.cli.predict import Settings, plain, run
from limbeck.errors import ArtefactError, DataError, LimbeckError, SettingsError
from limbeck.runtime.predictor import Predictor
from support.tiny import predictor, save_tiny, shared

KEYS = ["predicted", "p_negative", "p_positive", "tokens_read", "tokens_dropped", "reason"]


def call(*texts: str, kind: str = "text", **flags: Any) -> int:
    return run(Settings((str(shared(kind)), *texts), **flags))


def reviews(folder: Path) -> Path:
    (folder / "in.csv").write_text("id,text\n1,a joy\n2,\n3,a bore\n")
    return folder / "in.csv"


def test_a_text_gets_a_label_and_its_probability(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("an hour i want back") == 0
    out, err = capsys.readouterr()
    answer = predictor().predict("an hour i want back")
    assert out == f"{answer.predicted}  {answer.probs[str(answer.predicted)]:.2f}\n"
    assert err == ""


def test_several_texts_get_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    call("a joy", "what a waste", "the soup is warm")
    lines = capsys.readouterr().out.splitlines()
    answers = predictor().predict(["a joy", "what a waste", "the soup is warm"])
    assert [line.split()[0] for line in lines] == [answer.predicted for answer in answers]


def test_json_has_the_keys_of_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    call("a joy", "a bore", json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert rows[0] == pytest.approx(predictor().predict("a joy").to_row(), abs=1e-5)
    call("a joy", json=True, prefix="x_")
    assert next(iter(json.loads(capsys.readouterr().out))) == "x_predicted"


def test_a_number_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    call("a joy", kind="regress")
    assert float(capsys.readouterr().out) == pytest.approx(predictor("regress").predict("a joy").predicted, rel=1e-3)


def test_a_cut_or_odd_text_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    call("the film " * 40, "x" * 120)
    err = capsys.readouterr().err
    assert "text 1: 58 tokens left out of its middle; --windows reads all of it" in err
    assert "text 2: a word of 120 characters was read as unknown" in err
    call("the film " * 40, windows=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\x00"])
def test_an_empty_text_is_an_error_that_says_so(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=r"the text '.*' is empty") as caught:
        call(text)
    assert caught.value.exit_code == 2
    assert capsys.readouterr().out == ""
    assert call(text, json=True) == 0  # who asks for json reads the reason there, as in the lines of a pipe
    row = json.loads(capsys.readouterr().out)
    assert list(row) == KEYS
    assert (row["predicted"], row["p_positive"], row["reason"]) == (None, None, "empty text")


def test_json_has_an_object_for_each_text_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("a joy", "", "a bore", json=True) == 0
    out, err = capsys.readouterr()
    found = [json.loads(line)["predicted"] for line in out.splitlines()]
    assert [name is None for name in found] == [False, True, False]
    assert "text 2: empty text" in err
    assert call("", " ", kind="pair", pair=True, json=True) == 0
    assert json.loads(capsys.readouterr().out)["predicted"] is None


def test_flags_of_files_are_refused_with_texts(capsys: pytest.CaptureFixture[str]) -> None:
    said = r"2 problems:\n.*--text-pair-column 'x' is for files.*with --pair\n.*--skip-bad-rows is for files"
    with pytest.raises(SettingsError, match=said):
        call("Good", text_pair_column="x", skip_bad_rows=True)
    with pytest.raises(SettingsError, match="--text-column 'x' is for files, and what was given is text; leave it out"):
        call("Good", text_column="x")
    assert call("I read it in notes.txt") == 0
    out, err = capsys.readouterr()
    assert out.split()[0] in ("negative", "positive")
    assert err == "'I read it in notes.txt' is read as a text: there is no such file\n"


def test_a_file_that_fails_at_once_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.csv").write_text("id,text\n1,a joy\n2\n")
    with pytest.raises(DataError, match="line 3: too few fields"):
        call(str(tmp_path / "bad.csv"))
    assert capsys.readouterr().out == ""
    assert call(str(tmp_path / "bad.csv"), skip_bad_rows=True) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_empty_texts_among_others_are_named_by_place() -> None:
    with pytest.raises(DataError, match=r"2 problems:\n.*text 2 \(''\) is empty; leave it out\n.*text 3"):
        call("a joy", "", " ")


def test_a_text_that_cannot_be_read_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nan(self: Any, ids: Any, type_ids: Any, **named: Any) -> Any:
        return np.full((len(ids), 2), np.nan, np.float32)

    call("a joy")  # the probes agree, and that is remembered
    capsys.readouterr()
    monkeypatch.setattr("limbeck.runtime.session.Session.run", nan)
    with pytest.raises(DataError, match="no answer to the text: the model's output is not a number"):
        call("a joy")
    with pytest.raises(DataError, match=r"2 problems:\n.*no answer to text 1: .*\n.*no answer to text 2: "):
        call("a joy", "a bore")
    assert capsys.readouterr().out == ""


def test_the_other_texts_are_answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    honest = Predictor.predict

    def second_unread(self: Any, inputs: Any, **how: Any) -> Any:
        first, second = honest(self, inputs, **how)
        return [first, replace(second, predicted=None, reason="no word that it knows")]

    call("a joy")
    answered = capsys.readouterr().out.split()
    monkeypatch.setattr(Predictor, "predict", second_unread)
    with pytest.raises(DataError, match="no answer to text 2: no word that it knows"):
        call("a joy", "a bore")
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == answered
    assert second.split() == ["-", "no", "word", "that", "it", "knows"]


def test_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    call("the film", "was a joy", kind="pair", pair=True, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found == pytest.approx(predictor("pair").predict([("the film", "was a joy")])[0].to_row(), abs=1e-5)
    call("the film", "", kind="pair", pair=True)
    with pytest.raises(SettingsError, match="--pair takes two texts; 1 were given"):
        call("a joy", kind="pair", pair=True)
    with pytest.raises(DataError, match="is empty"):
        call("", "", kind="pair", pair=True)
    with pytest.raises(SettingsError, match="this model takes pairs; give two texts with --pair"):
        call("a joy", kind="pair")
    with pytest.raises(SettingsError, match="--pair makes one input of two texts, and this model takes single texts"):
        call("a", "b", pair=True)


def test_a_file_is_scored_into_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(str(reviews(tmp_path)), out=tmp_path / "out.csv") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "3 rows, 2 answered, 1 without an answer" in err
    assert "out.csv" in err
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "text", *KEYS]
    assert [row["id"] for row in rows] == ["1", "2", "3"]


def test_without_out_rows_go_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(str(reviews(tmp_path)), batch_size=2, prefix="x_")
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["id", "text", *(f"x_{key}" for key in KEYS)]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert "text column 'text' by name" in err
    call(str(reviews(tmp_path)), json=True)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(row) for row in found] == [["id", "text", *KEYS]] * 3
    assert found[1]["p_positive"] is None


def test_long_texts_of_a_file_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.txt").write_text("the film " * 40 + "\n")
    call(str(tmp_path / "in.txt"))
    assert "1 too long to be read whole (--windows reads all)" in capsys.readouterr().err


def test_what_looks_like_a_file_and_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file 'missing\.csv'"):
        call("missing.csv")
    with pytest.raises(DataError, match="no file 'reviews'"):
        call("reviews", out=tmp_path / "out.csv")


def test_a_text_may_mention_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("the film is in missing.csv i want back") == 0
    assert call("a " * 2000 + "missing.csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json", "model.safetensors", "limbeck.json"])
def test_a_damaged_folder_answers_nothing(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(shared(), tmp_path / "model")
    path = tmp_path / "model" / name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ArtefactError, match=name) as caught:
        run(Settings((str(tmp_path / "model"), "a joy")))
    assert caught.value.exit_code == 2
    assert capsys.readouterr().out == ""


def test_class_names_are_printed_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes = ("10", "9", "True", "déjà payé", "refund: late\ud83d")
    save_tiny(tmp_path / "model", classes=classes)
    run(Settings((str(tmp_path / "model"), "a joy", "a bore"), json=True))
    for line in capsys.readouterr().out.splitlines():
        row = json.loads(line)
        assert row["predicted"] in classes
        assert list(row)[1:6] == [f"p_{name}" for name in classes]
    run(Settings((str(tmp_path / "model"), "a joy")))
    assert capsys.readouterr().out.rsplit("  ", 1)[0] in (*classes[:4], "refund: late?")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ()),
        (["a joy"], ("a joy",)),
        (["model/", "a joy"], ("model/", "a joy")),
        (["-"], ("-",)),
        (["model/", "-1 star"], ("model/", "-1 star")),
        (["-_-"], ("-_-",)),
        (["--", "--json is a flag"], ("--json is a flag",)),
    ],
)
def test_calls_without_flags_need_no_parser(arguments: list[str], words: tuple[str, ...]) -> None:
    assert plain(arguments) == Settings(words)
    assert plain(["--json", *arguments]) == Settings(words, json=True)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["model/", "a", "--windows"], ["--out", "x"], ["a", "--batch-size=3"]]
)
def test_calls_with_flags_need_one(arguments: list[str]) -> None:
    assert plain(arguments) is None


def test_flags_are_read_into_the_same_settings() -> None:
    from limbeck.settings import from_flags

    flags = ["model/", "in.csv", "--out", "out.csv", "--text-column", "t", "--windows", "--batch-size", "7"]
    found = from_flags(Settings, flags, command="predict", description=predict.HELP)
    assert found == Settings(("model/", "in.csv"), out=Path("out.csv"), text_column="t", windows=True, batch_size=7)
    for arguments in ([], ["-"], ["model/", "a", "--json"]):
        assert from_flags(Settings, arguments, command="predict", description="") == plain(arguments)


@pytest.mark.parametrize(("flags", "windows"), [([], None), (["--windows"], True), (["--no-windows"], False)])
def test_windows_are_the_folders_choice_unless_asked_for(flags: list[str], windows: bool | None) -> None:
    from limbeck.settings import from_flags

    assert from_flags(Settings, ["a", *flags], command="predict", description="").windows is windows


def test_every_setting_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    from limbeck.settings import from_flags

    with pytest.raises(SystemExit) as caught:
        from_flags(Settings, ["--help"], command="predict", description=predict.HELP)
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "--windows" in text
    assert "the mean over its windows" in " ".join(text.replace("│", " ").split())


def test_all_errors_are_of_the_family(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LimbeckError, match="is no saved model"):
        run(Settings((str(tmp_path / "empty"), "a joy")))
    with pytest.raises(LimbeckError, match="there is no file or folder 'no/model/'"):
        run(Settings(("no/model/", "a joy")))


def test_another_precision_is_asked_of_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("a joy", precision="float32") == 0
    with pytest.raises(SettingsError, match="precision 'int8'"):
        call("a joy", precision="int8")


def test_a_file_without_column_names_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_text("An hour I want back.\na joy\n")
    call(str(tmp_path / "in.csv"))
    assert "the first line is read as column names, though 'An hour I want back.'" in capsys.readouterr().err
