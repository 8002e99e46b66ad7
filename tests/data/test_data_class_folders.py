"""Folders of class folders: what is a text, what is passed over and told, splits of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.data import read, read_splits
from limbeck.errors import DataError


def refusal(source: Path) -> str:
    with pytest.raises(DataError) as error:
        read(source)
    return str(error.value)


@pytest.fixture
def imdb(tmp_path: Path) -> Path:
    """A folder laid out as aclImdb, with what archives leave behind."""
    root = tmp_path / "aclImdb"
    for part, label, texts in [
        ("train", "pos", ["good film", "great\nfilm\n"]),
        ("train", "neg", ["bad film"]),
        ("train", "unsup", ["some film"]),
        ("train", ".cache", ["junk"]),
        ("train", "__MACOSX", ["junk"]),
        ("test", "neg", ["awful film"]),
        ("test", "pos", ["nice film"]),
    ]:
        folder = root / part / label
        folder.mkdir(parents=True)
        for place, text in enumerate(texts):
            (folder / f"{place}_7.txt").write_text(text)
        (folder / "._0_7.txt").write_text("junk")
        (folder / "notes.md").write_text("junk")
    for part in ("train", "test"):
        (root / part / "urls_pos.txt").write_text("http://example.org")
    (root / "README").write_text("about")
    (root / "__MACOSX" / "train").mkdir(parents=True)
    return root


def test_class_folders(imdb: Path) -> None:
    data = read(imdb / "train")
    assert data.inputs == ["bad film", "good film", "great\nfilm"]
    assert data.targets == ["neg", "pos", "pos"]
    assert data.classes == ("neg", "pos")
    assert data.notices[1] == f"{imdb}/train: 2 passed over that are not CLASS/FILE.txt: neg/notes.md, pos/notes.md"


def test_a_class_without_a_text_is_not_lost_unsaid(imdb: Path) -> None:
    for name in ("neutral/0", "neutral/1", "pos/sub/x.txt"):
        (imdb / "train" / name).parent.mkdir(exist_ok=True)
        (imdb / "train" / name).write_text("so so")
    (imdb / "train" / "pos" / "gone.txt").symlink_to(imdb / "nowhere.txt")
    (imdb / "train" / "neg" / "2_7.txt").write_text("")
    notices = read(imdb / "train").notices
    assert notices[1].endswith(
        "6 passed over that are not CLASS/FILE.txt: neg/notes.md, neutral/0, neutral/1, pos/gone.txt, pos/notes.md, "
        "pos/sub/"
    )
    assert notices[2] == f"{imdb}/train: 1 row without a text left out (file neg/2_7.txt)"
    for place in range(20):
        (imdb / "train" / "neutral" / f"{place}.md").write_text("so so")
    assert read(imdb / "train").notices[1].endswith(" and 16 more")


def test_splits_of_class_folders(imdb: Path) -> None:
    parts = read_splits(imdb)
    assert list(parts) == ["train", "test"]
    assert parts["test"].inputs == ["awful film", "nice film"]
    assert parts["test"].classes == ("neg", "pos")
    assert list(read_splits(imdb / "train")) == ["train"]
    assert refusal(imdb) == f"'{imdb}' holds several splits ('train', 'test'); name one of them"


def test_rows_of_a_folder_are_told_by_their_files(imdb: Path) -> None:
    train = read(imdb / "train")
    assert [train.place(row) for row in range(3)] == ["neg/0_7.txt", "pos/0_7.txt", "pos/1_7.txt"]
    assert train.take([2, 0]).where([0, 1]) == "files pos/1_7.txt, neg/0_7.txt"
    (imdb / "test" / "fair").mkdir()
    (imdb / "test" / "fair" / "7.txt").write_text("a film")
    with pytest.raises(DataError, match=r"label 'fair' is none of the classes: .*: file fair/7\.txt; mend"):
        read_splits(imdb)


def test_wrong_bytes_in_a_class_folder(imdb: Path) -> None:
    bad = imdb / "train" / "neg" / "1_7.txt"
    bad.write_bytes(b"caf\xe9")
    assert f"{bad}, line 1: byte 0xE9 at offset 3 is not utf-8" in refusal(imdb / "train")
    assert len(read(imdb / "train", skip_bad_rows=True)) == 3


def test_a_folder_without_classes(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"'{tmp_path}' holds no class folders: wanted {tmp_path.name}/CLASS/FILE.txt, one text a file"
    )
