"""What goes along from one folder to another: which files, and that they can be written on there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from limbeck.artefact.copies import copy_into, files_of, is_licence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model's folder that nothing may be written into."""
    folder = tmp_path / "model"
    (folder / "onnx").mkdir(parents=True)
    for name in ("limbeck.json", "README.md", "config.json", "LICENSE", "onnx/model.onnx", "onnx/README.md"):
        (folder / name).write_text(name)
        (folder / name).chmod(0o444)
    (folder / "onnx").chmod(0o555)
    return folder


def test_all_but_what_is_written_anew(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in files_of(folder)}
    assert names == {"config.json", "LICENSE", "onnx/model.onnx", "onnx/README.md"}


def test_copies_of_a_read_only_folder_can_be_written_on(folder: Path, tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    copy_into(staging, folder, files_of(folder))
    copied = [path for path in staging.rglob("*") if path.is_file()]
    assert sorted(path.read_text() for path in copied) == [
        "LICENSE",
        "config.json",
        "onnx/README.md",
        "onnx/model.onnx",
    ]
    for path in (*copied, staging / "onnx"):  # root may write anywhere, so that the modes are looked at
        assert path.stat().st_mode & stat.S_IWUSR, path


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *((name, True) for name in ("LICENSE", "licence.md", "Notice.txt", "COPYING", "LICENSES.html", "LICENSE-MIT")),
        *((name, True) for name in ("COPYING.LESSER", "LICENSE.Apache-2.0", "license_of_the_weights.txt")),
        *((name, False) for name in ("config.json", "licensed-reviews.csv", "notices.parquet", "LICENSE-x.bin")),
        *((name, False) for name in ("licensing.py", "LICENSE.py", "license_classifier.onnx", "noticeboard.txt")),
    ],
)
def test_licences_in_any_case(name: str, is_one: bool) -> None:
    assert is_licence(Path(name)) is is_one
