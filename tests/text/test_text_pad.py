"""Rows of unlike length as one rectangle."""

from __future__ import annotations

import numpy as np
import pytest

from limbeck.text.pad import pad

ROWS = [np.array([5, 6, 7], np.int32), np.array([8], np.int32), np.zeros(0, np.int32)]
TYPES = [np.array([0, 1, 1], np.int32), np.array([1], np.int32), np.zeros(0, np.int32)]


def test_short_rows_are_filled_and_masked() -> None:
    arrays = pad(ROWS, TYPES, 9)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "input_ids": [[5, 6, 7], [8, 9, 9], [9, 9, 9]],
        "attention_mask": [[1, 1, 1], [1, 0, 0], [0, 0, 0]],
        "token_type_ids": [[0, 1, 1], [1, 0, 0], [0, 0, 0]],
    }
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.int64)}


def test_no_rows_are_an_empty_rectangle() -> None:
    assert {array.shape for array in pad([], [], 0).values()} == {(0, 0)}


def test_rows_and_types_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="come in pairs"):
        pad(ROWS, TYPES[:2], 0)
    with pytest.raises(ValueError, match="come in pairs"):
        pad(ROWS[:1], [np.array([0, 1], np.int32)], 0)
