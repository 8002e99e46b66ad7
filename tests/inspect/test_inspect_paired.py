"""Two models beside each other on the same rows: measures, difference, interval, and rows that one cannot answer."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck.data import Dataset
from limbeck.inspect.paired import Pair, compare
from limbeck.scores import Scores
from limbeck.tasks import TaskLike, make_task

CLASSIFY = make_task("classify", classes=["no", "yes"])
REGRESS = make_task("regress")


def scores(logits: NDArray[Any], texts: list[str], task: TaskLike = CLASSIFY) -> Scores:
    n = len(texts)
    return Scores(
        ids=np.frombuffer(b"".join(Dataset(list(texts), None).ids), np.uint8).reshape(-1, 16),
        logits=np.asarray(logits, np.float32).reshape(n, task.n_outputs),
        targets=None,
        read=np.ones(n, np.int64),
        dropped=np.zeros(n, np.int64),
        answerable=np.ones(n, np.bool_),
        model="m",
        data="d",
        task=task.to_json(),
    )


def says(labels: list[int]) -> NDArray[Any]:
    """Logits whose label is that of each row."""
    return np.array([[-2.0, 2.0] if label else [2.0, -2.0] for label in labels])


def found(pair: Pair | None) -> Pair:
    assert pair is not None
    return pair


TEXTS = [f"text {n}" for n in range(10)]
TRUTH = np.array([0, 1] * 5)


def test_by_hand() -> None:
    teacher = says([0, 1, 0, 1, 0, 1, 0, 1, 0, 0])  # the last is wrong
    student = says([0, 1, 0, 1, 0, 1, 0, 0, 1, 0])  # the last three are
    pair = found(compare(CLASSIFY, scores(teacher, TEXTS), scores(student, TEXTS), TRUTH))
    assert (pair.n_rows, pair.measure) == (10, "accuracy")
    assert (pair.first, pair.second) == (0.9, 0.7)
    assert pair.difference == pytest.approx(-0.2)
    reach = 1.959964 * math.sqrt(2 + 0 + 1 - 4 / 12) / 12  # on two rows the teacher alone is right, on none the student
    assert (pair.low, pair.high) == pytest.approx((-2 / 12 - reach, -2 / 12 + reach))
    assert pair.retention == pytest.approx(100 * 0.7 / 0.9)


def test_rows_are_drawn_for_both_at_once() -> None:
    """Two models that err on the same rows do not differ, and ten rows do not show that they never will."""
    wrong = says([1 - label if n < 4 else label for n, label in enumerate(TRUTH)])
    pair = found(compare(CLASSIFY, scores(wrong, TEXTS), scores(3 * wrong, TEXTS), TRUTH))
    assert (pair.first, pair.second, pair.difference) == (0.6, 0.6, 0.0)
    assert (pair.low, pair.high) == pytest.approx((-1.959964 / 12, 1.959964 / 12))  # b = c = 0: sqrt(1) / (10 + 2)


def test_the_interval_is_that_of_the_mean_difference() -> None:
    """On many rows it meets the normal interval of the paired differences."""
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 1000)
    one, other = (np.where(random.random(1000) < share, truth, 1 - truth) for share in (0.9, 0.86))
    texts = [f"text {n}" for n in range(1000)]
    pair = found(compare(CLASSIFY, scores(says(list(one)), texts), scores(says(list(other)), texts), truth))
    each = (other == truth).astype(float) - (one == truth)
    reach = 1.96 * each.std(ddof=1) / math.sqrt(1000)
    assert pair.difference == pytest.approx(each.mean())
    assert (pair.low, pair.high) == pytest.approx((each.mean() - reach, each.mean() + reach), abs=0.2 * reach)


def test_rows_are_joined_by_text_whatever_their_order() -> None:
    student = says([0, 1, 0, 1, 0, 1, 0, 0, 1, 0])
    order = np.random.default_rng(3).permutation(10)
    shuffled = scores(says(list(TRUTH[order])), [TEXTS[n] for n in order])
    more = scores(np.concatenate([shuffled.logits, says([0])]), [*(TEXTS[n] for n in order), "further"])
    straight = found(compare(CLASSIFY, scores(says(list(TRUTH)), TEXTS), scores(student, TEXTS), TRUTH))
    assert compare(CLASSIFY, shuffled, scores(student, TEXTS), TRUTH) == straight
    assert compare(CLASSIFY, more, scores(student, TEXTS), TRUTH) == straight
    assert (straight.first, straight.second) == (1.0, 0.7)


def test_rows_that_one_of_them_does_not_answer_are_left_out() -> None:
    teacher, student = scores(says(list(TRUTH)), TEXTS), scores(says(list(TRUTH)), TEXTS)
    teacher.answerable[0] = False
    student.answerable[1] = False
    teacher.logits[2] = np.nan
    student.logits[3, 1] = np.inf
    pair = found(compare(CLASSIFY, teacher, student, TRUTH))
    assert (pair.n_rows, pair.first, pair.second) == (6, 1.0, 1.0)
    few = scores(says([0, 1, 1]), ["text 0", "text 4", "elsewhere"])
    assert compare(CLASSIFY, few, student, TRUTH) is not None
    few.answerable[1] = False
    assert compare(CLASSIFY, few, student, TRUTH) is None  # of one row there is no interval
    assert compare(CLASSIFY, scores(np.zeros((0, 2)), []), student, TRUTH) is None


def test_numbers_are_compared_by_correlation() -> None:
    truth = np.arange(10, dtype=np.float64)
    teacher, student = scores(2 * truth + 1, TEXTS, REGRESS), scores(truth[[1, 0, *range(2, 10)]], TEXTS, REGRESS)
    pair = found(compare(REGRESS, teacher, student, truth))
    assert pair.measure == "pearson" and pair.first == pytest.approx(1.0)
    assert pair.second == pytest.approx(1 - 2 / 165)  # 1 - sum of squared differences / (2 N variance)
    assert pair.low < pair.difference < 0
    backwards = found(compare(REGRESS, scores(-truth, TEXTS, REGRESS), student, truth))
    assert backwards.retention is None and "%" not in backwards.line("teacher", "student")


def test_of_a_correlation_that_may_be_none_no_share_is_told() -> None:
    random = np.random.default_rng(4)
    truth, texts = random.normal(size=60), [f"text {n}" for n in range(60)]
    student = scores(truth, texts, REGRESS)
    guessed = found(compare(REGRESS, scores(random.normal(size=60) + 0.1 * truth, texts, REGRESS), student, truth))
    assert 0 < guessed.first < 0.25 and guessed.first_low is not None and guessed.first_low < 0
    assert guessed.retention is None and "%" not in guessed.line("teacher", "student")
    known = found(compare(REGRESS, scores(truth + random.normal(size=60), texts, REGRESS), student, truth))
    assert known.first_low is not None and 0 < known.first_low < known.first
    assert known.retention == pytest.approx(100 * known.second / known.first)
    shares = found(compare(CLASSIFY, scores(says([1, 0] * 5), TEXTS), scores(says([0, 1] * 5), TEXTS), TRUTH))
    assert (shares.first, shares.first_low, shares.retention) == (0.0, None, None)


def test_json_and_words() -> None:
    pair = Pair(1821, "macro_f1", 0.95, 0.93, -0.02, -0.045, 0.005)
    assert Pair(**json.loads(json.dumps(pair.to_json()))) == pair
    assert pair.line("teacher", "student") == (
        "macro f1 of 1,821 rows: teacher 0.9500, student 0.9300 (97.9 % of it), difference -0.0200 (-0.0450 to 0.0050)"
    )


def test_the_difference_turns_round_with_the_models() -> None:
    random = np.random.default_rng(2)
    one, other = (scores(says(list(random.integers(0, 2, 10))), TEXTS) for _ in range(2))
    there, back = found(compare(CLASSIFY, one, other, TRUTH)), found(compare(CLASSIFY, other, one, TRUTH))
    assert there.difference == pytest.approx(-back.difference) != 0
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)
    assert -1 <= there.low <= there.difference <= there.high <= 1
