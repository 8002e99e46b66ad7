from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from limbeck.cli import main
from limbeck.cli.pick import Settings, run
from limbeck.errors import DataError, SettingsError
from support.sentiment_model import sentiment_model
from support.tiny import shared

ADDED = ["pick", "line", "predicted", "margin", "p_negative", "p_positive"]
TEXTS = (
    *("the film was a joy", "the film was a bore", "the soup is warm", "the bread is fresh", "what a waste", ""),
    *("he plays the lead", "she never answers", "the film was a joy", "an hour i want back"),
)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("id,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS)))
    return path


def call(data: Path, kind: str = "text", **flags: Any) -> int:
    return run(Settings((str(shared(kind)), str(data)), **flags))


def test_rows_are_picked_into_a_file(unlabelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(unlabelled, n=3, out=tmp_path / "next.csv") == 0
    out, err = capsys.readouterr()
    assert out == "" and "10 rows, 3 picked, 1 without an answer (empty text), 1 copies of others" in err
    with (tmp_path / "next.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*ADDED, "id", "text"]
    assert [row["pick"] for row in rows] == ["1", "2", "3"]
    assert all(TEXTS[int(row["line"]) - 2] == row["text"] == TEXTS[int(row["id"])] for row in rows)
    first = rows[0]
    assert float(first["margin"]) == pytest.approx(
        abs(float(first["p_negative"]) - float(first["p_positive"])), abs=1e-5
    )


def test_the_same_seed_picks_the_same(unlabelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(unlabelled, n=4, seed=3)
    first = capsys.readouterr().out
    call(unlabelled, n=4, seed=3)
    assert capsys.readouterr().out == first
    assert len(list(csv.DictReader(io.StringIO(first)))) == 4


def test_more_than_there_is_is_everything(unlabelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(unlabelled, n=50)
    out, err = capsys.readouterr()
    assert len(list(csv.DictReader(io.StringIO(out)))) == 8
    assert "--n 50 is more than there is: all 8 different texts with an answer are picked" in err


def test_pairs_and_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"a": text, "b": "the end"} for text in TEXTS if text]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "next.jsonl"
    call(tmp_path / "in.jsonl", "pair", n=2, text_column="a", text_pair_column="b", prefix="x_", out=out)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [list(row) for row in found] == [[*(f"x_{name}" for name in ADDED), "a", "b"]] * 2


def test_other_languages_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    german = "Das Essen war leider kalt und die Bedienung nicht freundlich."
    (tmp_path / "in.txt").write_text(f"{german}\nthe film was a joy\n")
    run(Settings((str(sentiment_model()), str(tmp_path / "in.txt")), n=1))
    out, err = capsys.readouterr()
    assert "Essen" not in out and "1 without an answer (this looks like German; this model reads English)" in err


def test_a_number_has_no_margin(unlabelled: Path) -> None:
    with pytest.raises(SettingsError, match="gives a number, and no margin between classes"):
        call(unlabelled, "regress")


def test_wrong_settings_are_told_together(unlabelled: Path) -> None:
    with pytest.raises(SettingsError, match=r"3 problems:\n.*--n 0 picks nothing.*\n.*--seed -1.*\n.*is the file"):
        call(unlabelled, n=0, seed=-1, out=unlabelled)


def test_a_column_of_our_name_is_a_clash(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("line,text\n1,a joy\n")
    with pytest.raises(DataError, match=r"has the column 'line'.*--prefix"):
        call(tmp_path / "in.csv")
    assert call(tmp_path / "in.csv", prefix="x_") == 0


def test_only_the_columns_that_are_added_clash_and_late_ones_do_too(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("reason,tokens_read,score,text\nmine,5,0,a joy\n")
    assert call(tmp_path / "in.csv", out=tmp_path / "next.csv") == 0
    assert "mine,5,0,a joy" in (tmp_path / "next.csv").read_text()
    late = [{"text": "a joy"}] * 1001 + [{"text": "a bore", "line": "MINE", "margin": "m"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in late))
    with pytest.raises(DataError, match=r"in\.jsonl has the column 'line', 'margin', .*--prefix"):
        call(tmp_path / "in.jsonl", out=tmp_path / "next.jsonl")
    assert call(tmp_path / "in.jsonl", prefix="x_", out=tmp_path / "next.jsonl") == 0
    assert '"line": "MINE"' in (tmp_path / "next.jsonl").read_text()


def test_a_file_with_nothing_to_read_picks_nothing(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n1,\n2, \n")
    with pytest.raises(DataError, match=r"no row to pick; 2 without an answer \(empty text\)"):
        call(tmp_path / "in.csv", out=tmp_path / "next.csv")
    assert not (tmp_path / "next.csv").exists()


def test_labels_that_someone_wrote_into_a_file_are_not_lost(
    unlabelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "next.csv"
    out.write_text("my labels\n")
    with pytest.raises(SettingsError, match=r"2 problems:\n.*--n 0 picks.*\n.*next\.csv' stands there already"):
        call(unlabelled, n=0, out=out)
    assert out.read_text() == "my labels\n"
    assert call(unlabelled, n=3, out=out, overwrite=True) == 0
    assert out.read_text().startswith("pick,line")


def test_without_a_model_the_one_that_ships_picks(unlabelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pick", str(unlabelled), "--n", "2"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 2 and {"p_negative", "p_neutral", "p_positive"} <= set(rows[0])
    assert main(["pick"]) == 2
    assert "takes an unlabelled file, or a saved model and an unlabelled file; 0 names" in capsys.readouterr().err
    assert main(["pick", str(shared())]) == 2
    told = capsys.readouterr().err
    assert "is a saved model; give the unlabelled file behind it: limbeck pick" in told and "unlabelled.csv" in told


def test_a_missing_file_is_a_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pick", str(shared()), "missing.csv"]) == 2
    assert "no file 'missing.csv'" in capsys.readouterr().err
