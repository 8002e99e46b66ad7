from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from limbeck.pretrain import contents
from limbeck.pretrain.contents import content_of


def test_a_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes(b"one\n")
    os.utime(path, (1, 1))
    expected = hashlib.sha256(b"one\n").hexdigest()
    assert content_of(path) == expected
    monkeypatch.setattr(contents, "sha256", lambda path: "hashed again")
    assert content_of(path) == expected
    path.write_bytes(b"two\n")
    assert content_of(path) == "hashed again"


def test_a_file_changed_just_now_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes(b"one\n")
    monkeypatch.setattr(contents, "_SETTLED_NS", 10**15)
    content_of(path)
    monkeypatch.setattr(contents, "sha256", lambda path: "hashed again")
    assert content_of(path) == "hashed again"


def test_a_folder_is_its_visible_files_and_their_names(tmp_path: Path) -> None:
    def folder(name: str, files: dict[str, str]) -> Path:
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(text, encoding="utf-8")
        return tmp_path / name

    first = content_of(folder("first", {"pos/1.txt": "good", "neg/1.txt": "bad"}))
    assert content_of(folder("again", {"neg/1.txt": "bad", "pos/1.txt": "good", "pos/.hidden": "?"})) == first
    assert content_of(folder("other", {"pos/1.txt": "bad", "neg/1.txt": "good"})) != first
    assert content_of(folder("more", {"pos/1.txt": "good", "neg/1.txt": "bad", "neg/2.txt": ""})) != first


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content_of(tmp_path / "nothing.txt")
