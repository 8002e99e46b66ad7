"""Open a text file strictly: a byte that does not fit the encoding is an error that says where it stands.

Guessing another encoding was rejected: a wrong guess gives wrong letters in silence. Not a format of its own.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from limbeck.errors import DataError

_CHUNK_BYTES = 1 << 20


@contextmanager
def open_text(path: Path, encoding: str, newline: str | None = "") -> Iterator[TextIO]:
    """Open for strict reading; a byte-order mark is taken off.

    Raises:
        DataError: unknown encoding, no such file, or (while reading) bytes that do not fit the encoding.
    """
    codec = resolve(encoding)
    try:
        with path.open(encoding=codec, newline=newline, errors="strict") as file:
            yield file
    except UnicodeError:
        raise DataError(bad_byte_message(path, codec)) from None
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror or error}") from None


def resolve(encoding: str) -> str:
    """Give the codec to read with: ``utf-8`` becomes ``utf-8-sig``.

    >>> resolve("UTF8"), resolve("latin-1")
    ('utf-8-sig', 'iso8859-1')
    """
    try:
        name = codecs.lookup(encoding).name
        b"    ".decode(name, errors="ignore")  # rot13 and its like are no text encodings
    except LookupError:
        raise DataError(f"no encoding is called {encoding!r}; --encoding takes utf-8, cp1252, utf-16, ...") from None
    return "utf-8-sig" if name == "utf-8" else name


def bad_byte_message(path: Path, codec: str) -> str:
    """Find the first byte that does not fit and say where: byte offset from 0, line from 1."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    begin, n_lines, held = 0, 0, 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            try:
                n_lines += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                skipped = held + len(chunk) - len(error.object)  # a byte-order mark
                return _message(path, codec, begin - held + skipped, n_lines, error)
            except UnicodeError as error:
                return f"{path} is not {_shown(codec)}: {error}; name its encoding with --encoding"
            if not chunk:
                return f"{path} is not {_shown(codec)}; name its encoding with --encoding"
            begin += len(chunk)
            held = len(decoder.getstate()[0])


def _message(path: Path, codec: str, begin: int, n_lines: int, error: UnicodeDecodeError) -> str:
    line = n_lines + error.object[: error.start].decode(codec, errors="replace").count("\n") + 1
    wide = not begin and error.object[:2] in (b"\xff\xfe", b"\xfe\xff")
    return (
        f"{path}, line {line}: byte 0x{error.object[error.start]:02X} at offset {begin + error.start} is not "
        f"{_shown(codec)}{' (it begins like utf-16)' if wide else ''}; name the file's encoding, "
        f"for example --encoding {'utf-16' if wide else 'cp1252'}"
    )


def _shown(codec: str) -> str:
    return "utf-8" if codec == "utf-8-sig" else codec
