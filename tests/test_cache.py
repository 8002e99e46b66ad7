from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from limbeck import cache


def test_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LIMBECK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.cache_dir() == tmp_path / "home" / ".cache" / "limbeck"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_dir() == tmp_path / "xdg" / "limbeck"
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "own"))
    assert cache.cache_dir() == tmp_path / "own"


def test_without_a_home_nothing_is_found_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("LIMBECK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    cache.remember("kind", "key", {"a": 1})
    assert cache.recall("kind", "key") is None


def test_what_is_remembered_is_recalled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
    assert cache.recall("kind", "key") is None
    cache.remember("kind", "key", {"a": 1.5})
    assert cache.recall("kind", "key") == {"a": 1.5}
    assert [path.name for path in (tmp_path / "kind").iterdir()] == ["key.json"]


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff"])
def test_a_damaged_record_is_no_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "key.json").write_bytes(content)
    assert cache.recall("kind", "key") is None


def test_a_file_in_the_way_is_no_error_to_remember_but_one_to_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "file"))
    cache.remember("kind", "key", {"a": 1})
    with pytest.raises(OSError, match="file"):
        cache.write_whole(tmp_path / "file" / "below", b"x")


def test_a_write_that_fails_leaves_the_former_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "whole"
    cache.write_whole(path, b"former")

    def fail(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        cache.write_whole(path, b"latter")
    assert path.read_bytes() == b"former"
    assert [entry.name for entry in tmp_path.iterdir()] == ["whole"]


def test_a_process_of_another_user_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert cache.is_alive(1)
    monkeypatch.setattr(sys, "platform", "win32")
    assert cache.is_alive(99_999_999)  # asking would end it there
