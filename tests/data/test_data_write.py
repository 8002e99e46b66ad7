"""A written file appears whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from limbeck.data import open_rows, open_writer
from limbeck.errors import DataError

SUFFIXES = [".csv", ".tsv", ".jsonl", ".parquet"]


@pytest.fixture(params=SUFFIXES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == ".parquet":
        pytest.importorskip("pyarrow")
    return tmp_path / f"out{request.param}"


def test_the_file_appears_on_closing(target: Path) -> None:
    writer = open_writer(target, ["text", "p"])
    writer.write([{"text": "a", "p": 0.5}])
    assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == [writer.partial.name] != [target.name]
    writer.close()
    writer.close()
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert [row.cells["text"] for row in open_rows(target)] == ["a"]
    with pytest.raises(ValueError, match="was closed"):
        writer.write([])


def test_an_error_in_the_block_leaves_nothing(target: Path) -> None:
    with pytest.raises(RuntimeError), open_writer(target, ["text"]) as writer:
        writer.write([{"text": "a"}])
        raise RuntimeError
    assert list(target.parent.iterdir()) == []


def test_an_error_in_the_rows_leaves_nothing(target: Path) -> None:
    def rows() -> object:
        yield {"text": "a"}
        raise DataError("damaged")

    writer = open_writer(target, ["text"])
    with pytest.raises(DataError, match="damaged"):
        writer.write(rows())  # type: ignore[arg-type]
    assert list(target.parent.iterdir()) == []
    writer.close()
    assert list(target.parent.iterdir()) == []


def test_two_that_write_one_file_do_not_mix(target: Path) -> None:
    def write(text: str) -> None:
        with open_writer(target, ["text"]) as writer:
            writer.write([{"text": text}] * 3)
            both_write.wait()

    both_write = threading.Barrier(2, timeout=60)
    with ThreadPoolExecutor() as pool:
        list(pool.map(write, ["first", "second"]))
    assert [row.cells["text"] for row in open_rows(target)] in (["first"] * 3, ["second"] * 3)
    assert list(target.parent.iterdir()) == [target]


def test_a_disk_that_is_full_to_the_end_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    writer = open_writer(tmp_path / "out.csv", ["text"])
    writer._file.close()
    monkeypatch.setattr(writer, "_file", io.BufferedWriter(Full()))
    monkeypatch.setattr(writer._encoder, "_file", writer._file)
    with pytest.raises(OSError, match="No space left"):
        writer.write([{"text": "x" * 999}] * 99)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [f".out.csv.partial-{os.getpid()}-1", f".other.csv.partial-{dead.pid}-1", ".out.csv.partial-notes-1"]
    for name in [f".out.csv.partial-{dead.pid}-1", *kept]:
        (tmp_path / name).touch()
    open_writer(tmp_path / "out.csv", ["text"]).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "out.csv"])


def test_an_earlier_file_survives_an_error(target: Path) -> None:
    with open_writer(target, ["text"]) as writer:
        writer.write([{"text": "old"}])
    with pytest.raises(RuntimeError), open_writer(target, ["text"]) as writer:
        raise RuntimeError
    assert [row.cells["text"] for row in open_rows(target)] == ["old"]


def test_an_error_on_renaming_leaves_no_partial(target: Path) -> None:
    writer = open_writer(target, ["text"])
    target.mkdir()
    (target / "in the way").touch()
    with pytest.raises(OSError, match="directory"):
        writer.close()
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_file_can_be_rewritten_from_itself(target: Path) -> None:
    with open_writer(target, ["text"]) as writer:
        writer.write([{"text": "a"}, {"text": "b"}])
    source = open_rows(target)
    with open_writer(target, ["text", "n"], like=source) as writer:
        writer.write({**row.cells, "n": str(row.line)} for row in source)
    assert [row.cells["text"] for row in open_rows(target)] == ["a", "b"]
    assert open_rows(target).columns == ["text", "n"]


def test_targets_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot write '.*none/f\.csv': No such file or directory"):
        open_writer(tmp_path / "none" / "f.csv", ["text"])
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"folder\.csv' is a folder; name a file to write"):
        open_writer(tmp_path / "folder.csv", ["text"])
    with pytest.raises(DataError, match=r"cannot write '.*f\.cvs' by its suffix '\.cvs': use '\.csv' \(nearest\)"):
        open_writer(os.fspath(tmp_path / "f.cvs"), ["text"])
