"""Classify: names to indices, logits to answers, and figures by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from limbeck.errors import DataError
from limbeck.tasks.classify import Task

TASK = Task(["bad", "fair", "good"])


@pytest.mark.parametrize("classes", [[], ["only"], ["a", "b", "a"]])
def test_two_different_classes_are_needed(classes: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        Task(classes)
    assert str(caught.value) == f"a classifier needs two or more different classes; these are {classes!r}"


def test_targets_are_indices() -> None:
    found = TASK.encode(["good", "bad", "good"])
    assert found.tolist() == [2, 0, 2]
    assert found.dtype == np.int64
    assert TASK.encode([]).shape == (0,)


@pytest.mark.parametrize("targets", [[1, 0], np.array([1, 0]), ["1", "0"]])
def test_numbers_stand_for_the_classes_of_that_name(targets: Any) -> None:
    assert Task(["0", "1"]).encode(targets).tolist() == [1, 0]


def test_unknown_labels_are_named_together() -> None:
    with pytest.raises(DataError) as caught:
        TASK.encode(["good", "god", "god", "worse"])
    assert str(caught.value) == (
        "2 problems:\n"
        "  - label 'god' is none of the classes: 'good' (nearest), 'bad', 'fair'\n"
        "  - label 'worse' is none of the classes: 'bad', 'fair', 'good'"
    )


def test_answers_by_hand() -> None:
    answers = TASK.decode(np.array([[0.0, math.log(2), 0.0], [1.0, 1.0, 1.0]]))
    assert answers.predicted == ["fair", "bad"]  # of equal ones, the first
    assert list(answers.columns) == ["p_bad", "p_fair", "p_good"]
    np.testing.assert_allclose(answers.columns["p_fair"], [0.5, 1 / 3])
    np.testing.assert_allclose(answers.columns["p_good"], [0.25, 1 / 3])


def test_answers_to_nothing() -> None:
    answers = TASK.decode(np.zeros((0, 3)))
    assert answers.predicted == []
    assert all(column.shape == (0,) for column in answers.columns.values())


def test_figures_by_hand() -> None:
    # said bad, bad, fair, fair of bad, bad, bad, fair: f1 of bad 4/5, of fair 2/3; good never occurs
    logits = np.log(np.array([[2, 1, 1], [2, 1, 1], [1, 2, 1], [1, 2, 1]]) / 4)
    found = TASK.metrics(logits, np.array([0, 0, 0, 1]))
    assert list(found) == ["accuracy", "macro_f1", "loss"]
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found["loss"] == pytest.approx((3 * math.log(2) + math.log(4)) / 4)
    assert all(type(value) is float for value in found.values())


def test_figures_are_scikit_learns() -> None:
    random = np.random.default_rng(3)
    logits, targets = random.normal(size=(60, 3)), random.integers(0, 3, 60)
    found, said = TASK.metrics(logits, targets), logits.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(targets, said))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(targets, said, average="macro"))


def test_a_class_that_does_not_occur_does_not_count() -> None:
    """A file of two classes under a model of three: no class is counted as 0 that no row has and no answer is."""
    logits, targets = np.eye(3)[[0, 0, 2, 2]], np.array([0, 0, 2, 2])
    assert TASK.metrics(logits, targets)["macro_f1"] == 1.0
    once_said = np.eye(3)[[0, 0, 2, 1]]
    expected = sk.f1_score(targets, [0, 0, 2, 1], average="macro", zero_division=0)
    assert TASK.metrics(once_said, targets)["macro_f1"] == pytest.approx(expected) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_logits_have_no_unit() -> None:
    assert TASK.output_scale(np.array([0, 1])) == (1.0, 0.0)
    assert TASK.loss(np.zeros((2, 3)), np.array([0, 2])) == pytest.approx([math.log(3)] * 2)


@pytest.mark.parametrize("classes", [("negative", "neutral", "positive"), ("positive", "negative", "neutral")])
def test_sentiment_has_a_score(classes: tuple[str, ...]) -> None:
    logits = np.log(np.array([[{"negative": 0.5, "neutral": 0.3, "positive": 0.2}[name] for name in classes]]))
    columns = Task(classes).decode(logits).columns
    assert list(columns) == [*(f"p_{name}" for name in classes), "score"]
    assert columns["score"] == pytest.approx([0.2 - 0.5])


@pytest.mark.parametrize(
    "classes",
    [
        ("negative", "positive"),
        ("neg", "neutral", "positive"),
        ("negative", "neutral", "positive", "mixed"),
        ("a", "b", "c"),
    ],
)
def test_other_classes_have_none(classes: tuple[str, ...]) -> None:
    assert list(Task(classes).decode(np.zeros((1, len(classes)))).columns) == [f"p_{name}" for name in classes]


@pytest.mark.parametrize(
    ("logits", "score"), [((50.0, 0.0, 0.0), -1.0), ((0.0, 0.0, 50.0), 1.0), ((0.0, 50.0, 0.0), 0.0)]
)
def test_a_score_is_from_minus_one_to_one(logits: tuple[float, ...], score: float) -> None:
    found = Task(("negative", "neutral", "positive")).decode(np.array([logits])).columns["score"]
    assert found == pytest.approx([score], abs=1e-12) and np.abs(found).max() <= 1
