"""Likely label errors: by hand on a few rows, and on made rows whose wrong labels are known."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck.errors import MissingExtra
from limbeck.inspect import label_errors
from limbeck.inspect.duplicates import Group
from limbeck.inspect.label_errors import check_labels, out_of_fold, pool

pytest.importorskip("cleanlab")

PROBS = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
TARGETS = np.array([0, 0, 1, 1])
ALL = np.ones(4, np.bool_)


def test_rows_are_ordered_by_the_chance_that_the_label_is_wrong() -> None:
    found = check_labels(PROBS, TARGETS, ALL)
    np.testing.assert_allclose(found.suspicion, [0.1, 0.8, 0.7, 0.4])
    assert found.order.tolist() == [1, 2, 3, 0]
    chosen = set(found.likely.tolist())
    assert all(found.suggested[row] == (1 - TARGETS[row] if row in chosen else PROBS[row].argmax()) for row in range(4))
    assert found.likely.tolist() == found.order[: found.n_errors].tolist()
    assert not found.second_opinion


def test_rows_without_an_answer_are_not_ordered() -> None:
    found = check_labels(PROBS, TARGETS, np.array([True, False, True, True]))
    assert found.order.tolist() == [2, 3, 0]
    assert np.isnan(found.suspicion[1]) and np.isnan(found.probs[1]).all()
    assert found.suggested[1] == 0  # its own label


def test_two_opinions_are_pooled() -> None:
    # sqrt(0.2 * 0.6) against sqrt(0.8 * 0.4): 0.34641 / (0.34641 + 0.56569)
    pooled = pool(np.array([[0.2, 0.8]]), np.array([[0.6, 0.4]]))
    np.testing.assert_allclose(pooled, [[0.37980, 0.62020]], atol=1e-5)
    found = check_labels(PROBS, TARGETS, ALL, second=np.full((4, 2), 0.5))
    assert found.second_opinion and found.order.tolist() == [1, 2, 3, 0]
    assert np.isfinite(pool(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))).all()


def test_equal_texts_under_other_labels_speak_against_the_rarer_one() -> None:
    probs = np.array([[0.6, 0.4]] * 3 + [[0.9, 0.1]])
    targets = np.array([0, 0, 1, 0])
    group = Group((0, 1, 2), True, True)
    found = check_labels(probs, targets, ALL, duplicates=[group])
    # twice 0.6 against once 0.4: the label 1 has 0.25 of it
    np.testing.assert_allclose(found.suspicion, [0.4, 0.4, 0.75, 0.1])
    assert found.order.tolist()[0] == 2
    near = check_labels(probs, targets, ALL, duplicates=[Group((0, 1, 2), False, True)])
    np.testing.assert_allclose(near.suspicion, [0.4, 0.4, 0.6, 0.1])


def test_the_label_that_equal_texts_have_more_often_is_suggested() -> None:
    probs = np.array([[0.25, 0.4, 0.35]] * 3 + [[0.1, 0.2, 0.7]])
    found = check_labels(probs, np.array([0, 0, 1, 2]), ALL, duplicates=[Group((0, 1, 2), True, True)])
    # twice 0.25 against once 0.4: 5/9 for the label 0, though the model says 1
    np.testing.assert_allclose(found.suspicion, [0.75, 0.75, 0.6, 0.3])
    assert found.suggested[2] == 0


def test_classes_without_rows_and_one_class_alone_are_no_trouble() -> None:
    probs = np.full((20, 3), 1 / 3)
    probs[:, 0] += 0.1
    targets = np.array([0] * 10 + [2] * 10)
    found = check_labels(probs / probs.sum(axis=1, keepdims=True), targets, np.ones(20, np.bool_))
    assert len(found.order) == 20
    alone = check_labels(probs, np.zeros(20, np.int64), np.ones(20, np.bool_))
    assert alone.n_errors == 0


def made(n_rows: int, n_classes: int, seed: int) -> tuple[list[NDArray[Any]], NDArray[Any]]:
    """Rows of 20 pieces, of which some three are their class's own."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, n_classes, n_rows)
    pieces = random.integers(100, 600, (n_rows, 20))
    own = random.random((n_rows, 20)) < 0.15
    pieces[own] = (targets[:, None] * 10 + random.integers(0, 10, (n_rows, 20)))[own]
    return list(pieces.astype(np.int32)), targets


def test_an_opinion_out_of_fold_finds_flipped_labels_that_a_model_has_learnt_by_heart() -> None:
    pieces, targets = made(600, 2, seed=3)
    random = np.random.default_rng(4)
    flipped = random.choice(600, 45, replace=False)
    noisy = targets.copy()
    noisy[flipped] = 1 - noisy[flipped]
    by_heart = np.full((600, 2), 0.001)
    by_heart[np.arange(600), noisy] = 0.999
    alone = check_labels(by_heart, noisy, np.ones(600, np.bool_))
    with_second = check_labels(by_heart, noisy, np.ones(600, np.bool_), second=out_of_fold(pieces, noisy, 2))
    assert np.isin(alone.order[:68], flipped).sum() < 15  # by chance: 5
    assert np.isin(with_second.order[:68], flipped).sum() > 27  # 60 % of 45
    assert alone.n_errors == 0 and 20 < with_second.n_errors < 120
    likely = with_second.likely
    assert (with_second.suggested[likely] != noisy[likely]).all()


def test_no_row_is_judged_by_its_own_label() -> None:
    pieces, targets = made(300, 3, seed=5)
    random = np.random.default_rng(6)
    lost = random.permutation(targets)  # labels that have nothing to do with the texts
    said = out_of_fold(pieces, lost, 3)
    assert abs((said.argmax(axis=1) == lost).mean() - 1 / 3) < 0.1
    np.testing.assert_allclose(said.sum(axis=1), 1.0)
    assert (said > 0).all()


def test_rare_classes_and_empty_rows() -> None:
    pieces, targets = made(60, 2, seed=7)
    pieces[3], pieces[4] = np.zeros(0, np.int32), np.array([1], np.int32)
    targets[0] = 2  # alone
    said = out_of_fold(pieces, targets, 4)
    assert np.isfinite(said).all() and said.shape == (60, 4)
    assert out_of_fold(pieces, np.zeros(60, np.int64), 2).argmax(axis=1).tolist() == [0] * 60


def test_an_opinion_stands_under_its_class_where_one_between_has_no_row() -> None:
    pieces, targets = made(200, 2, seed=8)
    said = out_of_fold(pieces, 2 * targets, 3)  # classes 0 and 2
    assert (said.argmax(axis=1) == 2 * targets).mean() > 0.8
    np.testing.assert_allclose(
        said[:, 1], 0.02 / 203
    )  # of the 2 % that are spread by the classes' rows, with one more each


def test_pieces_of_two_rows_are_weighed_the_most_frequent_where_there_are_too_many() -> None:
    rows = [np.array(row) for row in ([1, 2], [1, 2], [1, 3], [1, 3], [1, 2], [4, 1])]
    every = np.arange(6)
    # 1, 2, 3 and the pairs 1 2 and 1 3; 4 and 4 1 once
    assert label_errors._tf_idf(rows, most=100)(every).shape == (6, 5)
    # that of 1, and every row is of length 1
    assert label_errors._tf_idf(rows, most=1)(every).toarray().tolist() == [[1.0]] * 6


def test_features_by_hand() -> None:
    rows = [np.array(row, np.int32) for row in ([1, 1, 2], [1, 2], [], [2])]
    # in two rows are 1, 2 (in three) and the pair 1 2; row 0 has 1 twice and the pair 1 1 alone
    of_one, of_two, of_pair = math.log(5 / 3) + 1, math.log(5 / 4) + 1, math.log(5 / 3) + 1
    first = np.array([(1 + math.log(2)) * of_one, of_two, of_pair])
    second = np.array([of_one, of_two, of_pair])
    found = label_errors._tf_idf(rows, most=100)(np.arange(4)).toarray()
    for row, wanted in ((0, first), (1, second), (3, np.array([0, of_two, 0]))):
        np.testing.assert_allclose(np.sort(found[row]), np.sort(wanted / np.linalg.norm(wanted)), rtol=1e-6)
    assert not found[2].any()


@pytest.mark.parametrize("most_rows", [300, 250])
def test_rows_some_at_a_time_are_judged_as_all_at_once(most_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces, targets = made(300, 3, seed=9)
    pieces[17] = np.zeros(0, np.int32)
    at_once = out_of_fold(pieces, targets, 3)
    monkeypatch.setattr(label_errors, "_CHUNK_ROWS", 7)
    monkeypatch.setattr(label_errors, "_MOST_ROWS", most_rows)  # a fold learns from 240: no table of all, but no sample
    np.testing.assert_array_equal(out_of_fold(pieces, targets, 3), at_once)


def test_of_many_rows_a_sample_is_learnt_from_and_every_row_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces, targets = made(900, 2, seed=10)
    monkeypatch.setattr(label_errors, "_CHUNK_ROWS", 64)
    monkeypatch.setattr(label_errors, "_MOST_ROWS", 300)
    said = out_of_fold(pieces, targets, 2)
    np.testing.assert_array_equal(out_of_fold(pieces, targets, 2), said)  # seeded
    np.testing.assert_allclose(said.sum(axis=1), 1.0)
    assert (said.argmax(axis=1) == targets).mean() > 0.8
    lost = np.random.default_rng(11).permutation(targets)
    assert abs((out_of_fold(pieces, lost, 2).argmax(axis=1) == lost).mean() - 0.5) < 0.06  # none by its own label


def test_a_sample_has_each_class_s_share_and_some_of_the_rarest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_errors, "_MOST_ROWS", 100)
    targets = np.array([0] * 700 + [1] * 281 + [3] * 4 + [4] * 15)
    rows = np.arange(1000)
    learnt = label_errors._sampled(rows, targets, 0)
    # of every ten rows one; of the rarest 10, or all
    assert np.bincount(targets[learnt]).tolist() == [70, 28, 0, 4, 10]
    assert (np.diff(learnt) > 0).all()
    assert (learnt == label_errors._sampled(rows, targets, 0)).all()
    other = label_errors._sampled(rows, targets, 1)
    assert len(other) == 112 and (other != learnt).any()
    assert label_errors._sampled(rows[:100], targets, 0).tolist() == list(range(100))


def test_the_memory_of_a_second_opinion_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_errors, "_CHUNK_ROWS", 100)
    monkeypatch.setattr(label_errors, "_MOST_ROWS", 300)
    peaks = []
    for n_rows in (1000, 4000):
        pieces, _ = made(n_rows, 2, seed=12)
        tracemalloc.start()
        try:
            table_of = label_errors._tf_idf(pieces, most=100_000)
            table_of(np.arange(300))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_classes_that_have_rows_are_numbered_anew_with_their_shares() -> None:
    probs = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.0, 0.5, 0.5]])
    targets, shares = label_errors._present(np.array([0, 2, 2]), probs)
    assert targets.tolist() == [0, 1, 1]
    np.testing.assert_allclose(shares, [[5 / 7, 2 / 7], [1 / 9, 8 / 9], [0.0, 1.0]], atol=1e-9)


def test_folds_are_stratified_and_seeded() -> None:
    targets = np.array([0] * 50 + [1] * 10)
    fold_of = label_errors._folds(targets, 0)
    assert np.bincount(fold_of[:50]).tolist() == [10] * 5 and np.bincount(fold_of[50:]).tolist() == [2] * 5
    assert (fold_of == label_errors._folds(targets, 0)).all()
    assert (fold_of != label_errors._folds(targets, 1)).any()


def test_without_cleanlab_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cleanlab.count", None)
    with pytest.raises(MissingExtra, match=r"pip install 'limbeck\[explain\]'"):
        check_labels(PROBS, TARGETS, ALL)


def test_who_says_how_many_are_wrong() -> None:
    """What is pooled; the second opinion alone where the model contradicts hardly any label of those that it doubts."""
    random = np.random.default_rng(3)
    truth = random.integers(0, 2, 400)
    wrong = np.arange(400) < 40
    labels = np.where(wrong, 1 - truth, truth)

    def opinion(said: NDArray[Any], sure: float) -> NDArray[np.float64]:
        return np.where(np.arange(2)[None] == said[:, None], sure, 1 - sure)

    rough = np.where(random.random(400) < 0.25, 1 - truth, truth)
    second = opinion(rough, 0.7)
    everyone = np.ones(400, np.bool_)
    doubted = check_labels(second, labels, everyone).n_errors
    assert doubted > 80  # it is weak: a quarter of the right ones are among them
    seeing = opinion(truth, 0.9)
    together = check_labels(seeing, labels, everyone, second=second)
    assert 25 <= together.n_errors <= 40
    assert wrong[together.likely].all()
    by_heart = opinion(labels, 0.99)
    assert check_labels(by_heart, labels, everyone, second=second).n_errors == doubted


def test_a_model_that_gives_both_labels_no_chance_at_all() -> None:
    probs = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.5, 0.3, 0.2], [0.2, 0.6, 0.2]])
    found = check_labels(probs, np.array([0, 1, 0, 1]), ALL, duplicates=[Group((0, 1), True, True)])
    np.testing.assert_allclose(found.suspicion, [1.0, 1.0, 0.5, 0.4])
