"""Progress on stderr: a bar on a terminal, sparse plain lines elsewhere, nothing for work that ends soon."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

BAR_AFTER_S = 2.0
LINE_EVERY_S = 30.0
_SAMPLE_BYTES = 1 << 18


class Progress:
    """Counts rows, and shows them once they take long. A context manager.

    Args:
        what: the work, in a word.
        total: rows in all, or None; a guess will do.
        file: where it is shown; stderr when None.
    """

    def __init__(self, what: str, total: int | None = None, file: TextIO | None = None) -> None:
        self.what = what
        self.rows = 0
        self._file = file or sys.stderr
        self._started = self._shown = time.monotonic()
        self._bar: Any = None
        if self._file.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=what, total=total, unit=" rows", file=self._file, delay=BAR_AFTER_S, dynamic_ncols=True
            )

    def advance(self, n_rows: int) -> None:
        """Count rows that are done."""
        self.rows += n_rows
        if self._bar is not None:
            self._bar.update(n_rows)
            return
        now = time.monotonic()
        if now - self._shown >= LINE_EVERY_S:
            self._shown = now
            rate = self.rows / (now - self._started)
            print(f"{self.what}: {self.rows:,} rows, {rate:,.0f} a second", file=self._file, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def guess_rows(path: Path) -> int | None:
    """Guess a text file's rows from the lines of its beginning; None for other files."""
    if path.suffix.lower() == ".parquet" or not path.is_file():
        return None
    with path.open("rb") as file:
        beginning = file.read(_SAMPLE_BYTES)
    lines = beginning.count(b"\n")
    return round(lines * path.stat().st_size / len(beginning)) if lines else None
