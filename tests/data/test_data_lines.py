"""The lines of a pipe: as they come, in order, with their numbers; what cannot be read is named."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.data import lines
from limbeck.data.lines import Lines
from limbeck.data.rows import Row
from limbeck.errors import DataError


class Slow:
    """Bytes in the pieces in which somebody wrote them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = iter([*pieces, b""])

    def read1(self, size: int = -1, /) -> bytes:
        return next(self.pieces)


def texts(content: bytes, **options: str) -> list[object]:
    return [row.cells["text"] for row in Lines(io.BytesIO(content), **options)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\n\r\ntwo\r\n", ["one", "", "two"]),
        (b"\n", [""]),
        (b"one\n\n", ["one", ""]),
        (b"a\x00b\x0bc\x1cd\xc2\x85e\n", ["a\x00b\x0bc\x1cd\x85e"]),
        ("\ufeffcafé\n".encode(), ["café"]),
        (b"one\rtwo\n", ["one\rtwo"]),
    ],
)
def test_a_line_feed_ends_a_text_and_nothing_else(content: bytes, expected: list[str]) -> None:
    assert texts(content) == expected


def test_what_has_come_is_given_at_once() -> None:
    chunks = Lines(Slow([b"one\ntwo\nth", b"ree", b"\n", b"four\nfive\n"])).chunks(100)
    assert list(chunks) == [
        [Row(1, {"text": "one"}), Row(2, {"text": "two"})],
        [Row(3, {"text": "three"})],
        [Row(4, {"text": "four"}), Row(5, {"text": "five"})],
    ]


def test_no_more_rows_at_a_time_than_asked() -> None:
    chunks = list(Lines(io.BytesIO(b"a\n" * 10)).chunks(4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert [row.line for chunk in chunks for row in chunk] == list(range(1, 11))


@given(
    st.lists(st.text(alphabet=st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]))),
    st.integers(1, 7),
)
def test_pieces_of_any_size_give_the_same_lines(parts: list[str], size: int) -> None:
    content = "".join(f"{part}\n" for part in parts).encode()
    if not content:
        return
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    assert [row.cells["text"] for row in Lines(Slow(pieces))] == parts


@pytest.mark.parametrize(("encoding", "bytes_"), [("cp1252", b"caf\xe9\n"), ("utf-16", "café\n".encode("utf-16"))])
def test_encodings(encoding: str, bytes_: bytes) -> None:
    assert texts(bytes_, encoding=encoding) == ["café"]


def test_nothing_is_an_error() -> None:
    with pytest.raises(
        DataError, match="there is nothing on standard input; give lines, one text each, or name a text"
    ):
        texts(b"")
    assert Lines(io.BytesIO(b"")).sample() == []


def test_a_byte_that_does_not_fit_is_named_and_the_lines_before_it_are_given() -> None:
    given_rows = []
    with pytest.raises(DataError) as caught:
        for rows in Lines(io.BytesIO(b"one\ntwo\ncaf\xe9\nfour\n")).chunks(100):
            given_rows += rows
    assert [row.line for row in given_rows] == [1, 2]
    assert str(caught.value) == (
        "standard input, line 3: byte 0xE9 is not utf-8; name its encoding, for example --encoding cp1252"
    )


def test_utf_16_is_recognised() -> None:
    with pytest.raises(DataError, match=r"line 1: byte 0xFF .*begins like utf-16.*--encoding utf-16"):
        texts("one\n".encode("utf-16-le").join([b"\xff\xfe", b""]))
    with pytest.raises(DataError, match=r"standard input is damaged, or is not utf-16: .*--encoding"):
        texts(b"abc", encoding="utf-16")
    with pytest.raises(DataError, match="no encoding is called 'utf-9'"):
        Lines(io.BytesIO(b""), encoding="utf-9")


def test_what_is_no_text_is_refused_before_a_line_is_given() -> None:
    with pytest.raises(DataError, match="standard input looks like utf-16-le without a byte-order mark"):
        texts("one lamp\n".encode("utf-16-le"))
    with pytest.raises(DataError, match="standard input is packed by gzip: unpack it"):
        texts(b"\x1f\x8b\x08\x00")
    with pytest.raises(DataError, match=r"line 2: byte 0x81 is not cp1252; name its encoding, .* --encoding utf-8"):
        texts(b"one\n\x81\n", encoding="cp1252")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be"])
def test_byte_order_marks_come_off(encoding: str) -> None:
    raw = "\ufeff\ufeffone\n\ufefftwo\n".encode(encoding)
    pieces = [raw[start : start + 1] for start in range(len(raw))]
    rows = Lines(Slow(pieces), encoding=encoding)
    assert [row.cells["text"] for row in rows] == ["one", "\ufefftwo"]


def test_a_cut_off_character_at_the_end_is_named() -> None:
    with pytest.raises(DataError, match="line 2: byte 0xC3 is not utf-8"):
        texts(b"one\n\xc3")


def test_an_endless_line_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_CHARACTERS", 1000)
    assert texts(b"x" * 900 + b"\n" + b"y" * 900) == ["x" * 900, "y" * 900]
    with pytest.raises(DataError, match="a line of standard input is longer than 1,000 characters"):
        texts(b"x" * 100_000)
