"""The report: figures by hand, the order of the losses, and the text that a person reads."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck.data import Dataset
from limbeck.errors import DataError
from limbeck.inspect.report import make_report
from limbeck.scores import Scores
from limbeck.tasks import TaskLike, make_task

CLASSIFY = make_task("classify", classes=["bad", "good"])

# of the true bad, bad, good, good, bad: right, wrong, right, right; the last is blank and would be wrong
LOGITS = np.log(np.array([[3, 1], [1, 3], [1, 3], [1, 1.5], [1, 99]]))
TARGETS = np.array([0, 0, 1, 1, 0])
BLANK = np.array([True, True, True, True, False])
DATA = Dataset(
    ["dull", "so dull", ("warm", "very"), "fine", ""],
    ["bad", "bad", "good", "good", "bad"],
    classes=("bad", "good"),
    rows=(2, 3, 5, 6, 7),
)


def table(logits: NDArray[Any], targets: NDArray[Any] | None, answerable: NDArray[np.bool_], task: TaskLike) -> Scores:
    n = len(logits)
    counts = np.ones(n, np.int64)
    ids = np.zeros((n, 16), np.uint8)
    return Scores(ids, logits.astype(np.float32), targets, counts, counts, answerable, "m", "d", task.to_json())


SCORES = table(LOGITS, TARGETS, BLANK, CLASSIFY)


def test_figures_leave_unanswered_rows_out() -> None:
    report = make_report(SCORES, CLASSIFY)
    assert (report.n_rows, report.n_unanswered) == (5, 1)
    assert report.metrics["accuracy"] == 0.75
    # bad: said once, right, true twice: 2/3; good: said three times, twice right, true twice: 4/5
    assert report.metrics["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    losses = [math.log(4 / 3), math.log(4), math.log(4 / 3), math.log(5 / 3)]
    np.testing.assert_allclose(report.losses[:4], losses, rtol=1e-6)
    assert report.metrics["loss"] == pytest.approx(np.mean(losses))
    assert math.isnan(report.losses[4])
    assert report.per_class is not None
    assert report.per_class.support.sum() == 4


def test_what_an_unanswered_row_holds_does_not_matter() -> None:
    other = LOGITS.copy()
    other[4] = (50, -50)
    changed = make_report(table(other, TARGETS, BLANK, CLASSIFY), CLASSIFY)
    assert changed.to_json() == make_report(SCORES, CLASSIFY).to_json()
    assert changed.lines() == make_report(SCORES, CLASSIFY).lines()


def test_confusion_has_true_rows_and_predicted_columns() -> None:
    report = make_report(SCORES, CLASSIFY)
    assert report.confusion is not None
    assert report.confusion.tolist() == [[1, 1], [0, 2]]


def test_greatest_losses_first_and_equal_ones_in_their_order() -> None:
    report = make_report(SCORES, CLASSIFY)
    assert report.greatest.tolist() == [1, 3, 0, 2]  # rows 0 and 2 lose the same; row 4 was not answered


def test_greatest_losses_have_their_text_and_line() -> None:
    found = make_report(SCORES, CLASSIFY).greatest_losses(DATA, n=2)
    assert [{**row, "loss": round(row["loss"], 4)} for row in found] == [
        {"line": 3, "loss": 1.3863, "true": "bad", "predicted": "good", "text": "so dull"},
        {"line": 6, "loss": 0.5108, "true": "good", "predicted": "good", "text": "fine"},
    ]


def test_greatest_losses_as_json() -> None:
    every = make_report(SCORES, CLASSIFY).greatest_losses(replace(DATA, rows=None, targets=None))
    assert len(every) == 4
    assert every[3]["text"] == ["warm", "very"]
    assert (every[0]["line"], every[0]["true"]) == (None, None)
    assert json.loads(json.dumps(every)) == every


def test_text() -> None:
    assert make_report(SCORES, CLASSIFY).lines() == [
        "rows: 5, 1 without an answer",
        "accuracy: 0.7500",
        "macro f1: 0.7333",
        "loss: 0.6181",
        "",
        "class             precision  recall      f1    rows",
        "bad                  1.0000  0.5000  0.6667       2",
        "good                 0.6667  1.0000  0.8000       2",
        "",
        "true \\ predicted     bad    good",
        "bad                    1       1",
        "good                   0       2",
    ]


def test_long_names_widen_their_columns() -> None:
    task = make_task("classify", classes=["no", "a class of a long name"])
    report = make_report(table(LOGITS, TARGETS, np.ones(5, np.bool_), task), task)
    lines = report.lines()
    assert lines[0] == "rows: 5"
    assert lines[-3:] == [
        "true \\ predicted            no  a class of a long name",
        "no                           1                       2",
        "a class of a long name       0                       2",
    ]


def test_json() -> None:
    record = make_report(SCORES, CLASSIFY).to_json()
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["task", "rows", "unanswered", "metrics", "classes", "confusion"]
    assert record["classes"]["bad"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "rows": 2}
    assert record["confusion"] == [[1, 1], [0, 2]]


def test_numbers() -> None:
    task = make_task("regress")
    logits = np.array([[1.0], [3.0], [2.0], [np.float32(0)]])
    targets = np.array([1.0, 2.0, 4.0, 100.0])
    report = make_report(table(logits, targets, np.array([True, True, True, False]), task), task)
    assert report.greatest.tolist() == [2, 1, 0]
    assert report.predicted == [1.0, 3.0, 2.0, 0.0]
    assert report.per_class is None
    assert report.confusion is None
    assert list(report.to_json()) == ["task", "rows", "unanswered", "metrics"]
    # deviations (-1, 1, 0) and (-4, -1, 5) / 3: (4 - 1) / sqrt(2 x 42)
    assert report.lines() == [
        "rows: 4, 1 without an answer",
        f"pearson: {3 / math.sqrt(84):.4f}",
        "spearman: 0.5000",
        "mean absolute error: 1.0000",
        "root mean squared error: 1.2910",
        "loss: 1.6667",
    ]


def test_without_labels_there_is_nothing_to_judge() -> None:
    with pytest.raises(DataError, match="no labels to compare with; name their column with --label-column"):
        make_report(replace(SCORES, targets=None), CLASSIFY)


def test_without_an_answer_there_is_nothing_to_judge() -> None:
    with pytest.raises(DataError, match="no row has anything to read; name the column of texts with --text-column"):
        make_report(replace(SCORES, answerable=np.zeros(5, np.bool_)), CLASSIFY)


def test_an_output_that_is_no_number_is_no_answer() -> None:
    other = LOGITS.copy()
    other[0] = np.nan
    report = make_report(table(other, TARGETS, BLANK, CLASSIFY), CLASSIFY)
    assert report.n_unanswered == 2
    assert all(math.isfinite(value) for value in report.metrics.values())
    other[:] = np.nan
    with pytest.raises(DataError, match="of every row the model's output is not a number; see what answers with"):
        make_report(table(other, TARGETS, BLANK, CLASSIFY), CLASSIFY)
