from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck.errors import DataError
from limbeck.scores import Scores, cache_path

TASK = {"name": "classify", "classes": ["refund: late", "déjà payé"]}


def table(n: int = 3, *, targets: NDArray[Any] | None = None, first: int = 0) -> Scores:
    ids = np.zeros((n, 16), np.uint8)
    ids[:, 0] = np.arange(first, first + n)
    logits = (np.arange(2 * n).reshape(n, 2) / 3).astype(np.float32)
    counts = np.arange(n)
    return Scores(ids, logits, targets, counts, counts * 2, counts != 1, "a" * 64, "b" * 64, TASK)


def same(first: Scores, second: Scores) -> None:
    for name in ("ids", "logits", "read", "dropped", "answerable"):
        one, other = getattr(first, name), getattr(second, name)
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other)
    assert (first.model, first.data, first.task) == (second.model, second.data, second.task)


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_round_trip_without_targets(tmp_path: Path, suffix: str, n: int) -> None:
    scores = table(n)
    scores.write(tmp_path / f"s{suffix}")
    read = Scores.open(tmp_path / f"s{suffix}")
    same(scores, read)
    assert read.targets is None
    assert len(read) == n


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize("targets", [np.array([0, 1, 1]), np.array([0.5, -1.0, 1e-9])])
def test_round_trip_with_targets(tmp_path: Path, suffix: str, targets: NDArray[Any]) -> None:
    scores = table(targets=targets)
    scores.write(tmp_path / f"s{suffix}")
    read = Scores.open(tmp_path / f"s{suffix}")
    same(scores, read)
    assert read.targets is not None
    assert read.targets.dtype == targets.dtype
    np.testing.assert_array_equal(read.targets, targets)


def test_the_npz_holds_no_object_and_so_needs_no_pickle(tmp_path: Path) -> None:
    table(targets=np.array([0, 1, 0])).write(tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz", allow_pickle=False) as file:
        assert sorted(file) == ["answerable", "dropped", "ids", "logits", "meta", "read", "targets"]
        assert all(file[name].dtype != object for name in file)
    with zipfile.ZipFile(tmp_path / "s.npz") as archive:
        assert not any(b"pickle" in archive.read(name) for name in archive.namelist())


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", meta=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="holds no scores"):
        Scores.open(tmp_path / "s.npz")


@pytest.mark.parametrize("name", ["ids", "logits", "read", "dropped", "answerable"])
def test_an_array_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "s.npz"
    table().write(path)
    with np.load(path) as file:
        kept = {key: file[key] for key in file if key != name}
    np.savez(path, **kept)
    with pytest.raises(DataError, match=f"holds no scores .*{name}"):
        Scores.open(path)


def test_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    table(200).write(path)
    whole = path.read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2], whole[: len(whole) // 3] + b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"s\.npz is damaged or holds no scores"):
            Scores.open(path)


def test_a_flipped_bit_in_an_array_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    table(500).write(path)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        data[archive.getinfo("logits.npy").header_offset + 200] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        Scores.open(path)


@pytest.mark.parametrize("content", [b"PAR1", b""])
def test_a_damaged_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.parquet").write_bytes(content)
    with pytest.raises(DataError, match="damaged or holds no scores"):
        Scores.open(tmp_path / "s.parquet")


def test_a_parquet_of_other_things_is_no_table_of_scores(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"text": ["a"]}), tmp_path / "s.parquet")
    with pytest.raises(DataError, match="holds no scores"):
        Scores.open(tmp_path / "s.parquet")


def test_missing_and_unknown_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file '.*gone\.npz'; `limbeck evaluate` writes scores"):
        Scores.open(tmp_path / "gone.npz")
    with pytest.raises(DataError, match=r"'\.npz'.*not '\.pkl'"):
        table().write(tmp_path / "s.pkl")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write scores to"):
        table().write(tmp_path / "file" / "s.npz")


def test_a_later_format_asks_for_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.scores.FORMAT_VERSION", 2)
    table().write(tmp_path / "s.npz")
    monkeypatch.undo()
    with pytest.raises(DataError, match="format version 2; upgrade limbeck"):
        Scores.open(tmp_path / "s.npz")


def test_join_finds_rows_by_input_whatever_their_order() -> None:
    first, second = table(3), table(4, first=1)
    assert first.join(second).tolist() == [-1, 0, 1]
    assert second.join(first).tolist() == [1, 2, -1, -1]


def test_join_takes_the_first_of_equal_inputs() -> None:
    twice = table(3)
    twice = replace(twice, ids=twice.ids[[2, 1, 1]])
    assert table(3).join(twice).tolist() == [-1, 1, 0]


def test_arrays_that_do_not_fit_are_named_together() -> None:
    with pytest.raises(DataError) as caught:
        replace(table(3), read=np.zeros(2, np.int64), logits=np.zeros(3, np.float32))
    assert "read has (2,) rows, ids has 3" in str(caught.value)
    assert "logits has the shape (3,)" in str(caught.value)
    with pytest.raises(DataError, match=r"ids has the shape \(3, 8\)"):
        replace(table(3), ids=np.zeros((3, 8), np.uint8))


def test_cache_path_tells_models_and_data_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
    paths = {cache_path(model, data) for model in ("a" * 64, "b" * 64) for data in ("a" * 64, "c" * 64)}
    assert len(paths) == 4
    assert all(path.parent == tmp_path / "scores" and path.suffix == ".npz" for path in paths)
