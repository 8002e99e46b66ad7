"""``limbeck evaluate --html --corrections --slices`` and ``limbeck train --corrections``, from end to end."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.cli import main
from support.tiny import shared
from support.train_data import rows, write_csv

pytest.importorskip("cleanlab")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    lines = [
        "text,label,topic",
        "a joy,positive,film",
        "a joy,negative,film",
        "what a waste,negative,food",
        "the soup is warm,negative,food",
        "<script>an hour i want back</script>,positive,film",
        "the bread is fresh,positive,",
    ]
    path = tmp_path / "test.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_page_and_the_corrections(labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, fixes = tmp_path / "errors.html", tmp_path / "fixes.csv"
    flags = ["--html", str(page), "--corrections", str(fixes), "--slices", "topic"]
    assert main(["evaluate", str(shared()), str(labelled), *flags]) == 0
    out, err = capsys.readouterr()
    assert "accuracy: " in out and f"{page}: the page of errors" in err
    assert "learnt from" not in err
    text = page.read_text(encoding="utf-8")
    assert "&lt;" in text and "<script" not in text and '<mark class="for w4"' in text
    assert "film" in text and "(no value)" in text and "fixes.csv" in text
    listed = read_rows(fixes)
    assert {"2", "3"} <= {row["line"] for row in listed}  # one text under two labels
    assert all(row["corrected"] == "" for row in listed)
    assert f"{fixes}: {len(listed)} rows to look at, of which about " in err and "fill in the column corrected" in err
    assert list(listed[0]) == ["line", "text", "label", "suggested", "p", "p_label", "reason", "corrected", "id"]


def test_rows_of_a_folder_are_called_by_their_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = {"positive/one.txt": "a joy", "negative/two.txt": "a joy", "negative/three.txt": "what a waste"}
    for name, text in texts.items():
        (tmp_path / "rows" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "rows" / name).write_text(text)
    page, fixes = tmp_path / "errors.html", tmp_path / "fixes.parquet"
    flags = ["--html", str(page), "--corrections", str(fixes)]
    assert main(["evaluate", str(shared()), str(tmp_path / "rows"), *flags]) == 0
    assert "file positive/one.txt: positive read as" in capsys.readouterr().out
    assert "file <bdi>positive/one.txt</bdi> · " in page.read_text(encoding="utf-8")
    assert {"positive/one.txt", "negative/two.txt"} <= set(parquet.read_table(fixes)["line"].to_pylist())


def test_where_nothing_calls_for_a_look_nothing_is_to_be_filled_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, fixes = tmp_path / "numbers.csv", tmp_path / "fixes.csv"
    data.write_text("text,label\na joy,1.5\n")
    assert main(["evaluate", str(shared("regress")), str(data), "--corrections", str(fixes)]) == 0
    assert capsys.readouterr().err.endswith(f"{fixes}: no row calls for a look\n")
    assert read_rows(fixes) == []


def test_corrections_that_were_filled_in_are_never_replaced(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixes = tmp_path / "fixes.csv"
    command = ["evaluate", str(shared()), str(labelled), "--corrections", str(fixes)]
    assert main(command) == 0 and main(command) == 0  # nothing was filled in
    listed = read_rows(fixes)
    listed[0]["corrected"] = "drop"
    with fixes.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    before = fixes.read_bytes()
    capsys.readouterr()
    assert main(command) == 2
    assert "stands there already with 1 corrections filled in; give --corrections another" in capsys.readouterr().err
    assert fixes.read_bytes() == before
    assert main([*command[:-1], str(labelled)]) == 2
    assert "is the file that is read; name another" in capsys.readouterr().err
    other = tmp_path / "other.csv"
    other.write_text("text,label\na joy,positive\n")
    assert main([*command[:-1], str(other)]) == 2
    assert "is no file of corrections; give another name" in capsys.readouterr().err
    assert other.read_text().startswith("text,label")


@pytest.mark.parametrize("ending", [", a note", '\n"more, of\n'])
def test_corrections_are_not_replaced_where_a_row_of_them_is_damaged(
    ending: str, labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixes = tmp_path / "fixes.csv"
    filled = f"text,label,corrected,id\na joy,negative,positive,0{ending}\n"
    fixes.write_text(filled)
    assert main(["evaluate", str(shared()), str(labelled), "--corrections", str(fixes)]) == 2
    said = capsys.readouterr().err
    assert "stands there already and cannot be read whole, so it is not replaced; give --corrections another" in said
    assert "fixes.csv, line " in said and "--skip-bad-rows" not in said
    assert fixes.read_text() == filled


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--slices", "topic", "--greatest", "-3"], "2 problems:"),
        (["--slices", "topic"], "--slices topic needs a page to stand in; add --html errors.html"),
        (["--html", "errors.txt"], "--html 'errors.txt' is no name of such a file; give one that ends in .html"),
        (["--html", "e.html", "--slices", "topc", "x"], "--slices 'topc' is no column of"),
        (["--corrections", "fixes.docx"], ".docx"),
        (["--html", "test.csv/errors.html"], "cannot be written: 'test.csv' is no folder"),
    ],
)
def test_what_cannot_be_written_is_refused(
    flags: list[str], said: str, labelled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(labelled.parent)
    assert main(["evaluate", str(shared()), str(labelled), *flags]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in labelled.parent.iterdir()] == ["test.csv"]


def test_without_cleanlab_there_is_a_page_and_no_corrections(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    page = tmp_path / "errors.html"
    assert main(["evaluate", str(shared()), str(labelled), "--html", str(page)]) == 0
    assert "pip install 'limbeck[explain]'" in capsys.readouterr().err
    assert "Likely label errors are not sought" in page.read_text()
    assert main(["evaluate", str(shared()), str(labelled), "--corrections", str(tmp_path / "fixes.csv")]) == 2
    assert "pip install 'limbeck[explain]'" in capsys.readouterr().err
    numbers = tmp_path / "numbers.csv"  # whose judgement needs no cleanlab
    numbers.write_text("text,label\n" + "".join(f"number {k} of these,{k}\n" for k in range(12)))
    assert main(["evaluate", str(shared("regress")), str(numbers), "--corrections", str(tmp_path / "fixes.csv")]) == 0
    assert "not installed" not in capsys.readouterr().err


def test_from_training_to_corrected_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = rows(40)
    labels: list[Any] = [str(target) for target in data.targets or ()]
    labels[7] = "good" if labels[7] == "bad" else "bad"
    lines = [f"{text},{label}" for text, label in zip(data.inputs, labels, strict=True)]
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(["text,label", *lines]) + "\n")
    before = source.read_bytes()
    flags = ["--model", "small", "--epochs", "1", "--precision", "float32", "--no-look"]
    assert main(["train", str(source), *flags, "--out", str(tmp_path / "one")]) == 0
    manifest = Manifest.read(tmp_path / "one")
    assert len(manifest.data["train"]["sketch"]) == manifest.data["train"]["rows"] == 36
    assert "corrections" not in manifest.data and manifest.settings["corrections"] is None
    capsys.readouterr()
    fixes = tmp_path / "fixes.csv"
    assert main(["evaluate", str(tmp_path / "one"), str(source), "--corrections", str(fixes)]) == 0
    assert "the model learnt from about 90% of these rows" in capsys.readouterr().err
    write_csv(tmp_path / "by_hand.csv", data.take([7]))
    wrong = {"text": str(data.inputs[7]), "label": labels[7], "corrected": str((data.targets or [])[7])}
    by_hand = tmp_path / "by_hand.csv"
    with by_hand.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(wrong))
        writer.writeheader()
        writer.writerows([wrong, {"text": "gone", "label": "good", "corrected": "drop"}])
    corrected = [*flags, "--corrections", str(by_hand)]
    assert main(["train", str(source), *corrected, "--out", str(tmp_path / "two")]) == 0
    err = capsys.readouterr().err
    assert "labels changed in 1 row, 0 rows dropped" in err and "1 corrections fit no row" in err
    told = Manifest.read(tmp_path / "two")
    assert told.data["corrections"]["changed"] == 1 and told.data["corrections"]["unmatched"] == 1
    assert told.data["corrections"]["name"] == told.settings["corrections"] == "by_hand.csv"
    assert source.read_bytes() == before
    by_hand.write_text("text,label,corrected\nx,good,bda\n")
    assert main(["train", str(source), *corrected, "--out", str(tmp_path / "three")]) == 2
    assert "line 2: corrected is 'bda', which is no class: 'bad' (nearest)" in capsys.readouterr().err
    assert not (tmp_path / "three").exists()
