from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from limbeck.artefact import verify as room
from limbeck.artefact.beside import Beside
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.verify import start, verify
from limbeck.errors import ArtefactError
from support.tiny import shared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(shared(), tmp_path / "model")
    settle(tmp_path / "model")
    return tmp_path / "model"


def settle(folder: Path) -> None:
    """Make all files older than the clock's tick."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 60, time.time() - 60))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were hashed."""
    names: list[str] = []
    honest = room.sha256

    def spy(path: Path) -> str:
        names.append(path.name)
        return honest(path)

    monkeypatch.setattr(room, "sha256", spy)
    return names


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * share)]


def flip(share: float) -> Callable[[bytes], bytes]:
    def flipped(content: bytes) -> bytes:
        data = bytearray(content)
        data[int(len(data) * share)] ^= 0x10
        return bytes(data)

    return flipped


def append(content: bytes) -> bytes:
    return content + bytes(3)


DAMAGE = {
    "graph cut": ("onnx/model.onnx", cut(0.5), "bytes, expected"),
    "graph flipped": ("onnx/model.onnx", flip(0.6), "has sha256"),
    "graph appended": ("onnx/model.onnx", append, "bytes, expected"),
    "weights cut": ("model.safetensors", cut(0.9), "bytes, expected"),
    "tokenizer empty": ("tokenizer.json", cut(0.0), "has 0 bytes, expected"),
    "tokenizer flipped": ("tokenizer.json", flip(0.5), "has sha256"),
    "config flipped": ("config.json", flip(0.3), "has sha256"),
    "card appended": ("README.md", append, "bytes, expected"),
    "manifest cut": ("limbeck.json", cut(0.7), "bytes that are not json"),
    "manifest flipped": ("limbeck.json", flip(0.5), "limbeck.json is damaged"),
    "manifest appended": ("limbeck.json", append, "limbeck.json is damaged"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("remembered", [False, True])
def test_damage_is_named_with_what_differs(folder: Path, kind: str, remembered: bool) -> None:
    name, damage, differs = DAMAGE[kind]
    if remembered:
        verify(folder)
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    with pytest.raises(ArtefactError) as caught:
        verify(folder)
    assert name in str(caught.value)
    assert differs in str(caught.value)
    assert "copy the folder again" in str(caught.value)


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json", "model.safetensors", "limbeck.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtefactError, match=f"{name} is missing"):
        verify(folder)


def test_sizes_and_hashes_are_both_told(folder: Path) -> None:
    manifest = verify(folder)
    expected = manifest.files["onnx/model.onnx"]
    path = folder / "onnx" / "model.onnx"
    path.write_bytes(flip(0.4)(path.read_bytes()))
    with pytest.raises(ArtefactError) as caught:
        verify(folder)
    assert f"has sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}, expected {expected['sha256']}" in str(
        caught.value
    )
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(ArtefactError, match=f"has 10 bytes, expected {expected['bytes']}"):
        verify(folder)


def test_all_damage_is_in_one_message(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "config.json").write_bytes(b"")
    (folder / "onnx" / "model.onnx").write_bytes(append((folder / "onnx" / "model.onnx").read_bytes()))
    with pytest.raises(ArtefactError) as caught:
        verify(folder)
    message = str(caught.value)
    assert "3 problems" in message
    assert all(
        name in message for name in ("tokenizer.json is missing", "config.json has 0 bytes", "onnx/model.onnx has")
    )


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("config.json")
    with pytest.raises(ArtefactError, match=r"config\.json cannot be read"):
        verify(folder)


def test_a_whole_folder_gives_its_manifest(folder: Path) -> None:
    assert verify(folder) == verify(str(folder)) == Manifest.read(folder)


def test_files_that_are_not_listed_are_ignored(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    assert "notes.txt" not in verify(folder).files


def test_the_second_time_nothing_is_hashed(folder: Path, hashed: list[str]) -> None:
    verify(folder)
    assert sorted(hashed) == ["README.md", "config.json", "model.onnx", "model.safetensors", "tokenizer.json"]
    hashed.clear()
    verify(folder)
    verify(str(folder) + "/")
    assert hashed == []


def test_only_what_changed_is_hashed_again(folder: Path, hashed: list[str]) -> None:
    verify(folder)
    hashed.clear()
    os.utime(folder / "config.json")
    verify(folder)
    assert hashed == ["config.json"]


def test_a_change_that_keeps_size_and_time_is_noticed(folder: Path) -> None:
    verify(folder)
    path = folder / "onnx" / "model.onnx"
    state = path.stat()
    with path.open("r+b") as file:
        content = flip(0.5)(file.read())
        file.seek(0)
        file.write(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(ArtefactError, match="sha256"):
        verify(folder)


def test_a_file_changed_just_now_is_not_remembered(folder: Path, hashed: list[str]) -> None:
    ahead = time.time() + 60  # a clock that is behind the file's
    os.utime(folder / "config.json", (ahead, ahead))
    verify(folder)
    hashed.clear()
    verify(folder)
    assert hashed == ["config.json"]


def test_damage_is_not_forgiven_by_the_cache(folder: Path, hashed: list[str]) -> None:
    path = folder / "onnx" / "model.onnx"
    path.write_bytes(flip(0.4)(path.read_bytes()))
    settle(folder)
    for _ in range(2):
        with pytest.raises(ArtefactError, match="sha256"):
            verify(folder)
    assert hashed.count("model.onnx") == 1


def test_a_copy_is_hashed_on_its_own(folder: Path, hashed: list[str], tmp_path: Path) -> None:
    verify(folder)
    shutil.copytree(folder, tmp_path / "copy")
    hashed.clear()
    verify(tmp_path / "copy")
    assert len(hashed) == 5


def test_a_damaged_cache_is_no_error(folder: Path, cache: Path, hashed: list[str]) -> None:
    verify(folder)
    (entry,) = (cache / "verified").iterdir()
    entry.write_text(json.dumps({"config.json": 3, "tokenizer.json": {"bytes": 1}}))
    hashed.clear()
    verify(folder)
    assert len(hashed) == 5


def test_a_cache_that_cannot_be_written_is_no_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashed: list[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "file" / "cache"))
    verify(folder)
    verify(folder)
    assert len(hashed) == 10


def test_nothing_is_written_into_the_folder(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        verify(folder)
        assert {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))} == before
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)


def test_the_thread_gives_the_manifest_or_raises(folder: Path) -> None:
    assert start(folder).result() == Manifest.read(folder)
    (folder / "limbeck.json").unlink()
    with pytest.raises(ArtefactError, match="missing"):
        start(folder).result()


def test_a_result_may_be_asked_for_twice() -> None:
    beside = Beside(lambda: 7)
    assert (beside.result(), beside.result()) == (7, 7)


def test_no_folder_names_the_nearest(folder: Path) -> None:
    with pytest.raises(
        ArtefactError, match=r"there is no folder '.*modle'; 'model' \(nearest\) is there; make a model"
    ):
        verify(folder.with_name("modle"))
    with pytest.raises(ArtefactError, match="there is no folder"):
        verify(folder / "nowhere" / "at" / "all")


def test_a_save_that_was_cut_off_is_told(folder: Path) -> None:
    folder.rename(folder.with_name(".model.replaced-123"))
    with pytest.raises(ArtefactError, match=r"left the former model in '\.model\.replaced-123' beside it: rename"):
        verify(folder)


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(ArtefactError, match="is a file; give the folder"):
        verify(folder / "config.json")


def test_a_hugging_face_folder_is_told_how_to_train(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ArtefactError, match=r"is a Hugging Face folder.*limbeck train FILE --model"):
        verify(tmp_path)


def test_another_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"is no saved model, limbeck\.json is missing; make one with"):
        verify(tmp_path)
