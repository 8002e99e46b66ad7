"""Answers for all classes that stand in one cell: which forms are read, and what is told of others."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from limbeck.distil.given import Given, Wanted, read
from limbeck.distil.nested import answers_in
from limbeck.metrics import softmax
from support.said import given, notices, refusal

PROBS = [0.25, 0.75, 0.5, 0.125]
"""Of the class ``good``, a text each."""


def forms(prob: float) -> dict[str, Any]:
    other = 1 - prob
    return {
        "mapping": {"bad": other, "good": prob},
        "scores": [{"label": "good", "score": prob}, {"label": "bad", "score": other}],
        "of one text": [[{"label": "good", "score": prob}, {"label": "bad", "score": other}]],
        "entries": [["bad", other], ["good", prob]],
        "lists": {"labels": ["good", "bad"], "scores": [prob, other], "sequence": "text"},
        "probabilities": [{"class": "bad", "probability": other}, {"class": "good", "probability": prob}],
    }


def lines(form: str) -> list[str]:
    return [json.dumps({"text": f"text {n}", "said": forms(prob)[form]}) for n, prob in enumerate(PROBS)]


def check(found: Given) -> None:
    assert found.scores.task["classes"] == ["bad", "good"]
    probs = softmax(found.scores.logits.astype(np.float64))
    np.testing.assert_allclose(probs[:, 1], PROBS, atol=1e-6)
    assert found.dataset is not None and found.dataset.inputs == [f"text {n}" for n in range(len(PROBS))]


@pytest.mark.parametrize("form", forms(0.5))
def test_json_lines(tmp_path: Path, form: str) -> None:
    check(given(tmp_path, *lines(form), name="said.jsonl"))


@pytest.mark.parametrize("form", forms(0.5))
def test_json_in_the_cells_of_csv(tmp_path: Path, form: str) -> None:
    with (tmp_path / "said.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["said", "comment"])  # its texts are guessed from what is no answer
        writer.writerows([json.dumps(forms(prob)[form]), f"text {n}"] for n, prob in enumerate(PROBS))
    check(read(tmp_path / "said.csv", Wanted()))


@pytest.mark.parametrize("form", forms(0.5))
def test_what_python_writes_in_the_cells_of_csv(tmp_path: Path, form: str) -> None:
    with (tmp_path / "said.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "said"])
        writer.writerows([f"text {n}", repr(forms(prob)[form])] for n, prob in enumerate(PROBS))
    check(read(tmp_path / "said.csv", Wanted()))
    assert answers_in("{'bad': np.float32(0.25), 'good': np.float64(0.75)}") == {"bad": 0.25, "good": 0.75}


@pytest.mark.parametrize("form", ["mapping", "scores"])
def test_structs_of_parquet(tmp_path: Path, form: str) -> None:
    rows = {"text": [f"text {n}" for n in range(len(PROBS))], "said": [forms(prob)[form] for prob in PROBS]}
    pq.write_table(pa.table(rows), tmp_path / "said.parquet")
    check(read(tmp_path / "said.parquet", Wanted()))


def test_a_struct_without_a_class_says_nothing_of_it(tmp_path: Path) -> None:
    rows = {"text": ["one", "two"], "said": [{"bad": 1.0}, {"bad": 0.5, "good": 0.5}]}
    pq.write_table(pa.table(rows), tmp_path / "said.parquet")  # whose first row holds nothing for good
    found = read(tmp_path / "said.parquet", Wanted())
    np.testing.assert_allclose(softmax(found.scores.logits.astype(np.float64))[:, 1], [0, 0.5], atol=1e-4)
    assert any("without a key for each class" in line for line in notices(found, "said.parquet"))


def test_the_classes_of_another_teacher(tmp_path: Path) -> None:
    found = given(tmp_path, *lines("scores"), name="said.jsonl", classes=("good", "bad"), classes_of="model")
    assert found.scores.task["classes"] == ["good", "bad"]
    told = refusal(tmp_path, *lines("scores"), name="said.jsonl", classes=("good", "worse"), classes_of="model")
    assert "no column for the class 'worse'" in told


def test_a_class_that_only_a_later_row_names(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"text {n}", "said": {"bad": 1.0}}) for n in range(300)]
    rows.append(json.dumps({"text": "the last", "said": {"bad": 0.25, "good": 0.75}}))
    found = given(tmp_path, *rows, name="said.jsonl")
    assert found.scores.task["classes"] == ["bad", "good"]
    assert softmax(found.scores.logits[-1:].astype(np.float64))[0, 1] == pytest.approx(0.75)


def test_a_row_in_another_form_is_named_by_its_line(tmp_path: Path) -> None:
    rows = [*lines("mapping"), json.dumps({"text": "odd", "said": {"bad": "no idea"}})]
    told = refusal(tmp_path, *rows, name="said.jsonl")
    assert "said.jsonl, line 5: column 'said' holds {'bad': 'no idea'}, which is no answer for classes" in told
    assert "--skip-bad-rows" in told
    found = given(tmp_path, *rows, name="said.jsonl", skip_bad_rows=True)
    check(found)
    assert any("1 row damaged and left out (line 5)" in line for line in notices(found, "said.jsonl"))


def test_an_empty_cell_is_no_answer(tmp_path: Path) -> None:
    told = refusal(tmp_path, *lines("scores"), json.dumps({"text": "none", "said": None}), name="said.jsonl")
    assert "line 5: no answer" in told


@pytest.mark.parametrize("other", [{"b": {"x": 0, "y": 1}}, {"p_x": 0.5, "p_y": 0.5}])
def test_two_sets_of_answers(tmp_path: Path, other: dict[str, object]) -> None:
    rows = [json.dumps({"text": f"text {n}", "a": {"x": 1, "y": 0}, **other}) for n in range(3)]
    names = ", ".join(map(repr, ["a", *other]))
    told = refusal(tmp_path, *rows, name="said.jsonl")
    assert f"has probabilities in each of {names}: leave one set in" in told


USAGE = {"usage": {"tokens_in": 12, "tokens_out": 3}}


@pytest.mark.parametrize("answer", [{"said": {"bad": 0.25, "good": 0.75}}, {"p_bad": 0.25, "p_good": 0.75}])
def test_other_numbers_that_an_api_tells(tmp_path: Path, answer: dict[str, object]) -> None:
    rows = [json.dumps({"text": f"text {n}", **answer, **USAGE}) for n in range(3)]
    assert given(tmp_path, *rows, name="said.jsonl").scores.task["classes"] == ["bad", "good"]


def test_other_numbers_beside_classes_called_so(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"text {n}", "bad": 0.25, "good": 0.75, **USAGE}) for n in range(3)]
    assert given(tmp_path, *rows, name="said.jsonl").scores.task["classes"] == ["bad", "good"]


def test_what_does_not_add_up_is_told_as_ever(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"text {n}", "said": {"bad": 20, "good": 80}}) for n in range(3)]
    assert "percentages in 'p_bad', 'p_good', which add up to 100" in refusal(tmp_path, *rows, name="said.jsonl")


def test_lists_of_numbers_do_not_say_whose_they_are(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"text {n}", "said": [0.5, 0.5]}) for n in range(3)]
    told = refusal(tmp_path, *rows, name="said.jsonl")
    assert 'or all of a row in one cell, {"<class>": 0.9, ...}' in told


@pytest.mark.parametrize(("label", "score"), [("label", "score"), ("predicted", "confidence"), ("class", "prob")])
def test_the_score_of_the_best_class_alone(tmp_path: Path, label: str, score: str) -> None:
    rows = [json.dumps({"text": f"text {n}", label: "good", score: 0.9}) for n in range(3)]
    told = refusal(tmp_path, *rows, name="said.jsonl")
    assert (
        f"{score!r} may be that of the best class alone: ask for all; transformers' pipelines take top_k=None" in told
    )


def test_a_text_that_looks_like_an_answer_is_a_text_where_it_is_named_so(tmp_path: Path) -> None:
    rows = [json.dumps({"text": json.dumps({"bad": n}), "bad": 0.25, "good": 0.75}) for n in range(3)]
    found = given(tmp_path, *rows, name="said.jsonl", text_column="text")
    assert found.dataset is not None and found.dataset.inputs[0] == '{"bad": 0}'


@pytest.mark.parametrize(
    "cell",
    [
        *(None, 0.5, "good", "", "[", "{not json}", "[" * 5000, [], {}, [[]], [0.1, 0.9], {"bad": "x"}, {"bad": [0.5]}),
        [{"label": "good", "score": 0.5}, {"label": "good", "score": 0.5}],
        [{"label": "good", "score": 0.5}, "bad"],
        [{"label": "good", "category": "bad", "score": 0.5}],
        [{"label": ["good"], "score": 0.5}],
        *("{'bad': 0x" + "f" * 5000 + "}", "{'bad': np.array([0.5])}"),
        *("{'bad': open('x')}", "{'bad': 0.5", "[sic] a \\d", "[" + "1," * 100_000 + "]"),
        {"bad": None},
        {"bad": True},
    ],
)
def test_what_is_no_answer(cell: object) -> None:
    assert answers_in(cell) is None


@pytest.mark.parametrize("silent", [{"said": None}, {"said": "", "error": "busy"}, {}])
def test_answers_that_begin_late(tmp_path: Path, silent: dict[str, object]) -> None:
    early = [json.dumps({"text": f"no answer {n}", **silent}) for n in range(250)]
    check(given(tmp_path, *early, *lines("mapping"), name="said.jsonl", skip_bad_rows=True))
    told = refusal(tmp_path, *early, *lines("mapping"), name="said.jsonl")
    assert "said.jsonl, line 1: no answer: 'p_bad', 'p_good' are empty" in told
    busy = [json.dumps({"text": f"busy {n}", **silent, "note": "busy"}) for n in range(250)]
    check(given(tmp_path, *early, *busy, *lines("mapping"), name="said.jsonl", skip_bad_rows=True))


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_labels_and_scores_in_a_list_each(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"said.{suffix}"
    rows = [
        {"sequence": f"text {n}", "labels": ["good", "bad"], "scores": [prob, 1 - prob]} for n, prob in enumerate(PROBS)
    ]
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    found = read(path, Wanted(text_column="sequence", classes=("bad", "good")))
    check(found)
    check(read(path, Wanted(text_column="sequence")) if suffix != "csv" else found)


def test_a_list_of_fewer_scores_is_told(tmp_path: Path) -> None:
    more = json.dumps({"text": "x", "labels": ["good", "bad"], "scores": [0.5]})
    whole = [json.dumps({"text": f"t{n}", "labels": ["good", "bad"], "scores": [0.5, 0.5]}) for n in range(3)]
    told = refusal(tmp_path, *whole, more, name="said.jsonl")
    assert "line 4: 'labels' holds ['good', 'bad'] and 'scores' [0.5]: these are no labels and as many scores" in told


def test_a_map_of_parquet(tmp_path: Path) -> None:
    cells = [[("bad", 1 - prob), ("good", prob)] for prob in PROBS]
    said = pa.array(cells, pa.map_(pa.string(), pa.float64()))
    pq.write_table(pa.table({"text": [f"text {n}" for n in range(4)], "said": said}), tmp_path / "said.parquet")
    check(read(tmp_path / "said.parquet", Wanted()))
    assert answers_in([("good", 1.0)]) == {"good": 1.0}


def test_reasons_beside_an_answer_are_passed_over(tmp_path: Path) -> None:
    cells = [{"bad": 1 - prob, "good": prob, "reasoning": f"because of {prob}"} for prob in PROBS]
    check(
        given(
            tmp_path, *(json.dumps({"text": f"text {n}", "said": cell}) for n, cell in enumerate(cells)), name="s.jsonl"
        )
    )
    assert answers_in({"good": 0.5, "reasoning": "a word"}) is None and answers_in({"a": 1, "b": [2], "c": "x"}) is None


def test_percent_signs_within_a_cell_are_told_as_such(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"text {n}", "said": {"bad": "10%", "good": "90%"}}) for n in range(4)]
    assert "'10%'" in (told := refusal(tmp_path, *lines, name="said.jsonl")) and "percent" in told
