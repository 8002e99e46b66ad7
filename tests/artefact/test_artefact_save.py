from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from limbeck.artefact import save
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import check_target, seal
from limbeck.artefact.verify import verify
from limbeck.errors import ArtefactError
from limbeck.text import Input, learn_wordpiece
from support.tiny import save_tiny

DEAD = 2**22 + 12345
"""No process of Linux has this number."""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def fill(folder: Path) -> Manifest:
    (folder / "tokenizer.json").write_text(learn_wordpiece(["a small text"], min_frequency=1))
    (folder / "config.json").write_text("{}")
    return Manifest(task={"name": "regress"}, text={}, model={}, seed=1)


def probe(folder: Path, manifest: Manifest, texts: Sequence[Input]) -> list[list[float]]:
    assert (folder / "config.json").exists()
    return [[float(len(text))] for text in texts]


def test_all_files_are_listed_and_the_probes_answered(tmp_path: Path) -> None:
    manifest = save_tiny(tmp_path / "deep" / "model")
    assert names(tmp_path / "deep") == ["model"]
    assert sorted(manifest.files) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "onnx/model.onnx",
        "tokenizer.json",
    ]
    assert len(manifest.probes["texts"]) == len(manifest.probes["logits"]) == 32
    assert manifest.probes["tolerance"] == 1e-4
    assert verify(tmp_path / "deep" / "model") == manifest


def test_pairs_get_probes_of_pairs(tmp_path: Path) -> None:
    manifest = save_tiny(tmp_path / "model", pairs=True)
    assert all(isinstance(text, list) and len(text) == 2 for text in manifest.probes["texts"])


def test_a_given_tolerance_is_kept(tmp_path: Path) -> None:
    def loose(folder: Path) -> Manifest:
        return Manifest(**{**vars(fill(folder)), "probes": {"tolerance": 0.02, "texts": ["old"]}})

    manifest = seal(tmp_path / "model", fill=loose, probe=probe)
    assert manifest.probes["tolerance"] == 0.02
    assert manifest.probes["texts"] != ["old"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_a_fill_that_raises_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def fail(folder: Path) -> Manifest:
        fill(folder)
        raise error

    with pytest.raises(type(error)):
        seal(tmp_path / "model", fill=fail, probe=probe)
    assert names(tmp_path) == []


def test_a_probe_that_raises_leaves_the_former_artefact(tmp_path: Path) -> None:
    former = save_tiny(tmp_path / "model")

    def fail(folder: Path, manifest: Manifest, texts: Sequence[Input]) -> list[list[float]]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        seal(tmp_path / "model", fill=fill, probe=fail, overwrite=True)
    assert names(tmp_path) == ["model"]
    assert verify(tmp_path / "model") == former


def test_a_model_without_its_files_is_refused(tmp_path: Path) -> None:
    def lacking(folder: Path) -> Manifest:
        return Manifest(task={}, text={}, model={})

    with pytest.raises(ArtefactError, match=r"no tokenizer\.json(.|\n)*no config\.json"):
        seal(tmp_path / "model", fill=lacking, probe=probe)
    assert names(tmp_path) == []


def test_an_artefact_is_replaced_only_when_asked(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model")
    with pytest.raises(ArtefactError, match="already holds a model; give another --out, or add --overwrite"):
        seal(tmp_path / "model", fill=fill, probe=probe)
    latter = seal(tmp_path / "model", fill=fill, probe=probe, overwrite=True)
    assert names(tmp_path) == ["model"]
    assert names(tmp_path / "model") == ["README.md", "config.json", "limbeck.json", "tokenizer.json"]
    assert verify(tmp_path / "model") == latter


def test_other_folders_and_files_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name, message in (("folder", "other files, which are never replaced"), ("file", "is a file")):
        with pytest.raises(ArtefactError, match=message):
            seal(tmp_path / name, fill=fill, probe=probe, overwrite=True)
    assert (tmp_path / "folder" / "thesis.txt").read_text() == "mine"
    with pytest.raises(ArtefactError, match="give a folder of its own"):
        check_target("/")


def test_an_empty_folder_and_a_link_are_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    seal(tmp_path / "empty", fill=fill, probe=probe)
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    seal(tmp_path / "link", fill=fill, probe=probe, overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path) == ["empty", "link"]
    verify(tmp_path / "link")


def test_a_rename_that_fails_brings_the_former_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    former = save_tiny(tmp_path / "model")
    honest = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if ".partial-" in self.name:
            raise OSError("disk gone")
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(ArtefactError, match="disk gone"):
        seal(tmp_path / "model", fill=fill, probe=probe, overwrite=True)
    assert names(tmp_path) == ["model"]
    assert verify(tmp_path / "model") == former


def test_a_place_that_can_be_written_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    assert check_target(tmp_path / "deep" / "model") == tmp_path / "deep" / "model"
    assert names(tmp_path / "deep") == []


def test_a_place_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtefactError, match=r"cannot save a model at '.*file/model': .*; make room or give another"):
        check_target(tmp_path / "file" / "model")
    with pytest.raises(ArtefactError, match=r"cannot save .*: File name too long; make room or give another"):
        check_target(tmp_path / ("a" * 300) / "model")

    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(ArtefactError, match=r"cannot save a model at '.*/model': Permission denied"):
        check_target(tmp_path / "model")


def test_a_full_disk_names_the_path_and_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> Manifest:
        fill(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(ArtefactError, match=r"cannot save a model at '.*/model': No space left on device"):
        seal(tmp_path / "model", fill=fail, probe=probe)
    assert names(tmp_path) == []


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2].split(os.pathsep)
from support.tiny import save_tiny
honest, n_renames = Path.rename, 0
def rename(self, target):
    global n_renames
    if n_renames == int(sys.argv[3]):
        os._exit(9)
    n_renames += 1
    return honest(self, target)
save_tiny(Path(sys.argv[1]))
Path.rename = rename
save_tiny(Path(sys.argv[1]), seed=8, overwrite=True)
"""


@pytest.mark.parametrize("n_renames", [0, 1])
def test_killed_around_the_renames_one_whole_artefact_remains(tmp_path: Path, n_renames: int) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "model"), path, str(n_renames)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    whole = [entry for entry in tmp_path.iterdir() if entry.name != "cache"]
    assert len(whole) == 2
    assert all(verify(entry) for entry in whole)  # the former under either name, and the finished new one
    latter = save_tiny(tmp_path / "model", seed=9, overwrite=True)
    assert [name for name in names(tmp_path) if name != "cache"] == ["model"]
    assert verify(tmp_path / "model") == latter


def test_what_dead_processes_left_is_mended(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / f".model.replaced-{DEAD}")
    (tmp_path / f".model.partial-{DEAD}").mkdir()
    (tmp_path / ".model.partial-1").mkdir()  # of a process that lives
    (tmp_path / ".model.partial-notes").mkdir()
    (tmp_path / f".other.partial-{DEAD}").mkdir()
    save.recover(tmp_path / "model")
    assert names(tmp_path) == sorted([".model.partial-1", ".model.partial-notes", f".other.partial-{DEAD}", "model"])
    verify(tmp_path / "model")


def test_an_older_copy_goes_where_the_new_one_is_whole(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model")
    (tmp_path / f".model.replaced-{DEAD}").mkdir()
    save.recover(tmp_path / "model")
    assert names(tmp_path) == ["model"]


def test_a_former_artefact_is_kept_where_a_folder_without_one_is_in_its_way(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / f".model.replaced-{DEAD}")
    (tmp_path / "model").mkdir()
    save.recover(tmp_path / "model")
    verify(tmp_path / f".model.replaced-{DEAD}")


def test_a_former_artefact_that_comes_back_is_replaced_only_when_asked(tmp_path: Path) -> None:
    former = save_tiny(tmp_path / "model")
    for refuse in (check_target, lambda out: seal(out, fill=fill, probe=probe)):
        (tmp_path / "model").rename(tmp_path / f".model.replaced-{DEAD}")
        with pytest.raises(ArtefactError, match="already holds a model; give another --out, or add --overwrite"):
            refuse(tmp_path / "model")
        assert not (tmp_path / f".model.replaced-{DEAD}").exists()
        assert verify(tmp_path / "model") == former


def test_the_disk_is_told_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    honest = Path.rename
    monkeypatch.setattr(save, "flush_one", lambda path: events.append(path.name))

    def rename(self: Path, target: Path) -> Path:
        events.append("renamed")
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    seal(tmp_path / "model", fill=fill, probe=probe)
    before = events[: events.index("renamed")]
    assert {"tokenizer.json", "config.json", "README.md", "limbeck.json"} <= set(before)
    assert events[-1] == tmp_path.name


def test_the_card_says_what_it_is_given(tmp_path: Path) -> None:
    seal(tmp_path / "model", fill=fill, probe=probe, about="# Ours\n")
    assert "# Ours" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    verify(tmp_path / "model")
