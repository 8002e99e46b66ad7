"""What a caller asks about: texts, or pairs of texts, and nothing that merely looks like a list of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from limbeck.errors import DataError, first_ones
from limbeck.text import Input

_PROBLEMS_SHOWN = 5
_LONGEST_SHOWN = 60


def checked(inputs: Iterable[Any], *, pairs: bool) -> list[Input]:
    """The inputs as a list; lists of two texts count as pairs, since json knows no tuples.

    Args:
        inputs: what is asked about.
        pairs: whether the model takes pairs of texts.

    Raises:
        DataError: it is no list of texts, or of pairs; wrong inputs are named by their position.
    """
    wanted, several, example = _PAIRS if pairs else _TEXTS
    if isinstance(inputs, str):
        raise DataError(f"{_shown(inputs)} is no list of {several}; give one: [{example}]")
    if isinstance(inputs, (bytes, dict)) or not _is_iterable(inputs):
        raise DataError(
            f"{_shown(inputs)} is neither {wanted} nor a list of {several}; "
            f"give one, such as {example}, or several, such as [{example}]"
        )
    if hasattr(inputs, "columns"):  # a frame gives its headings, one by one
        raise DataError(f"a table (of type {type(inputs).__name__}) is no list of {several}; give one column of it")
    found: list[Input] = []
    wrong = []
    for n, item in enumerate(inputs):
        if pairs and isinstance(item, (tuple, list)) and is_pair(item):
            found.append((item[0], item[1]))
        elif not pairs and isinstance(item, str):
            found.append(item)
        else:
            wrong.append(f"input {n} is {_shown(item)}; this model takes {wanted}, such as {example}")
    if wrong:
        raise DataError(first_ones(wrong, most=_PROBLEMS_SHOWN))
    return found


def is_pair(item: Sequence[Any]) -> bool:
    """Whether these are two texts."""
    return len(item) == 2 and all(isinstance(text, str) for text in item)


_TEXTS = ("a text", "texts", '"A text."')
_PAIRS = ("a pair of texts", "pairs of texts", '("A first text.", "A second.")')
"""One input and several in words, and an example."""


def _is_iterable(inputs: object) -> bool:
    """Whether it can be gone through; an array without dimensions only says so."""
    try:
        iter(inputs)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True


def _shown(item: object) -> str:
    value = repr(item)
    cut = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 3] + "..."
    return f"{cut} (of type {type(item).__name__})"
