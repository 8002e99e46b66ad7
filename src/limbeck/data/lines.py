"""The lines of a pipe as rows, one text each: read as they come, and once.

What has arrived is given at once, so that a slow writer's lines are answered while it goes on writing, and a fast
one's come many at a time. A byte that does not fit the encoding is an error that names its line; the lines before it
are given (of utf-16 and the like, those of the reads before).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from limbeck.data.formats.text_file import BYTE_ORDER_MARK, HEAD_BYTES, advice, resolve, shown, unlike, wide_of
from limbeck.data.rows import Row, where
from limbeck.errors import DataError

_READ_BYTES = 1 << 16
MAX_CHARACTERS = 1 << 26
"""A longer line is no text, and memory has an end."""
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that did not fit, as ``surrogateescape`` keeps them


class Stream(Protocol):
    """Bytes that come when they come: ``sys.stdin.buffer``, or a file opened for reading bytes."""

    def read1(self, size: int = -1, /) -> bytes:
        """What is there, at most so many bytes; waits for one; none at the end."""
        ...


class Lines:
    """What :class:`limbeck.data.RowSource` is for a file, for a pipe.

    Args:
        stream: where the lines come from.
        encoding: of its bytes.
        name: the source in messages.

    Raises:
        DataError: no encoding is called so.
    """

    unit = "line"
    schema: object = None

    def __init__(self, stream: Stream, *, encoding: str = "utf-8", name: str = "standard input") -> None:
        self.name = name
        self.columns = ["text"]
        self.notices: list[str] = []
        self._stream = stream
        self._codec = resolve(encoding)
        self._head = b""

    def sample(self, n_rows: int = 200) -> list[dict[str, object]]:
        """No rows: what is looked at ahead would be waited for."""
        del n_rows
        return []

    def where(self, lines: Sequence[int]) -> str:
        """Name lines for a message, the first ten one by one."""
        return where(lines, self.unit)

    def __iter__(self) -> Iterator[Row]:
        """The rows one by one."""
        for rows in self.chunks(1):
            yield from rows

    def chunks(self, n_rows: int) -> Generator[list[Row]]:
        """Give the rows as they come, at most ``n_rows`` at a time.

        Raises:
            DataError: there are none, a byte does not fit the encoding, or a line is endless.
        """
        line = 0
        for texts in self._texts():
            for start in range(0, len(texts), n_rows):
                rows = [Row(line + n, {"text": text}) for n, text in enumerate(texts[start : start + n_rows], start=1)]
                bad = next((n for n, row in enumerate(rows) if _bad(row)), len(rows))
                if bad:
                    yield rows[:bad]
                if bad < len(rows):
                    raise DataError(self._complaint(rows[bad]))
                line += len(rows)
        if not line:
            raise DataError(f"there is nothing on {self.name}; give lines, one text each, or name a text or a file")

    def _texts(self) -> Iterator[list[str]]:
        """Complete lines, those of one read together; the last needs no line feed."""
        decoder = codecs.getincrementaldecoder(self._codec)("surrogateescape")
        held: list[str] = []
        n_held = 0
        begun = False
        while data := self._stream.read1(_READ_BYTES):
            if not self._head:
                self._head = data[:HEAD_BYTES]
                if why := unlike(self._head, self._codec):
                    raise DataError(f"{self.name} {why}")
            text = self._decoded(decoder, data)
            if not begun:
                text = text.lstrip(BYTE_ORDER_MARK)
                begun = bool(text)
            first, *rest = text.split("\n")
            held.append(first)
            n_held += len(first)
            if n_held > MAX_CHARACTERS:
                raise DataError(
                    f"a line of {self.name} is longer than {MAX_CHARACTERS:,} characters; give a text a line"
                )
            if rest:
                lines = ["".join(held), *rest[:-1]]
                held, n_held = [rest[-1]], len(rest[-1])
                yield [text.removesuffix("\r") for text in lines]
        held.append(self._decoded(decoder, b"", final=True))
        if last := "".join(held):
            yield [last.removesuffix("\r")]

    def _decoded(self, decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> str:
        try:
            return decoder.decode(data, final)
        except UnicodeError as error:
            raise DataError(
                f"{self.name} is damaged, or is not {self._codec}: {error}; name its encoding with --encoding"
            ) from None

    def _complaint(self, row: Row) -> str:
        found = _ESCAPED.search(str(row.cells["text"]))
        byte = ord(found[0]) - 0xDC00 if found else 0
        wide = wide_of(self._head) if row.line == 1 else ""
        return (
            f"{self.name}, line {row.line}: byte 0x{byte:02X} is not {shown(self._codec)}"
            f"{advice(self._codec, wide, 'its')}"
        )


def _bad(row: Row) -> bool:
    text = str(row.cells["text"])
    return not text.isascii() and _ESCAPED.search(text) is not None
