"""Slices: figures by hand, the order of what is surely bad, and how columns and lengths are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect.shares import wilson
from limbeck.inspect.slices import column_parts, length_bins, make_slices


def test_figures_and_rows_without_an_answer() -> None:
    values = np.array([1.0, 0.0, 1.0, np.nan])
    found = make_slices(values, {"topic": ["a", "a", "b", "b"]}, share=True)
    assert [(one.by, one.value, one.n_rows) for one in found] == [("topic", "a", 2), ("topic", "b", 1)]
    assert found[0].measure == wilson(1, 2)


def test_one_wrong_row_does_not_hide_a_hundred_of_which_a_third_are() -> None:
    # upper ends: 0 of 1 has 0.793, 200 of 300 has 0.718
    values = np.array([0.0] + [0.0] * 100 + [1.0] * 200 + [1.0] * 50)
    names = ["few"] + ["many"] * 300 + ["fine"] * 50
    assert [one.value for one in make_slices(values, {"by": names}, share=True)] == ["many", "few", "fine"]


def test_errors_of_numbers_come_greatest_first() -> None:
    values = np.array([1.0, 1.2, 5.0, 5.2])
    found = make_slices(values, {"by": ["small", "small", "great", "great"]}, share=False)
    assert [(one.value, round(one.measure.value, 6)) for one in found] == [("great", 5.1), ("small", 1.1)]


def test_lengths_are_cut_at_quantiles_and_equal_ones_stay_together() -> None:
    assert length_bins(np.array([7, 7, 7])) == ["7 tokens"] * 3
    assert length_bins(np.array([1] * 9 + [50]), "words") == ["1 words"] * 9 + ["50 words"]
    assert length_bins(np.zeros(0, np.int64)) == []


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_bins_hold_their_lengths(lengths: list[int]) -> None:
    names = length_bins(np.array(lengths))
    assert len(set(names)) <= 5
    for length, name in zip(lengths, names, strict=True):
        low, _, high = name.removesuffix(" tokens").partition("-")
        assert int(low) <= length <= int(high or low)


def test_a_column_of_few_values_is_taken_as_it_is() -> None:
    assert column_parts(["red", " blue ", None, "", "red"]) == ["red", "blue", "(no value)", "(no value)", "red"]
    assert column_parts(["1", "5"]) == ["1", "5"]


def test_a_column_of_many_numbers_is_binned() -> None:
    parts = column_parts([str(n) for n in range(100)] + [None])
    assert parts[0] == "0-19" and parts[99] == "80-99" and parts[100] == "(no value)"


def test_of_many_values_the_most_frequent_are_kept() -> None:
    cells = ["often", "often", *(f"once {n:02d}" for n in range(40))]
    parts = column_parts(cells)
    assert parts[0] == "often" and parts[2] == "once 00"
    assert parts[-1] == "(11 other values)" and len(set(parts)) == 31


@pytest.mark.parametrize("share", [True, False])
def test_nothing(share: bool) -> None:
    assert make_slices(np.zeros(0), {"by": []}, share=share) == []


def test_bins_of_great_numbers_have_names_of_their_own() -> None:
    parts = column_parts([str(1_700_000_000 + 7 * n) for n in range(100)])
    assert parts[0] == "1700000000-1700000133" and len(set(parts)) == 5
    assert set(column_parts([f"0.{n:02d}" for n in range(1, 100)])) >= {"0.01-0.2", "0.81-0.99"}


def test_one_row_with_a_great_error_is_not_surely_worse_than_a_hundred() -> None:
    values = np.array([3.0, *([2.0, 3.2] * 50), *([1.0, 2.2] * 50)])
    names = ["one"] + ["bad"] * 100 + ["fine"] * 100
    found = make_slices(values, {"by": names}, share=False)
    assert [one.value for one in found] == ["bad", "fine", "one"]
    one = found[2].measure
    assert one.value == 3.0 and one.high - one.value == pytest.approx(1.959964 * values.std(), abs=1e-5)
