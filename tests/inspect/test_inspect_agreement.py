from __future__ import annotations

import numpy as np
import pytest

from limbeck.inspect.agreement import agreement
from limbeck.tasks import make_task

TASK = make_task("classify", classes=["no", "yes"])


def test_classes_by_hand() -> None:
    even, sure = [0.0, 0.0], [np.log(3.0), 0.0]  # 0.5 and 0.75 for the first class
    found = agreement(TASK, np.array([even, sure, sure]), np.array([sure, sure, [0.0, np.log(3.0)]]))
    assert found.n_texts == 3
    assert found.labels == pytest.approx(2 / 3)  # the last changed sides; a tie goes to the first
    assert found.mean == pytest.approx((0.25 + 0.0 + 0.5) / 3)
    assert found.largest == pytest.approx(0.5)
    assert (
        found.line()
        == "66.67 % of 3 texts get the same label; their probabilities differ by 0.25 on average, by 0.5 at most"
    )


def test_numbers() -> None:
    found = agreement(make_task("regress"), np.array([[1.0], [2.0]]), np.array([[1.5], [2.0]]))
    assert (found.labels, found.mean, found.largest) == (None, 0.25, 0.5)
    assert found.line() == "2 texts: numbers differ by 0.25 on average, by 0.5 at most"


def test_nothing() -> None:
    found = agreement(TASK, np.zeros((0, 2)), np.zeros((0, 2)))
    assert (found.n_texts, found.labels, found.mean, found.largest) == (0, None, 0.0, 0.0)
    assert found.line() == "no text has an answer of both, so there is nothing to compare"


def test_a_score_made_of_probabilities_is_no_further_probability() -> None:
    task = make_task("classify", classes=["negative", "neutral", "positive"])
    third, sure = np.zeros((1, 3)), np.log(np.array([[0.1, 0.3, 0.6]]))
    found = agreement(task, third, sure)  # the score moves by 0.5
    assert found.largest == pytest.approx(0.6 - 1 / 3)
