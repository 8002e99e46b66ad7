"""Inputs, targets, class names and a fingerprint: what every source of labelled text becomes.

Class names are the strings that stand in the source, without surrounding white space: ``10`` stays ``"10"``, ``True``
stays ``"True"``. Mapping them to numbers on reading was rejected: a mapping's order is lost more easily than a name.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from limbeck.data.rows import where
from limbeck.text import Input

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Dataset:
    """Labelled (or, with ``targets`` None, unlabelled) inputs in the order of their source."""

    inputs: list[Input]
    targets: list[str] | list[float] | None
    """Class names for ``classify``, finite numbers for ``regress``."""
    task: str = "classify"
    """``classify`` or ``regress``."""
    classes: tuple[str, ...] = ()
    """By numeric value when all names are numbers, else by code point; empty for ``regress``."""
    name: str = "data"
    """Where it came from, for messages."""
    notices: tuple[str, ...] = ()
    """What was decided or left out on the way here, one line each."""
    rows: tuple[int, ...] | None = None
    """Line numbers in the source (rows of a parquet file), counted from 1, where known."""
    unit: str = "line"
    """What ``rows`` counts: ``line``, ``row`` or ``file``."""
    places: tuple[str, ...] = ()
    """What the first of these and the others are called, where that says more than a number (files)."""
    columns: tuple[str | None, str | None, str | None] = (None, None, None)
    """Names of the columns of texts, second texts and labels in the source, where it has names."""
    corrections: dict[str, Any] | None = None
    """By which file labels were corrected, and in how many rows, where :mod:`limbeck.data.corrections` did."""

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def column_names(self) -> dict[str, str | None]:
        """:attr:`columns` under the names of the arguments and flags that choose them."""
        return dict(zip(("text_column", "text_pair_column", "label_column"), self.columns, strict=True))

    @property
    def is_pairs(self) -> bool:
        """Whether an input is two texts; False when there are none."""
        return bool(self.inputs) and not isinstance(self.inputs[0], str)

    @cached_property
    def ids(self) -> list[bytes]:
        """One id of 16 bytes an input, equal for equal inputs: see :func:`input_id`."""
        return [input_id(item) for item in self.inputs]

    @cached_property
    def fingerprint(self) -> str:
        """Hex sha256 over all ids and targets in order.

        A class name enters as its length in bytes (8 bytes, big endian) and its utf-8, a number as a big-endian double.
        """
        digest = hashlib.sha256()
        for key, target in zip(self.ids, self._target_bytes(), strict=True):
            digest.update(key + target)
        return digest.hexdigest()

    def where(self, rows: Iterable[int]) -> str:
        """Name the places in the source of the rows at these indices, the first ten one by one.

        >>> Dataset(["a", "b"], None, rows=(2, 5)).where([0, 1]), Dataset(["a"], None).where([0])
        ('lines 2, 5', 'row 1')
        """
        return where([self.place(row) or row + 1 for row in rows], "row" if self.rows is None else self.unit)

    def place(self, row: int) -> int | str | None:
        """Where the row at this index stands in the source: its number or its file's name; None where unknown."""
        if self.rows is None:
            return None
        return self.places[self.rows[row] - 1] if self.places else self.rows[row]

    def take(self, indices: Iterable[int]) -> Dataset:
        """Give the rows at ``indices`` in that order, with the same classes and no notices."""
        chosen = [int(index) for index in indices]
        targets: list[str] | list[float] | None = self.targets
        if self.targets is not None:
            targets = [self.targets[index] for index in chosen]  # type: ignore[assignment]
        return replace(
            self,
            inputs=[self.inputs[index] for index in chosen],
            targets=targets,
            notices=(),
            rows=None if self.rows is None else tuple(self.rows[index] for index in chosen),
        )

    def counts(self) -> dict[str, int]:
        """Rows of each class in class order, 0 included; empty for ``regress`` and without targets."""
        found = dict.fromkeys(self.classes, 0)
        for target in self.targets or ():
            if isinstance(target, str):
                found[target] = found.get(target, 0) + 1
        return found

    def _target_bytes(self) -> Iterator[bytes]:
        for target in self.targets if self.targets is not None else [None] * len(self):
            if target is None:
                yield b""
            elif isinstance(target, str):
                raw = _utf8(target)
                yield len(raw).to_bytes(8, "big") + raw
            else:
                yield struct.pack(">d", target)


def input_id(item: Input) -> bytes:
    """Give the first 16 bytes of the sha256 of an input.

    A text is hashed as utf-8; a pair as the length of the first text's utf-8 (8 bytes, big endian), the first, the
    second. Lone surrogates pass as they are.

    >>> input_id("fine").hex()
    'd14a58bae804a2b80b5b76a010239c88'
    """
    if isinstance(item, str):
        return hashlib.sha256(_utf8(item)).digest()[:16]
    first, second = _utf8(item[0]), _utf8(item[1])
    return hashlib.sha256(len(first).to_bytes(8, "big") + first + second).digest()[:16]


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort distinct class names: by value when all are numbers, else by code point.

    >>> class_order(["10", "9", "2", "9"])
    ('2', '9', '10')
    >>> class_order(["10", "9", "late"])
    ('10', '9', 'late')
    """
    distinct = sorted(set(names))
    values = [number(name) for name in distinct]
    if any(value is None for value in values):
        return tuple(distinct)
    return tuple(sorted(distinct, key=lambda name: (number(name) or 0.0, name)))


def number(text: str) -> float | None:
    """Read a finite decimal number, or give None: ``nan``, ``inf``, ``1_000`` and ``1,5`` are none.

    >>> number("-2.50"), number("nan"), number("1_000")
    (-2.5, None, None)
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    return value if math.isfinite(value) else None


def numbers(texts: Sequence[str]) -> list[float] | None:
    """Read all of ``texts`` as numbers, or give None when one of them is not."""
    values = []
    for text in texts:
        value = number(text)
        if value is None:
            return None
        values.append(value)
    return values


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")
