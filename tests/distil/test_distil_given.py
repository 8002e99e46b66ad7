"""What somebody said, in a file: which columns are read, which rows are refused, tables of Scores."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.data import input_id
from limbeck.distil.figures import TOLERANCE
from limbeck.distil.given import LEAST, Wanted, of_classes, read, table_of
from limbeck.errors import DataError
from limbeck.metrics import softmax
from limbeck.scores import Scores
from support import tiny
from support.said import given, notices, refusal, write

pyarrow = pytest.importorskip("pyarrow")

TWO = ("bad", "good")
HEADER = "text,p_bad,p_good"


def probabilities(scores: Scores) -> list[list[float]]:
    values: list[list[float]] = softmax(scores.logits.astype(np.float64)).tolist()
    return values


def test_probabilities_become_logits_by_hand(tmp_path: Path) -> None:
    found = given(tmp_path, HEADER, "a film,0.25,0.75", "a room,1,0")
    assert found.scores.task == {"name": "classify", "classes": ["bad", "good"]}
    assert found.scores.logits[0] == pytest.approx([math.log(0.25), math.log(0.75)])
    assert found.scores.logits[1] == pytest.approx([0.0, math.log(LEAST)])  # a certain answer stays finite
    for temperature in (1.0, 4.0, 10.0):  # and certain
        assert softmax(found.scores.logits[1:] / temperature)[0] == pytest.approx([1.0, 0.0], abs=2e-3)
    assert [key.tobytes() for key in found.scores.ids] == [input_id("a film"), input_id("a room")]
    assert found.dataset is not None
    assert (found.dataset.inputs, found.dataset.targets) == (["a film", "a room"], None)
    assert found.dataset.notices[-1].endswith("said.csv: probabilities from 'p_bad', 'p_good'")


@pytest.mark.parametrize("header", ["text,p_good,p_bad", "text,good,bad", "good,text,bad", "TEXT,Good, p_bad "])
def test_classes_are_joined_by_name(tmp_path: Path, header: str) -> None:
    cells = {"text": "a film", "good": "0.9", "bad": "0.1"}
    row = ",".join(cells[name.strip().lower().removeprefix("p_")] for name in header.split(","))
    found = given(tmp_path, header, row, classes=TWO)
    assert probabilities(found.scores) == [pytest.approx([0.1, 0.9], abs=1e-6)]
    assert found.scores.task["classes"] == ["bad", "good"]


def test_columns_called_as_classes_are_found_and_labels_are_none_of_them(tmp_path: Path) -> None:
    found = given(tmp_path, "text,label,score,10,9", "a film,1,0.4,0.2,0.8", "a room,0,0.1,0.5,0.5")
    assert found.scores.task["classes"] == ["9", "10"]  # by value, as labels are
    assert probabilities(found.scores)[0] == pytest.approx([0.8, 0.2], abs=1e-6)


def test_json_lines_and_parquet_and_tsv_say_the_same(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = given(tmp_path, HEADER, "a film,0.25,0.75").scores
    rows = [json.dumps({"text": "a film", "p_bad": 0.25, "p_good": 0.75})]
    pq.write_table(pa.table({"text": ["a film"], "p_bad": [0.25], "p_good": [0.75]}), tmp_path / "said.parquet")
    for other in (
        given(tmp_path, *rows, name="said.jsonl"),
        given(tmp_path, "text\tp_bad\tp_good", "a film\t0.25\t0.75", name="said.tsv"),
        read(tmp_path / "said.parquet", Wanted()),
    ):
        assert other.scores.logits == pytest.approx(wanted.logits)
        assert (other.scores.ids == wanted.ids).all()


def test_pairs_of_texts(tmp_path: Path) -> None:
    found = given(tmp_path, "sentence1,sentence2,p_no,p_yes", "a film,a book,0.5,0.5")
    assert found.dataset is not None and found.dataset.inputs == [("a film", "a book")]


def test_a_column_named_for_the_labelled_file_counts_where_the_file_has_it(tmp_path: Path) -> None:
    elsewhere = given(tmp_path, HEADER, "a film,0.5,0.5", text_column="review")
    assert elsewhere.dataset is not None and elsewhere.dataset.inputs == ["a film"]
    named = given(tmp_path, "text,review,p_bad,p_good", "7,a film,0.5,0.5", text_column="review")
    assert named.dataset is not None and named.dataset.inputs == ["a film"]


def test_a_text_that_was_judged_in_two_ways_is_told(tmp_path: Path) -> None:
    twice = ["a meal,0.9,0.1", "a walk,0.4,0.6", "a meal,0.5,0.5", "a walk,0.4,0.6", "a meal,0.9,0.1"]
    found = given(tmp_path, HEADER, *twice)
    assert found.dataset is not None
    told = f"{tmp_path / 'said.csv'}: 1 text stands there with different probabilities: their mean counts"
    assert found.dataset.notices[-1] == told
    alike = given(tmp_path, HEADER, twice[0], twice[1], twice[3])
    assert alike.dataset is not None
    assert not any("different" in line for line in alike.dataset.notices)


def test_numbers(tmp_path: Path) -> None:
    found = given(tmp_path, "text,predicted,score", "a film,-2.5,9", "a room,4e2,9", task="regress")
    assert found.scores.logits.tolist() == [[-2.5], [400.0]]
    assert found.scores.task == {"name": "regress"}
    assert given(tmp_path, "text,Score", "a film,3", task="regress").scores.logits.tolist() == [[3.0]]
    assert refusal(tmp_path, "text,stars", "a film,3", task="regress") == (
        "said.csv has no column of a teacher's numbers: call it 'predicted' or 'prediction' or 'score'; it has 'stars'"
    )


def test_a_class_without_a_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    message = refusal(tmp_path, "text,p_bed,p_good", "a film,0.5,0.5", classes=("bad", "good", "so-so"))
    assert message.splitlines()[1:3] == [
        "  - said.csv has no column for the class 'bad'; there is 'bed' (nearest), 'good'",
        "  - said.csv has no column for the class 'so-so'; there is 'bed'",
    ]


def test_one_column_is_never_two_classes(tmp_path: Path) -> None:
    message = refusal(tmp_path, "text,A,b", "a film,0.5,0.5", classes=("A", "a", "b"))
    assert "no column for the class 'a'; there is 'b'" in message


@pytest.mark.parametrize("header", ["text,p_bad,p_good,p_so-so", "text,bad,good,so-so"])
def test_a_class_too_many_is_named(tmp_path: Path, header: str) -> None:
    message = refusal(tmp_path, header, "a film,0.5,0.25,0.25", "a room,0.25,0.5,0.25", classes=TWO)
    assert message.startswith("said.csv has probabilities of 'so-so' too, which is none of the classes ['bad', 'good']")


def test_other_numbers_beside_the_classes_are_no_matter(tmp_path: Path) -> None:
    found = given(tmp_path, "text,bad,good,length", "a film,0.5,0.5,0.3", classes=TWO)
    assert len(found.scores) == 1


def test_a_file_without_probabilities_says_what_it_has(tmp_path: Path) -> None:
    assert refusal(tmp_path, "text,label", "a film,good") == (
        "said.csv has no columns of probabilities: give one a class, called as the class or p_<class>, with numbers "
        'from 0 to 1; or all of a row in one cell, {"<class>": 0.9, ...}; or --task regress, for numbers; '
        "it has 'text', 'label' ('label' may hold labels alone, from which limbeck train learns)"
    )


def test_percentages_are_known_as_such(tmp_path: Path) -> None:
    assert refusal(tmp_path, "text,good,bad", "a film,80,20", "a room,n/a,", "a meal,33,66") == (
        "said.csv has percentages in 'good', 'bad', which add up to 100, and probabilities go from 0 to 1: divide "
        "them by 100"
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a film,25,75", "column 'p_bad' holds 25, which is no probability from 0 to 1; divide percentages by 100"),
        ("a film,-0.5,1.5", "column 'p_bad' holds -0.5, which is no probability from 0 to 1"),
        (
            "a film,0.5,0.25",
            "the probabilities 0.5, 0.25 add up to 0.75, not to 1; divide shares of one answer by their sum",
        ),
        ("a film,nan,0.5", "column 'p_bad' holds 'nan', which is no finite number"),
        ("a film,0.5,", "column 'p_good' holds '', which is no finite number"),
        ("a film,,", "no answer: 'p_bad', 'p_good' are empty"),
        ('a film,0.5,"0,5"', "column 'p_good' holds '0,5', which is no finite number"),
        (" ,0.5,0.5", "there is no text"),
    ],
)
def test_a_bad_row_is_named_by_its_line_or_left_out_with_a_notice(tmp_path: Path, row: str, problem: str) -> None:
    lines = (HEADER, "a book,0.5,0.5", row)
    assert refusal(tmp_path, *lines) == (
        f"said.csv, line 3: {problem}\n(read as what a teacher said: 'p_bad', 'p_good'; --skip-bad-rows leaves such "
        "rows out)"
    )
    found = given(tmp_path, *lines, skip_bad_rows=True)
    assert found.dataset is not None and found.dataset.inputs == ["a book"] and len(found.scores) == 1
    assert found.dataset.notices[-1].endswith(f"said.csv: 1 row left out (line 3); the first: {problem}")


def test_rounded_rows_are_put_right(tmp_path: Path) -> None:
    found = given(tmp_path, HEADER, f"a film,0.5,{0.5 + 0.9 * TOLERANCE}")
    assert sum(probabilities(found.scores)[0]) == pytest.approx(1.0)
    assert np.exp(found.scores.logits[0].astype(np.float64)).sum() == pytest.approx(1.0, abs=1e-6)
    for total in (1 - 1.1 * TOLERANCE, 1 + 1.1 * TOLERANCE):
        assert f"add up to {total:.4g}, not to 1" in refusal(tmp_path, HEADER, f"a film,0.5,{total - 0.5}")


def test_many_bad_rows_are_told_together(tmp_path: Path) -> None:
    message = refusal(tmp_path, HEADER, *["a film,0.7,0.7"] * 12)
    assert message.startswith("11 problems:\n  - said.csv, line 2: ") and "\n  - and 2 more\n" in message


def test_where_no_row_is_left_it_says_so(tmp_path: Path) -> None:
    message = refusal(tmp_path, HEADER, "a film,0.7,0.7", skip_bad_rows=True)
    assert message.startswith(
        "said.csv says nothing, no row is left:\nsaid.csv, line 2: the probabilities 0.7, 0.7 add"
    )
    assert "--skip-bad-rows" not in message
    assert refusal(tmp_path, HEADER) == "said.csv says nothing, it has a header and no rows"


def test_a_list_is_no_text(tmp_path: Path) -> None:
    row = json.dumps({"text": ["a film"], "p_bad": 0.5, "p_good": 0.5})
    message = refusal(tmp_path, json.dumps({"text": "x", "p_bad": 0.5, "p_good": 0.5}), row, name="said.jsonl")
    assert "said.jsonl, line 2: column 'text' holds ['a film']; one text a cell is wanted" in message


def test_what_predict_writes_is_taken(tmp_path: Path) -> None:
    from limbeck.cli import main

    texts = write(tmp_path / "texts.csv", "text,id", *(f"{text},{n}" for n, text in enumerate(tiny.SENTENCES)))
    model, out = tiny.shared(), tmp_path / "out.csv"
    assert main(["predict", str(model), str(texts), "--out", str(out)]) == 0
    found = read(out, Wanted())
    assert found.scores.task["classes"] == ["negative", "positive"]
    direct = softmax(tiny.predictor().logits(tiny.SENTENCES)[0].astype(np.float64))
    assert np.asarray(probabilities(found.scores)) == pytest.approx(direct, abs=1e-4)


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_table_of_scores_is_taken_in_the_order_of_the_classes(tmp_path: Path, suffix: str) -> None:
    task = {"name": "classify", "classes": ["bad", "good"]}
    table = table_of([input_id("a film"), input_id("a room")], np.array([[1, 2], [3, 4]]), task=task, model="m")
    table.write(tmp_path / f"said{suffix}")
    found = read(tmp_path / f"said{suffix}", Wanted(classes=("good", "bad")))
    assert found.dataset is None
    assert found.scores.logits.tolist() == [[2, 1], [4, 3]]
    assert (found.scores.task["classes"], found.scores.model) == (["good", "bad"], "m")
    assert (found.scores.ids == table.ids).all()


def test_a_table_of_other_classes_is_refused_with_the_nearest() -> None:
    table = table_of([input_id("x")], np.zeros((1, 2)), task={"name": "classify", "classes": ["god", "bad"]}, model="m")
    with pytest.raises(DataError) as caught:
        of_classes(table, ("good", "bad"), name="said.npz")
    assert str(caught.value) == (
        "2 problems:\n  - said.npz says nothing of the class 'good': it has 'god' (nearest), 'bad'\n"
        "  - said.npz has the class 'god', which is none of 'good' (nearest), 'bad'"
    )


def test_classes_of_another_spelling_are_joined_and_called_as_the_model_s(tmp_path: Path) -> None:
    apart, composed = "cafe\u0301", "caf\u00e9"
    found = given(tmp_path, f"text,p_{apart},p_tea\ufeff", "a cup,0.75,0.25", classes=("tea", composed))
    assert found.scores.task["classes"] == ["tea", composed]
    assert probabilities(found.scores) == [pytest.approx([0.25, 0.75])]
    assert given(tmp_path, f"text,p_{apart},p_tea", "a cup,1,0").scores.task["classes"] == [composed, "tea"]
    task = {"name": "classify", "classes": [apart, "tea"]}
    table = table_of([input_id("a cup")], np.array([[1, 2]]), task=task, model="m")
    assert of_classes(table, (composed, "tea"), name="said.npz").task["classes"] == [composed, "tea"]
    twins = replace(table, task=task | {"classes": [apart, composed]})
    with pytest.raises(DataError, match="says nothing of the class 'tea'"):
        of_classes(twins, (composed, "tea"), name="said.npz")


def test_classes_of_a_table_that_are_numbers_are_names(tmp_path: Path) -> None:
    task = {"name": "classify", "classes": [0, 1]}
    table_of([input_id("x")], np.array([[1, 2]]), task=task, model="m").write(tmp_path / "said.npz")
    assert read(tmp_path / "said.npz", Wanted()).scores.task["classes"] == ["0", "1"]
    assert read(tmp_path / "said.npz", Wanted(classes=("1", "0"))).scores.logits.tolist() == [[2, 1]]


def test_a_table_of_numbers_has_no_classes_to_join() -> None:
    table = table_of([input_id("x")], np.zeros((1, 1)), task={"name": "regress"}, model="m")
    assert of_classes(table, ("good", "bad"), name="said.npz") is table


@pytest.mark.parametrize(
    ("task", "width", "message"),
    [
        ({}, 2, "does not say what its 2 numbers a text are: its task is {}; write Scores with task={'name'"),
        (None, 1, "does not say what its 1 number a text are: its task is None"),
        ({"name": "classify"}, 2, "has 2 numbers a text and classes None: one a class is wanted"),
        (
            {"name": "classify", "classes": ["bad", "good"]},
            3,
            "has 3 numbers a text and classes ['bad', 'good']: one",
        ),
        ({"name": "classify", "classes": [1, "1"]}, 2, "has the class '1' twice among [1, '1']: name each class once"),
        ({"name": "regress"}, 2, "has 2 numbers a text and the task 'regress', of one number"),
    ],
)
def test_a_table_that_does_not_fit_its_task_is_refused(tmp_path: Path, task: Any, width: int, message: str) -> None:
    table = replace(table_of([input_id("x")], np.zeros((1, width)), task={}, model="m"), task=task)
    table.write(tmp_path / "said.npz")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "said.npz", Wanted())
    assert f"{tmp_path / 'said.npz'} {message}" in str(caught.value)


@pytest.mark.parametrize("name", ["said.npz", "said.parquet"])
def test_a_damaged_file_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1 nothing")
    with pytest.raises(DataError, match="said"):
        read(tmp_path / name, Wanted())


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    write(tmp_path / "said.csv", HEADER)
    with pytest.raises(DataError, match=r"no file .*sad\.csv.*'said\.csv' \(nearest\)"):
        read(tmp_path / "sad.csv", Wanted())


def test_numbers_that_float32_does_not_hold_are_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path, "text,score", "a film,-1e39", "a book,1e30", task="regress")
    assert "said.csv, line 2: the number -1e+39 is beyond 1e+30; give all in a larger unit" in told
    assert "line 3" not in told


def test_the_prefix_that_predict_was_given_is_no_part_of_the_classes(tmp_path: Path) -> None:
    found = given(tmp_path, "text,x_p_bad,x_p_good,x_predicted", "a film,0.25,0.75,good")
    assert found.scores.task["classes"] == ["bad", "good"]
    assert probabilities(found.scores) == [pytest.approx([0.25, 0.75])]
    assert given(tmp_path, "text,up_a,up_b", "a film,0.25,0.75").scores.task["classes"] == ["up_a", "up_b"]


@pytest.mark.parametrize(("value", "called"), [(math.nan, "NaN"), (-math.inf, "-inf")])
def test_logits_that_are_no_numbers_are_named(tmp_path: Path, value: float, called: str) -> None:
    task = {"name": "classify", "classes": ["bad", "good"]}
    table = table_of([input_id("a film"), input_id("a room")], np.array([[1, 2], [3, value]]), task=task, model="m")
    table.write(tmp_path / "said.npz")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "said.npz", Wanted())
    assert str(caught.value) == (
        f"{tmp_path / 'said.npz'}: 1 text of 2 has {called} among its logits (row 2), which is no finite number: score "
        "these texts again, or take --skip-bad-rows, by which they have no answer"
    )
    assert read(tmp_path / "said.npz", Wanted(skip_bad_rows=True)).scores.answered.tolist() == [True, False]


def test_a_table_of_other_classes_names_who_has_these(tmp_path: Path) -> None:
    table = table_of([input_id("x")], np.zeros((1, 2)), task={"name": "classify", "classes": ["god", "bad"]}, model="m")
    with pytest.raises(DataError, match=r"\(the classes are those of other\.csv: 'good', 'bad'; the two must have"):
        of_classes(table, ("good", "bad"), name="said.npz", classes_of="other.csv")


def test_a_class_that_is_misspelt_in_some_rows_is_told(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"t{n}", "answer": {"positive": 0.75, "negative": 0.25}}) for n in range(6)]
    lines += [json.dumps({"text": "t6", "answer": {"Positve": 0.75, "negative": 0.25}})]
    found = given(tmp_path, *lines, name="said.jsonl")
    assert notices(found, "said.jsonl")[-1] == (
        "'Positve' (1 row) and 'positive' never stand in one row: if the first is misspelt, mend it in the file, or it "
        "is a class of its own"
    )
    both = [json.dumps({"text": "t7", "answer": {"positives": 0.25, "positive": 0.25, "negative": 0.5}}), *lines[:6]]
    assert not any("never stand" in line for line in notices(given(tmp_path, *both, name="said.jsonl"), "said.jsonl"))
