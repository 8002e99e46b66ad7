"""How likely a label is wrong: Bayes' rule by hand, and rows whose wrong labels are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limbeck.inspect.chances import LEAST_ROWS, chance_of, wrong_chances
from limbeck.inspect.label_errors import check_labels

pytest.importorskip("cleanlab")


def test_two_classes_by_hand() -> None:
    # a tenth of the labels is wrong. Where a tenth is contradicted the opinion never errs: all that is wrong.
    # Where 0.34 are: e = (0.34 - 0.1) / (1 - 0.2) = 0.3; contradicted 0.1 * 0.7 / 0.34, else 0.3 * 0.1 / 0.66
    shares, contradicted = np.array([0.1, 0.34, 0.34]), np.array([True, True, False])
    np.testing.assert_allclose(chance_of(shares, 0.1, contradicted, 2), [1.0, 0.205882, 0.045455], atol=1e-6)


def test_three_classes_by_hand() -> None:
    # e = (0.4 - 0.2) / (1 - 0.2 * 3 / 2) = 2/7. Contradicted and wrong: the opinion right (0.2 * 5/7), or wrong by
    # another class than the label's (2/7 * 0.2 / 2): 0.171429 / 0.4. Agreed and wrong: 2/7 * 0.2 / 2 / 0.6
    shares, contradicted = np.array([0.4, 0.4]), np.array([True, False])
    np.testing.assert_allclose(chance_of(shares, 0.2, contradicted, 3), [0.428571, 0.047619], atol=1e-6)


def test_without_noise_no_label_is_wrong_and_with_nothing_but_noise_chances_stay_chances() -> None:
    shares, contradicted = np.array([0.0, 0.3, 1.0]), np.array([False, True, True])
    assert chance_of(shares, 0.0, contradicted, 2).tolist() == [0.0, 0.0, 0.0]
    for noise in (0.5, 0.9, 1.0):
        found = chance_of(np.maximum(shares, noise), noise, contradicted, 2)
        assert ((found >= 0) & (found <= 1)).all()
    # contradicted wherever it was asked, as of the least sure rows of a fit: the opinion guesses, and tells nothing
    np.testing.assert_allclose(chance_of(np.ones(2), 0.1, np.array([True, False]), 2), [0.1, 0.1], atol=1e-12)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.floats(0, 0.49),
    st.integers(2, 9),
)
def test_the_chances_of_both_kinds_of_rows_add_up_to_the_noise(above: list[float], noise: float, n: int) -> None:
    # what the opinion contradicts lies between the noise (it never errs) and its share where it guesses
    most = noise / n + (1 - 1 / n) * (1 - noise / (n - 1))
    shares = noise + np.array(above) * (most - noise)
    wrong = shares * chance_of(shares, noise, np.ones(len(above), np.bool_), n)
    agreed = (1 - shares) * chance_of(shares, noise, np.zeros(len(above), np.bool_), n)
    np.testing.assert_allclose(wrong + agreed, noise, atol=1e-9)


def made(n_rows: int, noise: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """An opinion that is right as often as it says, labels of which some are turned, and which."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.5, 1.0, n_rows)
    sure[random.random(n_rows) < 0.4] = 0.999
    said = random.integers(0, 2, n_rows)
    truth = np.where(random.random(n_rows) < sure, said, 1 - said)
    turned = random.random(n_rows) < noise
    probs = np.where(np.arange(2)[None] == said[:, None], sure[:, None], 1 - sure[:, None])
    return probs, np.where(turned, 1 - truth, truth), turned


def test_labels_are_wrong_as_often_as_it_is_said() -> None:
    probs, targets, turned = made(20_000, 0.08, seed=1)
    found = wrong_chances(probs, targets)
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 1.01)):
        rows = (found >= low) & (found < high)
        assert rows.sum() > 100
        assert abs(turned[rows].mean() - found[rows].mean()) < 0.06


def test_rows_that_are_right_rather_than_wrong_are_not_called_likely_wrong() -> None:
    probs, targets, turned = made(5000, 0.08, seed=2)
    found = check_labels(probs, targets, np.ones(5000, np.bool_))
    assert 0 < found.n_likely < found.n_errors
    rest = found.order[found.n_likely : found.n_errors]
    assert turned[found.likely].mean() > 0.75 and turned[rest].mean() < 0.5
    assert (found.chances[found.likely] >= 0.5).all()


def test_of_right_labels_hardly_any_is_called_likely_wrong() -> None:
    probs, targets, _ = made(5000, 0.0, seed=3)
    found = check_labels(probs, targets, np.ones(5000, np.bool_))
    assert found.n_errors > 100  # of the texts that are hard
    assert found.n_likely < 20


def test_few_rows_have_no_anchors_and_rows_without_an_answer_no_chance() -> None:
    probs, targets, _ = made(LEAST_ROWS, 0.1, seed=4)
    answered = np.ones(LEAST_ROWS, np.bool_)
    assert not np.array_equal((found := check_labels(probs, targets, answered)).chances, found.suspicion)
    answered[0] = False
    few = check_labels(probs, targets, answered)
    np.testing.assert_array_equal(few.chances, few.suspicion)
    assert few.n_likely == few.n_errors and np.isnan(few.chances[0])
