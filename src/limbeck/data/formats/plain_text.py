"""Plain text, one text a line: read for prediction, with the one column ``text``; never written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from limbeck.data.formats.text_file import open_text
from limbeck.data.rows import Record, Row, RowSource

SUFFIXES = (".txt",)


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a text file; a blank line is a blank text, so that the answers keep the lines' order."""

    def rows() -> Iterator[Record]:
        with open_text(path, encoding, newline="\n") as file:
            for line, text in enumerate(file, start=1):
                yield Row(line, {"text": text.removesuffix("\n").removesuffix("\r")})

    return RowSource(str(path), ["text"], rows, skip_bad_rows=skip_bad_rows)
