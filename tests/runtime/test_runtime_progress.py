from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from limbeck.runtime import progress as room
from limbeck.runtime.progress import Progress, guess_rows


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_short_work_shows_nothing() -> None:
    for file in (io.StringIO(), Terminal()):
        with Progress("predict", 100, file) as progress:
            for _ in range(10):
                progress.advance(10)
        assert progress.rows == 100
        assert file.getvalue() == ""


def test_long_work_writes_sparse_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    file = io.StringIO()
    with Progress("predict", None, file) as progress:
        for _ in range(4):
            progress.advance(1000)
    assert file.getvalue().splitlines() == ["predict: 2,000 rows, 50 a second", "predict: 4,000 rows, 50 a second"]
    assert not set("\r\x1b") & set(file.getvalue())


def test_a_terminal_gets_a_bar_once_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BAR_AFTER_S", 0.0)
    file = Terminal()
    with Progress("predict", 100, file) as progress:
        progress.advance(50)
    assert "predict" in file.getvalue()
    assert "50/100" in file.getvalue()


def test_rows_are_guessed_from_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text\n" + "abcd\n" * 99)
    assert guess_rows(path) == 100
    monkeypatch.setattr(room, "_SAMPLE_BYTES", 50)
    assert guess_rows(path) == 100
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "one.csv").write_text("text")
    (tmp_path / "rows.parquet").write_text("text\n")
    for name in ("empty.csv", "one.csv", "rows.parquet", "missing.csv"):
        assert guess_rows(tmp_path / name) is None
