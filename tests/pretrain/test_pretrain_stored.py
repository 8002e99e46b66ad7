from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from limbeck.errors import DataError
from limbeck.pretrain import writing
from limbeck.pretrain.corpus import Corpus
from limbeck.pretrain.writing import Part, Writer
from support.corpora import corpus_of, made_up, written

TEXTS = made_up(300)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return written(tmp_path / "texts.txt", TEXTS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def files_of(corpus: Corpus) -> dict[str, bytes]:
    folder = corpus.train.path.parent
    return {name: (folder / name).read_bytes() for name in ("train.bin", "valid.bin", "counts.npy")}


def standing(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "corpora").iterdir())


def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(texts: Path, home: Path, tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from limbeck.pretrain import writing
from support.corpora import corpus_of
writing._BATCH_TEXTS = 50
wrote = writing.Writer.write
def write(self, texts):
    wrote(self, texts)
    if self.train.n_texts > 100:
        os.kill(os.getpid(), signal.SIGKILL)
writing.Writer.write = write
corpus_of({str(texts)!r}, Path({str(home)!r}))
"""
    places = [path for path in sys.path if path]
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": os.pathsep.join(places)})
    assert done.returncode == -9
    (left,) = standing(home)
    assert left.startswith(".") and ".partial-" in left and any((home / "corpora" / left).iterdir())
    found = corpus_of(texts, home)
    assert files_of(found) == files_of(corpus_of(texts, tmp_path / "other"))
    assert standing(home) == [found.fingerprint]


def test_an_interrupt_leaves_nothing(texts: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Writer, texts: Sequence[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        corpus_of(texts, home)
    assert standing(home) == []


def test_a_full_disk_is_told_and_leaves_nothing(texts: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush = Part.flush

    def full(self: Part) -> None:
        if self.n_texts > 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(self)
        self._file.flush()

    monkeypatch.setattr(Part, "flush", full)
    monkeypatch.setattr(writing, "_BATCH_TEXTS", 50)
    with pytest.raises(DataError) as caught:
        corpus_of(texts, home)
    said = str(caught.value)
    assert (
        f"cannot write the corpus to '{home / 'corpora'}" in said and "No space left on device; it takes more" in said
    )
    n_written = int(said.split("more than the ")[1].split(" bytes")[0].replace(",", ""))
    assert 1000 < n_written < 5000 and "bytes are free there): make room, or set LIMBECK_CACHE" in said
    assert standing(home) == []


def test_a_place_that_cannot_be_written_is_told(texts: Path, tmp_path: Path) -> None:
    home = written(tmp_path / "file", [])
    with pytest.raises(DataError, match=r"cannot write the corpus to .*: (Not a directory|File exists)"):
        corpus_of(texts, home)


def cut(folder: Path) -> None:
    path = folder / "train.bin"
    path.write_bytes(path.read_bytes()[:-2])


def flip(folder: Path) -> None:
    path = folder / "valid.bin"
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)


def change_json(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        record = json.loads((folder / "corpus.json").read_bytes())
        (folder / "corpus.json").write_text(json.dumps(change(record)), encoding="utf-8")

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "train.bin has "),
        (flip, "valid.bin is not what was written"),
        (lambda folder: (folder / "counts.npy").unlink(), "counts.npy"),
        (lambda folder: (folder / "corpus.json").unlink(), "corpus.json"),
        (lambda folder: (folder / "corpus.json").write_bytes(b"\xff{"), "UnicodeDecodeError"),
        (change_json(lambda record: [record]), "TypeError"),
        (change_json(lambda record: {**record, "corpus": {}}), "KeyError"),
        (change_json(lambda record: {**record, "corpus": 1}), "TypeError"),
        (change_json(lambda record: {**record, "files": {"train.bin": 1}}), "TypeError"),
    ],
)
def test_a_damaged_corpus_is_made_anew(texts: Path, home: Path, damage: Callable[[Path], None], said: str) -> None:
    first = corpus_of(texts, home)
    files, folder = files_of(first), first.train.path.parent
    damage(folder)
    again = corpus_of(texts, home)
    assert again.notices[0].startswith(f"the prepared corpus in '{folder}' is damaged (")
    assert said in again.notices[0] and again.notices[0].endswith("); it is made anew")
    assert files_of(again) == files and standing(home) == [first.fingerprint]
    assert corpus_of(texts, home).notices[0] == "the corpus was prepared before: no text is read again"


def test_of_two_processes_the_first_ones_corpus_stays(texts: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Writer.write
    made: list[Corpus] = []

    def other_first(self: Writer, batch: Sequence[str]) -> None:
        write(self, batch)
        with pytest.MonkeyPatch.context() as other:
            other.setattr(Writer, "write", write)
            other.setattr(os, "getpid", lambda: 1)  # alive, and another
            made.append(corpus_of(texts, home))

    monkeypatch.setattr(Writer, "write", other_first)
    found = corpus_of(texts, home)
    assert len(made) == 1 and found.train == made[0].train and standing(home) == [found.fingerprint]
    assert files_of(found) == files_of(made[0])
