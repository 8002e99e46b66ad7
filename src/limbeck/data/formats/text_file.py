"""Open a text file strictly: a byte that does not fit the encoding is an error that says where it stands.

Guessing another encoding was rejected: a wrong guess gives wrong letters in silence. For the same reason a file that
begins as no text of its encoding does is refused, though its bytes may fit. Not a format of its own.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from limbeck.errors import DataError

_CHUNK_BYTES = 1 << 20
HEAD_BYTES = 4096
_NUL_SHARE = 0.2
"""More of a head's bytes are 0 where two or four of them are a character."""
_IN_PLACE = 0.9
"""So many of those zeros stand where the first character has its own; U+0100 and its like have another."""
_LEAST_BYTES = 8
"""Of fewer bytes a share tells nothing."""
_LEAST_WIDE = 3
"""Fewer characters of utf-8 could stand by chance among the signs of a code page, as of a text about such signs."""
_READ_FOR_ONE = 1 << 24
"""So many bytes of a file are asked whether they are utf-8."""
BYTE_ORDER_MARK = "\ufeff"
_MARK_OF_UTF_8 = b"\xef\xbb\xbf"
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    _MARK_OF_UTF_8: "utf-8",
}
"""Byte-order marks; a longer one stands before the one that it begins with."""
_WITHOUT_MARK = (("utf-32-be", (0, 0, 0, 1)), ("utf-32-le", (1, 0, 0, 0)), ("utf-16-be", (0, 1)), ("utf-16-le", (1, 0)))
"""Which bytes of the first character are not 0, in a text that begins with a Latin letter."""
_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive, as an Excel workbook is: save the sheet as csv, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as csv",
    b"\x1f\x8b": "packed by gzip: unpack it",
    b"PAR1\x15": "a parquet file: name it FILE.parquet",
}


@contextmanager
def open_text(path: Path, encoding: str, newline: str | None = "") -> Iterator[TextIO]:
    """Open for strict reading; byte-order marks are taken off.

    Raises:
        DataError: unknown encoding, no such file, a file that begins like another kind or encoding, or (while reading)
            bytes that do not fit the encoding.
    """
    codec = resolve(encoding)
    try:
        with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=codec, newline=newline, errors="strict") as file:
            if why := unlike(raw.peek(HEAD_BYTES)[:HEAD_BYTES], codec):
                raise DataError(f"{path} {why}")
            if raw.seekable():  # a pipe with a name is read as it comes
                _skip_marks(file)
            yield file
    except UnicodeError:
        raise DataError(bad_byte_message(path, codec, newline)) from None
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror or error}") from None


def _skip_marks(file: TextIO) -> None:
    n_marks = 0
    while file.read(1) == BYTE_ORDER_MARK:
        n_marks += 1
    file.seek(0)
    file.read(n_marks)


def resolve(encoding: str) -> str:
    """Give the codec to read with: ``utf-8`` becomes ``utf-8-sig``.

    >>> resolve("UTF8"), resolve("latin-1")
    ('utf-8-sig', 'iso8859-1')
    """
    try:
        name = codecs.lookup(encoding).name
        b"    ".decode(name, errors="ignore")  # rot13 and its like are no text encodings
    except (LookupError, ValueError):  # of idna, undefined, and names with a NUL
        raise DataError(f"no encoding is called {encoding!r}; --encoding takes utf-8, cp1252, utf-16, ...") from None
    return "utf-8-sig" if name == "utf-8" else name


def encoding_of(path: Path, encoding: str) -> str:
    """The encoding of one of several files, for which one was named: of a file that is utf-8, as tools write it, that.

    Such a file has the mark of utf-8, or was to be read by a code page and is utf-8 with a sign beyond ASCII, or as
    utf-16 or utf-32 and has no zero byte, as these have at each line's end.
    """
    codec = resolve(encoding)
    try:
        if codec == "utf-8-sig" or not path.is_file():
            return encoding
        with path.open("rb") as file:
            head = file.read(_READ_FOR_ONE)
    except OSError:  # whoever reads it says what is wrong
        return encoding
    is_narrow = codec.startswith(("utf-16", "utf-32")) and 0 not in head and _as_utf_8(head) is not None
    return "utf-8" if head.startswith(_MARK_OF_UTF_8) or is_narrow or _n_wide(head, codec) else encoding


def _n_wide(head: bytes, codec: str) -> int:
    """How many characters beyond ASCII are written as utf-8 writes them, in bytes that were to be read by a code page.

    None where one of them is not, or where the codec has characters of several bytes itself.
    """
    n_high = 0x80  # in a code page each of these bytes is a sign, or nothing
    if codec.startswith("utf") or len(bytes(range(n_high, 2 * n_high)).decode(codec, errors="replace")) != n_high:
        return 0
    return sum(character >= "\x80" for character in _as_utf_8(head) or "")


def _as_utf_8(head: bytes) -> str | None:
    """Bytes read as utf-8, but for a character that is cut at their end; None where they are none."""
    try:
        return codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        return None


def unlike(head: bytes, codec: str) -> str:
    """Why bytes that begin so are no text of this codec, in words behind the file's name; empty where they may be.

    Bytes that the codec itself finds wrong are left to it.

    >>> unlike(b"\\xef\\xbb\\xbftext", "cp1252")
    "begins with utf-8's byte-order mark and is to be read as cp1252: --encoding utf-8"
    """
    for signature, kind in _OTHER_KINDS.items():
        if head.startswith(signature):
            return f"is {kind}"
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if marked is not None:
        if codec.startswith((marked, "utf-8")):  # that utf-16 is not utf-8 is told with the byte
            return ""
        return f"begins with {marked}'s byte-order mark and is to be read as {codec}: --encoding {marked}"
    wide = codec.startswith(("utf-16", "utf-32"))
    if not wide and len(head) >= _LEAST_BYTES and head.count(0) >= _NUL_SHARE * len(head):
        for name, pattern in _WITHOUT_MARK:
            begins_so = tuple(bool(byte) for byte in head[: len(pattern)]) == pattern
            n_in_place = sum(head[place :: len(pattern)].count(0) for place, full in enumerate(pattern) if not full)
            if begins_so and n_in_place >= _IN_PLACE * head.count(0):
                return f"looks like {name} without a byte-order mark: --encoding {name}"
    if _n_wide(head, codec) >= _LEAST_WIDE:
        return f"looks like utf-8 and is to be read as {codec}: --encoding utf-8"
    return ""


def bad_byte_message(path: Path, codec: str, newline: str | None = "") -> str:
    """Find the first byte that does not fit and say where: byte offset from 0, line from 1, as ``newline`` ends one."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    begin, n_lines, held, last = 0, 0, 0, ""
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                skipped = held + len(chunk) - len(error.object)  # a byte-order mark
                n_lines += _line_ends(last, error.object[: error.start].decode(codec, errors="replace"), newline)
                return _message(path, codec, begin - held + skipped, n_lines + 1, error)
            except UnicodeError as error:
                return f"{path} is not {shown(codec)}: {error}; name its encoding with --encoding"
            if not chunk:
                return f"{path} is not {shown(codec)}; name its encoding with --encoding"
            n_lines += _line_ends(last, text, newline)
            begin += len(chunk)
            held, last = len(decoder.getstate()[0]), text[-1:]


def _line_ends(last: str, text: str, newline: str | None) -> int:
    """Count them as the reader of rows does: LF alone; or LF, CR and CR LF, which may stand across two chunks."""
    if newline == "\n":
        return text.count("\n")
    whole = last + text
    return whole.count("\n") + whole.count("\r") - whole.count("\r\n") - int(last in ("\n", "\r"))


def _message(path: Path, codec: str, begin: int, line: int, error: UnicodeDecodeError) -> str:
    hint = advice(codec, "" if begin else wide_of(error.object), "the file's")
    return (
        f"{path}, line {line}: byte 0x{error.object[error.start]:02X} at offset {begin + error.start} is not "
        f"{shown(codec)}{hint}"
    )


def wide_of(head: bytes) -> str:
    """Give the encoding of two or four bytes a character whose mark stands here, or nothing."""
    return next((name for mark, name in _MARKS.items() if name != "utf-8" and head.startswith(mark)), "")


def advice(codec: str, wide: str, whose: str) -> str:
    """Say what to do about a byte that is none of the codec's, behind its name; what was tried is not advised."""
    other = wide or ("cp1252" if codec == "utf-8-sig" else "utf-8")
    hint = f" (it begins like {wide})" if wide else ""
    return f"{hint}; name {whose} encoding, for example --encoding {other}"


def shown(codec: str) -> str:
    """The codec as people call it."""
    return "utf-8" if codec == "utf-8-sig" else codec
