"""Splits: in proportion, by seed, without leaks, every class in training."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.data import Dataset, class_order, split
from limbeck.errors import SettingsError


def labelled(labels: list[str], texts: list[str] | None = None) -> Dataset:
    inputs = texts if texts is not None else [f"text {place}" for place in range(len(labels))]
    return Dataset([*inputs], labels, classes=class_order(labels), rows=tuple(range(2, len(labels) + 2)))


def test_classes_are_cut_in_proportion() -> None:
    data = labelled(["a"] * 50 + ["b"] * 30 + ["c"] * 20)
    train, valid = split(data, 0.2, seed=1)
    assert valid.counts() == {"a": 10, "b": 6, "c": 4}
    assert train.counts() == {"a": 40, "b": 24, "c": 16}
    assert train.notices == valid.notices == ()


def test_remainders_go_to_the_largest() -> None:
    # 0.25 of 10, 7, 3 is 2.5, 1.75, 0.75: five in all, so 2 + 1 + 0 and one more for the two largest remainders.
    _, valid = split(labelled(["a"] * 10 + ["b"] * 7 + ["c"] * 3), 0.25, seed=0)
    assert valid.counts() == {"a": 2, "b": 2, "c": 1}


def test_the_order_and_the_lines_stay() -> None:
    data = labelled(["a", "b"] * 20)
    train, valid = split(data, 0.3, seed=5)
    for part in (train, valid):
        assert part.rows is not None
        assert list(part.rows) == sorted(part.rows)
        assert part.inputs == [f"text {line - 2}" for line in part.rows]
        assert part.classes == ("a", "b")


def test_the_seed_decides() -> None:
    data = labelled(["a", "b"] * 50)
    assert split(data, 0.2, 1)[1].rows == split(data, 0.2, 1)[1].rows
    assert split(data, 0.2, 1)[1].rows != split(data, 0.2, 2)[1].rows


def test_the_cut_is_pinned() -> None:
    """A change of the algorithm changes everybody's splits: it must be meant."""
    rng = np.random.default_rng(1)
    a_rows = [2 * place for place in rng.permutation(10)[:2]]  # rows 0, 2, 4, ... are of class a
    b_rows = [2 * place + 1 for place in rng.permutation(10)[:2]]
    expected = tuple(sorted(int(row) + 2 for row in a_rows + b_rows))
    assert split(labelled(["a", "b"] * 10), 0.2, 1)[1].rows == expected == (3, 5, 10, 18)


def test_fraction_zero_is_an_empty_part() -> None:
    data = labelled(["a", "b"] * 5)
    train, valid = split(data, 0, seed=1)
    assert (len(train), len(valid)) == (10, 0)
    assert (train.fingerprint, valid.classes, train.notices) == (data.fingerprint, data.classes, ())


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 2, float("nan")])
def test_fractions_out_of_range(fraction: float) -> None:
    with pytest.raises(SettingsError, match="it must be at least 0 and below 1"):
        split(labelled(["a", "b"]), fraction, seed=1)


def test_a_seed_below_nought_is_refused() -> None:
    with pytest.raises(SettingsError, match="the seed is -1; it must be at least 0"):
        split(labelled(["a", "b"]), 0.5, seed=-1)


def test_a_lone_class_stays_in_training_and_is_named() -> None:
    data = labelled(["late"] * 20 + ["refund"] + ["fine"] * 19)
    for seed in range(10):
        train, valid = split(data, 0.2, seed)
        assert train.counts()["refund"] == 1
        assert len(valid) == 8
        assert train.notices == (
            "class 'refund' has 1 row: it stays in the training part, and validation says nothing about it",
        )


def test_many_lone_classes_are_told_in_one_line() -> None:
    train, _ = split(labelled([f"c{n:02d}" for n in range(12)] + ["fine"] * 20), 0.2, seed=1)
    assert train.notices == (
        "12 classes have 1 row each: these stay in the training part, and validation says nothing about them "
        "('c00', 'c01', 'c02', 'c03', 'c04', 'c05', 'c06', 'c07', 'c08', 'c09' and 2 more)",
    )


def test_rows_of_one_text_stay_together() -> None:
    texts = [f"text {place % 13}" for place in range(40)]
    for seed in range(5):
        train, valid = split(labelled(["a", "b"] * 20, texts), 0.3, seed)
        assert valid.inputs
        assert not set(train.inputs) & set(valid.inputs)


def test_a_text_under_two_labels_does_not_take_a_class_away() -> None:
    texts = ["same", "same", "one", "two", "three", "four"]
    for seed in range(20):
        train, _ = split(labelled(["a", "b", "a", "a", "a", "a"], texts), 0.6, seed)
        assert train.counts()["b"] == 1


def test_too_few_texts_for_validation_is_said() -> None:
    train, valid = split(labelled(["a", "b"] * 4, ["one", "two"] * 4), 0.25, 1)
    assert len(valid) == 0
    assert train.notices == ("no row for validation: 0.25 of 8 rows (2 distinct texts)",)


def test_numbers_are_cut_by_quantiles() -> None:
    values = [float(value) for value in np.random.default_rng(0).permutation(100)]
    data = Dataset([f"t{value}" for value in values], values, task="regress")
    train, valid = split(data, 0.2, seed=3)
    assert valid.targets is not None
    assert Counter(int(float(value)) // 10 for value in valid.targets) == dict.fromkeys(range(10), 2)
    assert len(train) == 80


def test_few_numbers_and_none() -> None:
    few = Dataset(["a", "b", "c"], [1.0, 2.0, 3.0], task="regress")
    assert len(split(few, 0.34, 1)[1]) == 1
    empty = Dataset([], [], task="regress")
    assert [len(part) for part in split(empty, 0.5, 1)] == [0, 0]


def test_unlabelled_rows_and_pairs() -> None:
    train, valid = split(Dataset([(str(n), "b") for n in range(10)], None), 0.3, 1)
    assert (len(train), len(valid), valid.targets) == (7, 3, None)


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 30)), min_size=1, max_size=60),
    st.floats(0, 0.99),
    st.integers(0, 1000),
)
def test_any_split_keeps_all_rows_all_classes_and_no_leak(
    rows: list[tuple[str, int]], fraction: float, seed: int
) -> None:
    data = labelled([label for label, _ in rows], [f"text {number}" for _, number in rows])
    train, valid = split(data, fraction, seed)
    assert train.rows is not None
    assert valid.rows is not None
    assert sorted(train.rows + valid.rows) == list(range(2, len(rows) + 2))
    assert all(train.counts().values())
    assert not set(train.inputs) & set(valid.inputs)
