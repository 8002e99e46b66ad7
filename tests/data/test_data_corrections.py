"""Corrections: by text and original label, all problems at once, and the source as it was."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest

from limbeck.data import Dataset, apply_corrections, read
from limbeck.data.dataset import input_id
from limbeck.errors import DataError

DATA = Dataset(
    ["a joy", "a bore", "so so", "a joy", "fine"],
    ["good", "bad", "bad", "good", "good"],
    classes=("bad", "good"),
    name="rows.csv",
    rows=(2, 3, 4, 5, 6),
)


def write(path: Path, *rows: dict[str, Any], columns: tuple[str, ...] = ("text", "label", "corrected")) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(text: str, label: str, corrected: str = "", **more: str) -> dict[str, str]:
    return {"text": text, "label": label, "corrected": corrected, **more}


def test_a_class_that_the_file_suggests_may_be_filled_in(tmp_path: Path) -> None:
    columns = ("text", "label", "suggested", "corrected")
    path = write(
        tmp_path / "fixes.csv",
        row("so so", "bad", "neutral", suggested="neutral"),
        row("fine", "good", "neutral", suggested=""),
        columns=columns,
    )
    found = apply_corrections(DATA, path)
    assert found.classes == ("bad", "good", "neutral")
    assert found.targets == ["good", "bad", "neutral", "good", "neutral"]
    path = write(tmp_path / "fixes.csv", row("so so", "bad", "netural", suggested="neutral"), columns=columns)
    with pytest.raises(DataError, match=r"corrected is 'netural', which is no class: 'neutral' \(nearest\)"):
        apply_corrections(DATA, path)


def test_a_class_without_a_row_left_is_told(tmp_path: Path) -> None:
    three = Dataset(["a", "b", "c"], ["good", "bad", "mixed"], classes=("bad", "good", "mixed"), name="rows.csv")
    path = write(tmp_path / "fixes.csv", row("c", "mixed", "drop"))
    found = apply_corrections(three, path)
    assert found.classes == ("bad", "good")
    assert found.notices[1:] == (f"{path}: no row is left of 'mixed'",)
    empty = Dataset(["a", "b"], ["good", "bad"], classes=("bad", "good", "mixed"), name="rows.csv")
    path = write(tmp_path / "fixes.csv", row("a", "good", "bad"), row("b", "bad", "good"))
    assert len(apply_corrections(empty, path).notices) == 1  # there was none


def test_labels_are_changed_and_rows_dropped(tmp_path: Path) -> None:
    path = write(
        tmp_path / "fixes.csv",
        row("so so", "bad", "drop"),
        row("a joy", "good", " bad "),  # both rows of it
        row("fine", "good"),
        row("a bore", "bad", "bad"),
    )
    found = apply_corrections(DATA, path)
    assert found.inputs == ["a joy", "a bore", "a joy", "fine"]
    assert found.targets == ["bad", "bad", "bad", "good"]
    assert found.rows == (2, 3, 5, 6)
    assert found.notices == (f"{path}: labels changed in 2 rows, 1 row dropped",)
    assert found.corrections == {
        "name": "fixes.csv",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "changed": 2,
        "dropped": 1,
        "unmatched": 0,
    }
    assert DATA.targets == ["good", "bad", "bad", "good", "good"]
    assert found.take([0]).corrections == found.corrections  # a split keeps the record


def test_moved_rows_are_found_and_others_are_told(tmp_path: Path) -> None:
    path = write(
        tmp_path / "fixes.csv",
        row("a bore", "good", "bad"),  # stands there under another label
        row("gone", "good", "bad"),
        row("fine", "good", "bad"),
    )
    found = apply_corrections(DATA.take([4, 3, 2, 1, 0]), path)
    assert found.targets == ["bad", "good", "bad", "bad", "good"]
    assert found.notices[1] == (
        f"{path}: 2 corrections fit no row of rows.csv, by text and original label (lines 2, 3)"
    )
    assert found.corrections is not None and found.corrections["unmatched"] == 2


def test_the_id_finds_a_text_that_a_spreadsheet_has_bent(tmp_path: Path) -> None:
    columns = ("text", "label", "corrected", "id")
    bent = row("a joie", "good", "bad", id=input_id("a joy").hex())
    odd = row("so so", "bad", "good", id="1E+31")
    found = apply_corrections(DATA, write(tmp_path / "fixes.csv", bent, odd, columns=columns))
    assert found.targets == ["bad", "bad", "good", "bad", "good"]


def test_a_line_whose_id_and_text_are_of_two_rows_is_refused(tmp_path: Path) -> None:
    columns = ("text", "label", "corrected", "id")
    sorted_in_part = row("a bore", "bad", "good", id=input_id("so so").hex())
    other_label = row("fine", "good", "bad", id=input_id("so so").hex())
    untouched = row("a joy", "good", id=input_id("fine").hex())
    path = write(tmp_path / "fixes.csv", sorted_in_part, other_label, untouched, columns=columns)
    with pytest.raises(DataError, match="2 problems:") as refusal:
        apply_corrections(DATA, path)
    assert f"{path}, line 2: the id is that of another row than the text (was the file sorted" in str(refusal.value)
    assert "line 3: the id" in str(refusal.value)
    mended = write(tmp_path / "mended.csv", {**sorted_in_part, "id": ""}, columns=columns)
    assert apply_corrections(DATA, mended).targets == ["good", "good", "bad", "good", "good"]


def test_a_correction_that_stands_twice_fits_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "fixes.csv", row("fine", "good", "bad"), row("fine", "good", "bad"))
    found = apply_corrections(DATA, path)
    assert found.notices == (f"{path}: labels changed in 1 row, 0 rows dropped",)


def test_to_confirm_a_label_contradicts_a_change_of_it(tmp_path: Path) -> None:
    confirmed, changed = row("fine", "good", "good"), row("fine", "good", "bad")
    for lines in ([confirmed, changed], [changed, confirmed]):
        with pytest.raises(DataError, match=r"line 3: .* contradicts line 2, which has the same text"):
            apply_corrections(DATA, write(tmp_path / "fixes.csv", *lines))
    empty = row("fine", "good")
    assert apply_corrections(DATA, write(tmp_path / "fixes.csv", empty, changed)).counts() == {"bad": 3, "good": 2}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("text,label,corrected\ncafé,good,bad\n".encode("cp1252"), "line 2: byte 0xE9 at offset 24 is not utf-8"),
        ("text,label,corrected\nfine,good,bad\n".encode("utf-16"), "it begins like utf-16"),
        (b"text,label,corrected\nfine,good,bad,a note\n", "line 2: "),
    ],
)
def test_what_cannot_be_read_is_told_with_what_helps(content: bytes, place: str, tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="save it as CSV UTF-8, and mend damaged rows") as refusal:
        apply_corrections(DATA, path)
    assert place in str(refusal.value) and "--" not in str(refusal.value)


def test_all_problems_at_once_with_their_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "fixes.csv",
        row("a joy", "good", "bda"),
        row("so so", "bad", "dorp"),
        row("fine", "good", "bad"),
        row("fine", "good", "drop"),
    )
    with pytest.raises(DataError) as refusal:
        apply_corrections(DATA, path)
    assert str(refusal.value) == (
        "3 problems:\n"
        f"  - {path}, line 2: corrected is 'bda', which is no class: 'bad' (nearest), 'drop', 'good'\n"
        f"  - {path}, line 3: corrected is 'dorp', which is no class: 'drop' (nearest), 'bad', 'good'\n"
        f"  - {path}, line 5: 'drop' contradicts line 4, which has the same text and label"
    )


def test_many_problems_are_counted(tmp_path: Path) -> None:
    rows = [row(f"text {n}", "good", "nothing") for n in range(12)]
    with pytest.raises(DataError, match="11 problems:") as refusal:
        apply_corrections(DATA, write(tmp_path / "fixes.csv", *rows))
    assert str(refusal.value).endswith("- and 2 more")


def test_a_class_may_be_called_drop(tmp_path: Path) -> None:
    data = Dataset(["a", "b", "c"], ["drop", "keep", "keep"], classes=("drop", "keep"))
    found = apply_corrections(data, write(tmp_path / "fixes.csv", row("b", "keep", "drop")))
    assert found.targets == ["drop", "drop", "keep"]


def test_two_classes_must_be_left(tmp_path: Path) -> None:
    path = write(tmp_path / "fixes.csv", row("a bore", "bad", "good"), row("so so", "bad", "drop"))
    with pytest.raises(DataError, match=r"leaves rows.csv with fewer than two classes \('good', 4 rows\)"):
        apply_corrections(DATA, path)
    three = Dataset(["a", "b", "c", "d"], ["x", "y", "z", "z"], classes=("x", "y", "z"))
    found = apply_corrections(three, write(tmp_path / "fixes.csv", row("a", "x", "y")))
    assert found.classes == ("y", "z")


def test_numbers(tmp_path: Path) -> None:
    data = Dataset(["a", "b", "c"], [1.0, 2.5, 3.0], "regress", name="n.csv")
    path = write(tmp_path / "fixes.csv", row("a", "1", "1.50"), row("b", "2.5", "drop"), row("c", "3.0", "3"))
    assert apply_corrections(data, path).targets == [1.5, 3.0]
    with pytest.raises(DataError, match="line 2: corrected is 'many'; give a number, or 'drop'"):
        apply_corrections(data, write(tmp_path / "fixes.csv", row("a", "1", "many")))
    with pytest.raises(DataError, match=r"drops every row of n\.csv"):
        apply_corrections(data.take([0]), write(tmp_path / "fixes.csv", row("a", "1", "drop")))


def test_pairs(tmp_path: Path) -> None:
    data = Dataset([("a", "b"), ("a", "c"), ("d", "e")], ["x", "x", "y"], classes=("x", "y"))
    columns = ("text", "text_pair", "label", "corrected")
    path = write(tmp_path / "fixes.csv", row("a", "x", "y", text_pair="c"), columns=columns)
    assert apply_corrections(data, path).targets == ["x", "y", "y"]


def test_a_file_that_is_no_file_of_corrections(tmp_path: Path) -> None:
    path = write(tmp_path / "fixes.csv", {"text": "a"}, columns=("text", "lable"))
    with pytest.raises(DataError, match=r"lacks 'label', 'corrected'; it has 'text', 'lable'\. `limbeck evaluate"):
        apply_corrections(DATA, path)
    with pytest.raises(DataError, match="no file"):
        apply_corrections(DATA, tmp_path / "none.csv")


def test_texts_of_several_lines_and_quotes_are_found_again(tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label"], ['a "joy",\nindeed', "good"], [" spaced ", "bad"], ["x", "bad"]])
    before = source.read_bytes()
    fixes = write(tmp_path / "fixes.csv", row('a "joy",\nindeed', "good", "bad"), row(" spaced ", "bad", "good"))
    assert apply_corrections(read(source), fixes).targets == ["bad", "good", "bad"]
    assert source.read_bytes() == before
