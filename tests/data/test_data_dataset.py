"""Ids and fingerprints against sha256 by hand, class order, taking rows."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.data import Dataset, class_order, input_id
from limbeck.data.dataset import number, numbers


def test_id_of_a_text_is_the_start_of_its_sha256() -> None:
    # printf fine | sha256sum
    assert input_id("fine").hex() == "d14a58bae804a2b80b5b76a010239c88"
    assert input_id("") == hashlib.sha256(b"").digest()[:16]


def test_id_of_a_pair_holds_the_length_of_the_first_text() -> None:
    raw = b"\x00\x00\x00\x00\x00\x00\x00\x03" + "aé".encode() + b"b"
    assert input_id(("aé", "b")) == hashlib.sha256(raw).digest()[:16]
    assert input_id(("ab", "c")) != input_id(("a", "bc"))


def test_id_of_a_lone_surrogate_passes() -> None:
    assert input_id("\ud83d") == hashlib.sha256(b"\xed\xa0\xbd").digest()[:16]


def test_fingerprint_of_classes_by_hand() -> None:
    data = Dataset(["good", "bad"], ["yes", "no"], classes=("no", "yes"))
    parts = [
        hashlib.sha256(b"good").digest()[:16],
        b"\x00\x00\x00\x00\x00\x00\x00\x03yes",
        hashlib.sha256(b"bad").digest()[:16],
        b"\x00\x00\x00\x00\x00\x00\x00\x02no",
    ]
    assert data.fingerprint == hashlib.sha256(b"".join(parts)).hexdigest()


def test_fingerprint_of_numbers_by_hand() -> None:
    data = Dataset([("a", "b")], [0.5], task="regress")
    assert data.fingerprint == hashlib.sha256(input_id(("a", "b")) + struct.pack(">d", 0.5)).hexdigest()


def test_fingerprint_sees_order_and_targets_but_not_the_name() -> None:
    data = Dataset(["a", "b"], ["x", "y"], classes=("x", "y"))
    assert data.fingerprint == Dataset(["a", "b"], ["x", "y"], classes=("x", "y"), name="other").fingerprint
    assert data.fingerprint != data.take([1, 0]).fingerprint
    assert data.fingerprint != Dataset(["a", "b"], ["y", "x"], classes=("x", "y")).fingerprint
    assert data.fingerprint != Dataset(["a", "b"], None).fingerprint


def test_take_keeps_classes_and_lines_and_drops_notices() -> None:
    data = Dataset(["a", "b", "c"], ["x", "y", "x"], classes=("x", "y"), name="f", notices=("n",), rows=(2, 3, 5))
    part = data.take([2, 0])
    assert (part.inputs, part.targets, part.rows) == (["c", "a"], ["x", "x"], (5, 2))
    assert (part.classes, part.name, part.notices) == (("x", "y"), "f", ())
    assert part.counts() == {"x": 2, "y": 0}
    assert part.ids == [input_id("c"), input_id("a")]


def test_take_of_unlabelled_rows() -> None:
    part = Dataset(["a", "b"], None).take([1])
    assert (part.inputs, part.targets, part.rows, part.counts()) == (["b"], None, None, {})


def test_pairs_are_seen() -> None:
    assert Dataset([("a", "b")], None).is_pairs
    assert not Dataset(["a"], None).is_pairs
    assert not Dataset([], None).is_pairs


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["10", "9", "2"], ("2", "9", "10")),
        (["10", "9", "late"], ("10", "9", "late")),
        (["1", "-1", "0.5"], ("-1", "0.5", "1")),
        (["1", "1.0", "01"], ("01", "1", "1.0")),
        (["b", "B", "ä", "a"], ("B", "a", "b", "ä")),
        (["nan", "1"], ("1", "nan")),
        (["True", "10", "9", "déjà payé", "refund: late"], ("10", "9", "True", "déjà payé", "refund: late")),
        ([], ()),
    ],
)
def test_class_order(names: list[str], ordered: tuple[str, ...]) -> None:
    assert class_order(names) == ordered


@given(st.lists(st.text(max_size=3)))
def test_class_order_holds_each_name_once_whatever_their_order(names: list[str]) -> None:
    assert sorted(class_order(names)) == sorted(set(names))
    assert class_order(names) == class_order(reversed(names))


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "1,5", "", "0x10", "1e999", "١"])
def test_what_is_no_number(text: str) -> None:
    assert number(text) is None


def test_numbers_reads_all_or_none() -> None:
    assert numbers(["1", " 2.5 ", "-3e1"]) == [1.0, 2.5, -30.0]
    assert numbers(["1", "x"]) is None
