"""What counts as a list of texts, and what only looks like one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from limbeck.errors import DataError
from limbeck.runtime.inputs import checked


class Frame:
    """Gives its headings one by one, as frames of pandas do."""

    columns = ("text", "label")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


@pytest.mark.parametrize("inputs", [["a", "b"], ("a", "b"), iter("ab"), np.array(["a", "b"]), {"a": 0, "b": 1}.keys()])
def test_anything_that_gives_texts(inputs: Any) -> None:
    assert checked(inputs, pairs=False) == ["a", "b"]


def test_lists_of_two_are_pairs() -> None:
    assert checked([["a", "b"], ("c", "d")], pairs=True) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (Frame(), r"a table \(of type Frame\) is no list of texts; give one column of it"),
        (np.array("one text"), r"is neither a text nor a list of texts; give one, such as"),
        ("a text", r"'a text' \(of type str\) is no list of texts; give one: \[\"A text.\"\]"),
        ([1] * 7, r"(?s)6 problems:.*input 4 is 1 \(of type int\).*and 2 more"),
        (["x" * 100, b"y" * 100], r"input 1 is b'y{55}\.\.\. \(of type bytes\); this model takes a text"),
    ],
)
def test_what_is_no_list_of_texts(inputs: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked(inputs, pairs=False)
