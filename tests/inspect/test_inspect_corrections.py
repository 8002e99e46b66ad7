"""What is worth a look: which rows, in which order, why; and that the file applies as it was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.data import Dataset, apply_corrections, open_writer
from limbeck.data.corrections import COLUMNS
from limbeck.inspect.corrections import _against, columns_of, to_look_at
from limbeck.inspect.duplicates import Group
from limbeck.inspect.errors import Errors, judge
from limbeck.inspect.label_errors import LabelCheck
from limbeck.scores import Scores
from limbeck.tasks import make_task

pytest.importorskip("cleanlab")

TASK = make_task("classify", classes=["bad", "good"])
TEXTS = ["a joy", "what a bore", "A joy!", "what a bore", "as you like it", "meh"]
LABELS = ["bad", "bad", "good", "bad", "good", "good"]
P_GOOD = [0.9, 0.2, 0.8, 0.2, 0.3, 0.6]
DATA = Dataset([*TEXTS], LABELS, classes=("bad", "good"), rows=(2, 3, 4, 5, 6, 7), name="rows.csv")


def judged(data: Dataset, p_good: list[float]) -> Errors:
    good = np.array(p_good)
    n = len(data)
    scores = Scores(
        np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16),
        np.log(np.stack([1 - good, good], axis=1)).astype(np.float32),
        TASK.encode(data.targets or []),
        np.ones(n, np.int64),
        np.zeros(n, np.int64),
        np.ones(n, np.bool_),
        "m",
        "d",
        TASK.to_json(),
    )
    return judge(scores, data, TASK)


def with_errors(errors: Errors, n_errors: int) -> Errors:
    assert isinstance(errors.labels, LabelCheck)
    return replace(errors, labels=replace(errors.labels, n_errors=n_errors))


def test_rows_reasons_and_order() -> None:
    rows = to_look_at(with_errors(judged(DATA, P_GOOD), 1), DATA)
    # row 0 is wrong by 0.9; its equal (row 2) by 0.2 or, of the pair, 0.15 / (0.15 + 0.85); row 4 by 0.7
    assert [(row["line"], row["label"], row["suggested"]) for row in rows] == [
        (2, "bad", "good"),
        (6, "good", "bad"),
        (4, "good", "good"),
    ]
    assert [row["reason"] for row in rows] == [
        "likely label error; same text under good (line 4)",
        "the model has another answer",
        "same text under bad (line 2)",
    ]
    assert rows[0]["p"] == pytest.approx(0.9, abs=1e-4) and rows[0]["p_label"] == pytest.approx(0.1, abs=1e-4)
    assert all(row["corrected"] == "" and len(row["id"]) == 32 for row in rows)
    assert list(rows[0]) == columns_of(DATA) == [name for name in COLUMNS if name != "text_pair"]


def test_a_reason_names_who_has_another_answer() -> None:
    data = Dataset(["one", "two", "three", "four"], ["bad"] * 4, classes=("bad", "good"))
    errors = with_errors(judged(data, [0.2, 0.6, 0.6, 0.2]), 0)  # the model says bad, good, good, bad
    assert errors.labels is not None
    pooled = np.array([[0.4, 0.6], [0.3, 0.7], [0.9, 0.1], [0.9, 0.1]])  # with the second opinion good, good, bad, bad
    labels = replace(errors.labels, probs=pooled, suggested=pooled.argmax(axis=1), order=np.arange(4))
    rows = to_look_at(replace(errors, labels=labels), data)
    assert [(row["text"], row["reason"], row["suggested"]) for row in rows] == [
        ("one", "words like these stand under another label", "good"),
        ("two", "the model has another answer", "good"),
    ]  # three's label is what both together suggest


def test_what_equal_texts_alone_suggest_is_no_answer_of_the_model() -> None:
    data = Dataset(["a joy", "A joy!", "a joy."], ["good", "bad", "bad"], classes=("bad", "good"))
    # the model says good of all; bad stands there twice: 2 x 0.4 against 0.6
    rows = to_look_at(with_errors(judged(data, [0.6] * 3), 0), data)
    assert sorted((row["label"], row["suggested"], row["reason"]) for row in rows) == [
        ("bad", "good", "the model has another answer; same text under good"),
        ("bad", "good", "the model has another answer; same text under good"),
        ("good", "bad", "same text under bad"),
    ]


def test_rows_of_one_text_and_label_are_listed_once() -> None:
    rows = to_look_at(judged(DATA, [0.9, 0.9, 0.8, 0.9, 0.3, 0.6]), DATA)
    assert [row["text"] for row in rows].count("what a bore") == 1


def test_near_texts_under_other_labels_are_listed() -> None:
    long = "the room was clean and quiet and the breakfast was better than in any other place we stayed at this year"
    data = Dataset([long, long.replace("quiet", "calm")], ["good", "bad"], classes=("bad", "good"))
    rows = to_look_at(with_errors(judged(data, [0.9, 0.2]), 0), data)
    assert [row["reason"] for row in rows] == ["nearly the same text under good", "nearly the same text under bad"]
    assert rows[0]["line"] is None


def test_of_one_text_under_many_numbers_each_row_names_three_and_looks_at_four(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 2000
    targets: list[float] = [Number(k) for k in range(n)]
    data = Dataset(["a joy"] * n, targets, "regress")
    monkeypatch.setattr(Number, "compared", 0)
    found = list(_against(Group(tuple(range(n)), True, True), data))
    assert [others for _, others in found[:5]] == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]
    assert Number.compared <= 4 * n


class Number(float):
    """Counts how often two of it are compared."""

    compared = 0
    __hash__ = float.__hash__

    def __ne__(self, other: object) -> bool:
        Number.compared += 1
        return float.__ne__(self, other)


def test_pairs_have_both_texts() -> None:
    data = Dataset([("a", "b"), ("c", "d")], ["bad", "good"], classes=("bad", "good"))
    rows = to_look_at(judged(data, [0.9, 0.9]), data)
    assert rows[0]["text"] == "a" and rows[0]["text_pair"] == "b"
    assert columns_of(data) == list(COLUMNS)


def test_numbers_far_from_what_the_model_says() -> None:
    task = make_task("regress")
    targets = [float(k % 3) for k in range(40)]
    targets[7] = 50.0
    data = Dataset([f"text {k}" for k in range(40)], targets, "regress", rows=tuple(range(2, 42)))
    said = np.array([[k % 3 + (0.1 if k % 2 else -0.1)] for k in range(40)], np.float32)
    n = np.ones(40, np.int64)
    ids = np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16)
    scores = Scores(ids, said, np.array(targets), n, n * 0, n > 0, "m", "d", task.to_json())
    (row,) = to_look_at(judge(scores, data, task), data)
    assert (row["line"], row["label"], row["reason"]) == (9, 50.0, "far from what the model says")
    assert row["suggested"] == pytest.approx(1.1) and row["p"] is None


def test_three_deviations_are_far_as_the_median_tells_them() -> None:
    task, n = make_task("regress"), np.ones(40, np.int64)
    apart = np.array([1.0, -1.0] * 19 + [-4.4, 4.5])  # their median deviation is 1: far is over 3 x 1.4826
    data = Dataset([f"text {k}" for k in range(40)], [10.0 + k % 5 for k in range(40)], "regress")
    ids = np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16)
    targets = np.array(data.targets)
    said = (targets - apart)[:, None].astype(np.float32)
    rows = to_look_at(judge(Scores(ids, said, targets, n, n * 0, n > 0, "m", "d", task.to_json()), data, task), data)
    assert [row["text"] for row in rows] == ["text 39"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".tsv"])
def test_what_is_written_applies(suffix: str, tmp_path: Path) -> None:
    rows = to_look_at(judged(DATA, P_GOOD), DATA)
    rows[0]["corrected"] = rows[0]["suggested"]
    path = tmp_path / f"fixes{suffix}"
    with open_writer(path, columns_of(DATA)) as writer:
        writer.write(rows)
    found: Any = apply_corrections(DATA, path)
    assert found.targets == ["good", *LABELS[1:]]
    assert found.corrections["changed"] == 1 and found.corrections["unmatched"] == 0
