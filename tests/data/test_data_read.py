"""Any source becomes a Dataset; what is refused, left out or guessed is said."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.data import cell_text, open_rows, read, read_splits
from limbeck.errors import DataError, SettingsError


def csv_with(folder: Path, raw: str, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_text(raw, encoding="utf-8")
    return path


def refusal(source: object, **options: Any) -> str:
    with pytest.raises(DataError) as error:
        read(source, **options)
    return str(error.value)


def test_a_file_becomes_a_dataset(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "id,text,label\n1,good,yes\n2,bad,no\n")
    data = read(path)
    assert (data.inputs, data.targets, data.classes) == (["good", "bad"], ["yes", "no"], ("no", "yes"))
    assert (data.task, data.name, data.rows) == ("classify", str(path), (2, 3))
    assert data.notices == (f"{path}: text column 'text' and label column 'label' by name",)
    assert read(path, text_column="text", label_column="label").notices == ()
    assert read(os.fspath(path)).fingerprint == data.fingerprint


def test_pairs(tmp_path: Path) -> None:
    data = read(csv_with(tmp_path, "premise,hypothesis,label\na,b,x\nc,,y\n"))
    assert data.is_pairs
    assert data.inputs == [("a", "b"), ("c", "")]


WORDS = ["null", "None", "nan", "N/A", "NULL", "NA", "-", "0", "inf", "true", "#N/A", "1e5"]


def test_words_that_look_missing_are_texts_and_classes(tmp_path: Path) -> None:
    data = read(csv_with(tmp_path, "text,label\n" + "".join(f"{word},{word}\n" for word in WORDS)))
    assert data.inputs == WORDS
    assert data.targets == WORDS


def test_class_names_stay_as_they_are(tmp_path: Path) -> None:
    data = read(csv_with(tmp_path, "text,label\na,10\nb,9\nc,True\nd,2.0\ne,refund: late\n"))
    assert data.classes == ("10", "2.0", "9", "True", "refund: late")


def test_white_space_around_labels_comes_off_with_a_notice(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\na,spam\nb,spam \nc, ham\nd,ham\t\n")
    data = read(path)
    assert data.counts() == {"ham": 2, "spam": 2}
    assert (
        data.notices[-1] == f"{path}: white space around labels in column 'label' taken off in 3 rows (lines 3, 4, 5)"
    )


def test_rows_without_a_label_or_a_text_are_left_out_with_notices(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\na,0\nb,\nc,  \n,1\n \u200b,0\nd,1\n")
    data = read(path)
    assert (data.inputs, data.classes, data.rows) == (["a", "d"], ("0", "1"), (2, 7))
    assert data.notices[1:] == (
        f"{path}: 2 rows without a label in column 'label' left out (lines 3, 4)",
        f"{path}: 2 rows without a text left out (lines 5, 6)",
    )


def test_one_class_is_refused_unless_it_is_scored(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\n" + "a,fine\n" * 15)
    assert refusal(path) == (
        f"{path}: column 'label' holds one class only, class 'fine', 15 rows; a classifier needs two "
        "(--label-column names another column)"
    )
    assert read(path, one_class_ok=True).classes == ("fine",)


def test_no_rows_are_refused(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\n")
    assert refusal(path) == f"{path} has a header and no rows"
    path = csv_with(tmp_path, "text,label\na,\n")
    assert refusal(path, text_column="text", label_column="label") == (
        f"{path}: no row has all it needs; {path}: 1 row without a label in column 'label' left out (line 2)"
    )


def test_a_quantity_is_seen_and_said(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,score\n" + "".join(f"t{n},{n / 10}\n" for n in range(30)))
    data = read(path)
    assert (data.task, data.classes) == ("regress", ())
    assert data.targets == [n / 10 for n in range(30)]
    assert data.notices[-1] == (
        f"{path}: column 'score' holds 30 distinct numbers with fractional parts: "
        "read as a regression (--task classify makes classes)"
    )
    assert len(read(path, task="classify").classes) == 30


@pytest.mark.parametrize(
    "labels",
    [
        [str(n) for n in range(30)],
        [str(n / 2) for n in range(20)],
        [*[str(n / 10) for n in range(30)], "high"],
        [*[str(n / 10) for n in range(30)], "nan"],
    ],
)
def test_what_is_no_quantity(labels: list[str]) -> None:
    assert read(([f"t{n}" for n in range(len(labels))], labels)).task == "classify"


def test_an_asked_for_regression(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\na,1\nb,2\n")
    assert read(path, task="regress").targets == [1.0, 2.0]
    path = csv_with(tmp_path, "text,label\na,1\nb,good\nc,nan\n")
    wants = "and --task regress wants a number"
    assert refusal(path, task="regress") == (
        f"2 problems:\n  - {path}, line 3: column 'label' holds 'good', {wants}\n"
        f"  - {path}, line 4: column 'label' holds 'nan', {wants}"
    )
    path = csv_with(tmp_path, "text,label\na,1\n")
    assert read(path, task="regress", one_class_ok=True).targets == [1.0]


def test_many_wrong_numbers_are_counted(tmp_path: Path) -> None:
    text = refusal(csv_with(tmp_path, "text,label\n" + "a,b\n" * 12), task="regress")
    assert text.startswith("11 problems:")
    assert text.endswith("  - and 2 more")


def test_an_unknown_task() -> None:
    with pytest.raises(SettingsError, match="no task is called 'regression'; --task takes 'regress' \\(nearest\\)"):
        read([("a", "b")], task="regression")


def test_a_column_of_ids_as_label_is_questioned() -> None:
    data = read([(f"text {n}", f"id {n}") for n in range(30)])
    assert data.notices[-1] == "the list: column 'label' holds 30 classes in 30 rows; is it the label?"


def test_cells_with_lists_are_refused(tmp_path: Path) -> None:
    path = csv_with(tmp_path, '{"text": "a", "label": ["x", "y"]}\n{"text": {"k": 1}, "label": "x"}\n', "f.jsonl")
    assert refusal(path) == (
        f"2 problems:\n  - {path}, line 1: column 'label' holds ['x', 'y']\n"
        f"  - {path}, line 2: column 'text' holds {{'k': 1}}\n(one text or one label a cell is wanted)"
    )
    path = csv_with(tmp_path, '{"text": "a", "label": Infinity}\n{"text": "b", "label": -1e999}\n', "f.jsonl")
    assert "line 1: column 'label' holds inf\n" in refusal(path) and "line 2: column 'label' holds -inf" in refusal(
        path
    )
    for nested in ((1, 2), {1}, np.array([1, 2])):
        assert "column 'label' holds " in refusal({"text": ["a"], "label": [nested]})
    assert "column 'text' holds bytes that are not utf-8 (0xE9 at offset 3)" in refusal([(b"caf\xe9", "x")])
    long = [{"text": "a", "label": list(range(100))}]
    assert "holds [0, 1, 2" in refusal(long)
    assert "..." in refusal(long)


def test_damaged_rows_can_be_left_out(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\na,x\nb\nc,y\n")
    assert "line 3: too few fields: 1, and 2 headings" in refusal(path)
    data = read(path, skip_bad_rows=True)
    assert data.inputs == ["a", "c"]
    assert any("1 row damaged and left out (line 3)" in notice for notice in data.notices)


def test_an_encoding(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes("text,label\nCafé,lob\nÖl,ärger\n".encode("cp1252"))
    assert "line 2: byte 0xE9 at offset 14" in refusal(tmp_path / "f.csv")
    assert read(tmp_path / "f.csv", encoding="cp1252").classes == ("lob", "ärger")


def test_unlabelled(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\na,x\nb,\n")
    data = read(path, labelled=False)
    assert (data.inputs, data.targets, data.classes) == (["a", "b"], None, ())
    assert read(["a", "b"], labelled=False).inputs == ["a", "b"]
    assert refusal(["a", "b"]).startswith("the list has no column of labels: beside 'text', read as text, there is")


def test_missing_files_and_unknown_suffixes(tmp_path: Path) -> None:
    csv_with(tmp_path, "text,label\na,b\n", "train.csv")
    assert refusal(tmp_path / "trian.csv") == f"no file '{tmp_path}/trian.csv'; the folder holds 'train.csv' (nearest)"
    assert refusal(tmp_path / "x" / "f.csv") == f"no file '{tmp_path}/x/f.csv'"
    csv_with(tmp_path, "", "f.xlsx")
    text = refusal(tmp_path / "f.xlsx")
    assert text.startswith(f"cannot read '{tmp_path}/f.xlsx' by its suffix '.xlsx': use ")
    assert all(suffix in text for suffix in (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt"))


ROWS = (["good", "bad", "good"], ["yes", "no", "yes"])


@pytest.mark.parametrize(
    "source",
    [
        ROWS,
        (tuple(ROWS[0]), np.array(ROWS[1])),
        list(zip(*ROWS, strict=True)),
        [list(row) for row in zip(*ROWS, strict=True)],
        [{"text": text, "label": label} for text, label in zip(*ROWS, strict=True)],
        {"text": ROWS[0], "label": ROWS[1]},
        {"label": np.array(ROWS[1]), "review": ROWS[0]},
    ],
)
def test_data_in_memory(source: object) -> None:
    data = read(source)
    assert (data.inputs, data.targets, data.classes) == ([*ROWS[0]], [*ROWS[1]], ("no", "yes"))
    assert data.rows == (1, 2, 3)


@pytest.mark.parametrize(
    "source",
    [
        [("a", "b", "x"), ("c", "d", "y")],
        [(("a", "b"), "x"), (["c", "d"], "y")],
        ([("a", "b"), ("c", "d")], ["x", "y"]),
        {"text_a": ["a", "c"], "text_b": ["b", "d"], "label": ["x", "y"]},
    ],
)
def test_pairs_in_memory(source: object) -> None:
    data = read(source)
    assert (data.inputs, data.targets) == ([("a", "b"), ("c", "d")], ["x", "y"])


def test_labels_of_any_type_in_memory() -> None:
    assert read((["a", "b", "c"], [0, 1, 1])).classes == ("0", "1")
    assert read((["a", "b"], np.array([0.0, 1.0]))).classes == ("0", "1")
    assert read((["a", "b"], [True, np.False_])).classes == ("False", "True")
    assert read((["a", "b", "c"], [1, None, float("nan")]), one_class_ok=True).inputs == ["a"]


def test_wrong_data_in_memory() -> None:
    assert refusal((["a"], ["x", "y"])) == "texts and labels differ in length: 1 and 2"
    assert refusal([]) == "the list is empty"
    assert refusal({"text": ["a"], "label": []}) == "the columns differ in length: 'text' 1, 'label' 0"
    assert "'text' holds one value; give a list" in refusal({"text": "abc", "label": "x"})
    assert "'label' holds a set, which has no order; give a list" in refusal({"text": ["a", "b"], "label": {"x", "y"}})
    wants = "give (text, label), (text, text, label) or a dict of columns"
    assert refusal([3, 4]).startswith(f"2 problems:\n  - the list, row 1: a int; {wants}\n")
    nothing: list[object] = [{}, [{}], [{}, {}]]
    for source in nothing:
        assert refusal(source).endswith(": there is no column; a column of texts and one of labels are wanted")
    assert refusal(3).startswith("cannot read a int: give a path, (texts, labels), a list of rows")
    assert refusal([("a", "x"), ("b",), 7]) == (
        "2 problems:\n  - the list, row 2: a tuple of 1; give (text, label), (text, text, label) or a dict of columns\n"
        "  - the list, row 3: a int; give (text, label), (text, text, label) or a dict of columns\n"
        "(--skip-bad-rows leaves such rows out)"
    )
    assert len(read([("a", "x"), ("b",), ("c", "y")], skip_bad_rows=True)) == 2


def test_a_row_source_is_a_source(tmp_path: Path) -> None:
    path = csv_with(tmp_path, "text,label\na,x\nb,y\n")
    assert read(open_rows(path)).fingerprint == read(path).fingerprint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  a ", "  a "),
        (None, None),
        (float("nan"), None),
        (np.float32("nan"), None),
        (-0.0, "0"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (np.float64(0.1), "0.1"),
        (np.float32(0.1), "0.1"),
        (np.float16(4.3), "4.3"),
        (np.float32(2), "2"),
        (np.int8(3), "3"),
        (False, "False"),
        (b"caf\xc3\xa9", "café"),
        (float("inf"), "inf"),
        (Decimal("1.00"), "1"),
        (Decimal("0.50"), "0.5"),
        (Decimal("1E+2"), "100"),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), "Infinity"),
        (np.array(3), "3"),
        ((1, 2), "(1, 2)"),
    ],
)
def test_cells_as_text(value: object, text: str | None) -> None:
    assert cell_text(value) == text


def test_splits_of_files(tmp_path: Path) -> None:
    csv_with(tmp_path, "text,label\na,x\nb,y\n", "train.csv")
    csv_with(tmp_path, '{"text": "c", "label": "y"}\n', "validation.jsonl")
    parts = read_splits(tmp_path)
    assert list(parts) == ["train", "valid"]
    assert parts["valid"].classes == ("x", "y")
    csv_with(tmp_path, "text,label\nc,z\n", "test.csv")
    with pytest.raises(DataError) as error:
        read_splits(tmp_path)
    assert str(error.value) == (
        f"label 'z' is none of the classes: 'x', 'y'; {tmp_path}/test.csv: line 2; "
        "no row is left: is this the column of labels? (--label-column names another)"
    )
    csv_with(tmp_path, "text,label\nc,x\n", "dev.csv")
    with pytest.raises(DataError, match=r"holds two parts for 'valid': 'dev\.csv' and 'validation\.jsonl'"):
        read_splits(tmp_path)


def test_parts_are_read_as_the_training_part_is(tmp_path: Path) -> None:
    csv_with(tmp_path, "text,label\n" + "".join(f"t{n},{n}.5\n" for n in range(30)), "train.csv")
    csv_with(tmp_path, "text,label\na,1.5\nb,2.5\n", "test.csv")
    assert read_splits(tmp_path)["test"].targets == [1.5, 2.5]
    csv_with(tmp_path, "text,label\na,1.5\nb,much\n", "test.csv")
    with pytest.raises(DataError, match=r"test\.csv, line 3: column 'label' holds 'much'"):
        read_splits(tmp_path)


@pytest.mark.parametrize("test_rows", ["index,text\n0,c\n1,a\n", "text,label\nc,-1\na,-1\n"])
def test_a_test_part_without_labels_is_read_where_none_are_wanted(tmp_path: Path, test_rows: str) -> None:
    csv_with(tmp_path, "text,label\na,x\nb,y\n", "train.csv")
    csv_with(tmp_path, test_rows, "test.csv")
    part = read_splits(tmp_path, labelled_test=False)["test"]
    assert (part.inputs, part.targets) == (["c", "a"], None)
    with pytest.raises(DataError, match=r"has no column 'label'|label '-1' is none of the classes"):
        read_splits(tmp_path)


def test_a_file_alone_is_the_training_part(tmp_path: Path) -> None:
    assert list(read_splits(csv_with(tmp_path, "text,label\na,x\nb,y\n"))) == ["train"]
    assert list(read_splits([("a", "x"), ("b", "y")])) == ["train"]
    folder = tmp_path / "only"
    folder.mkdir()
    csv_with(folder, "text,label\na,x\nb,y\n", "test.csv")
    assert list(read_splits(folder)) == ["test"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts the resident kilobytes of Linux")
def test_rows_are_streamed_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(f"text number {n},x\n" for n in range(200_000))
    code = (
        "import resource, sys; from limbeck.data import open_rows; before = resource.getrusage(0).ru_maxrss;"
        "n = sum(1 for row in open_rows(sys.argv[1]));"
        "print(n, resource.getrusage(0).ru_maxrss - before < 8192, "
        "{'torch', 'pandas', 'pyarrow', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "200000 True set()\n"
