"""Scores: one table on disk of what a model said about texts, with no text in it.

Evaluation, greatest losses, calibration, a comparison of two models: each is a function of one such table or of two.
It is kept as ``.npz`` without pickle, or as parquet where pyarrow is installed.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.cache import cache_dir, write_whole
from limbeck.errors import DataError, nearest, require, together

FORMAT_VERSION = 1
SUFFIXES = (".npz", ".parquet")
_ARRAYS = ("ids", "logits", "targets", "read", "dropped", "answerable")
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What numpy, zipfile and pyarrow raise over bytes that they cannot read."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What a model said about N inputs, in their order."""

    ids: NDArray[np.uint8]
    """First 16 bytes of each input's sha256: shape ``(N, 16)``."""
    logits: NDArray[np.float32]
    """Shape ``(N, C)``; zero where there was nothing to answer."""
    targets: NDArray[Any] | None
    """As the task encodes them, float64 or int64, shape ``(N,)``; None for texts without labels."""
    read: NDArray[np.int64]
    """Tokens that the model read: shape ``(N,)``."""
    dropped: NDArray[np.int64]
    """Tokens cut: shape ``(N,)``."""
    answerable: NDArray[np.bool_]
    """False where there was nothing to answer: shape ``(N,)``."""
    model: str
    """Fingerprint of the model."""
    data: str
    """Fingerprint of the dataset."""
    task: dict[str, Any] = field(default_factory=dict)
    """Name and classes of the task, as in ``limbeck.json``."""

    def __post_init__(self) -> None:
        n = len(self.ids)
        shapes = {name: getattr(self, name).shape for name in _ARRAYS if getattr(self, name) is not None}
        problems = [f"{name} has {shape[:1]} rows, ids has {n}" for name, shape in shapes.items() if shape[:1] != (n,)]
        if self.ids.ndim != 2 or self.ids.shape[1:] != (16,):
            problems.append(f"ids has the shape {self.ids.shape}; it takes (N, 16)")
        if self.logits.ndim != 2:
            problems.append(f"logits has the shape {self.logits.shape}; it takes (N, C)")
        if problems:
            raise DataError(together(problems))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which inputs have an answer, and one of finite numbers: shape ``(N,)``."""
        known: NDArray[np.bool_] = self.answerable & np.isfinite(self.logits).all(axis=1)
        return known

    def join(self, other: Scores) -> NDArray[np.int64]:
        """Row of ``other`` with the same input, for each row of this; -1 where there is none: shape ``(N,)``.

        Where an input stands in ``other`` several times, the first one counts: a model says the same of all.
        """
        first: dict[bytes, int] = {}
        for row, key in enumerate(other.ids):
            first.setdefault(key.tobytes(), row)
        return np.fromiter((first.get(key.tobytes(), -1) for key in self.ids), np.int64, len(self))

    def write(self, path: Path | str) -> None:
        """Write the table by the suffix of ``path``: ``.npz`` or ``.parquet``, whole or not at all.

        Raises:
            DataError: another suffix, or the folder cannot be written.
            MissingExtra: parquet without pyarrow.
        """
        path = Path(path)
        content = _to_parquet(self) if check_suffix(path) == ".parquet" else _to_npz(self)
        try:
            write_whole(path, content)
        except OSError as error:
            raise DataError(f"cannot write scores to {str(path)!r}: {error.strerror or error}") from None

    @classmethod
    def open(cls, path: Path | str) -> Scores:
        """Read a table that :meth:`write` wrote.

        Raises:
            DataError: the file is missing, damaged, no table of scores, or of a later format.
            MissingExtra: parquet without pyarrow.
        """
        path = Path(path)
        read = _from_parquet if check_suffix(path) == ".parquet" else _from_npz
        try:
            arrays, meta = read(path)
            if meta["format_version"] > FORMAT_VERSION:
                raise DataError(f"{path} has format version {meta['format_version']}; upgrade limbeck to read it")
            return cls(**arrays, model=meta["model"], data=meta["data"], task=meta["task"])
        except FileNotFoundError:
            raise DataError(f"no file {str(path)!r}; `limbeck evaluate` writes scores with --scores FILE") from None
        except _DAMAGE as error:
            raise DataError(
                f"{path} is damaged or holds no scores ({error}); evaluate again, with --scores and another name"
            ) from None


def cache_path(model: str, data: str) -> Path:
    """Where the scores of a model and a dataset, by their fingerprints, are kept in the user's cache."""
    return cache_dir() / "scores" / f"{model[:32]}-{data[:32]}.npz"


def standing(path: Path) -> Scores | None:
    """The scores that stand at ``path``, which new ones may replace; None where nothing stands there.

    Raises:
        DataError: what stands there is something else, or damaged, and so is not ours to replace; or scores are not
            kept by that name.
        MissingExtra: parquet without pyarrow.
    """
    if check_suffix(path) == ".parquet":
        require("pyarrow", "data")
    if not path.exists():
        return None
    try:
        return Scores.open(path)
    except DataError:
        raise DataError(
            f"--scores {str(path)!r} stands there and holds no scores that can be read, so it is not replaced; "
            "name another"
        ) from None


def check_suffix(path: Path) -> str:
    """Give the suffix of a file for scores in lower case.

    Raises:
        DataError: scores are not kept so.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"scores are kept as {nearest(suffix, SUFFIXES)}, not {path.suffix!r}: {str(path)!r}")
    return suffix


def _meta(scores: Scores) -> str:
    return json.dumps(
        {"format_version": FORMAT_VERSION, "model": scores.model, "data": scores.data, "task": scores.task}
    )


def _to_npz(scores: Scores) -> bytes:
    arrays = {name: getattr(scores, name) for name in _ARRAYS if getattr(scores, name) is not None}
    file = io.BytesIO()
    np.savez_compressed(file, meta=np.frombuffer(_meta(scores).encode("ascii"), np.uint8), **arrays)
    return file.getvalue()


def _from_npz(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as archive:
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} does not fit its checksum")
    content.seek(0)
    with np.load(content, allow_pickle=False) as file:
        meta = json.loads(file["meta"].tobytes())
        arrays = {name: file[name] for name in _ARRAYS if name != "targets"} | {"targets": file.get("targets")}
    return arrays, meta


def _to_parquet(scores: Scores) -> bytes:
    pa, pq = require("pyarrow", "data"), require("pyarrow.parquet", "data")
    columns = {"id": pa.array([key.tobytes() for key in scores.ids], pa.binary(16))}
    columns |= {f"logit_{n}": pa.array(scores.logits[:, n]) for n in range(scores.logits.shape[1])}
    columns |= {name: pa.array(getattr(scores, name)) for name in _ARRAYS[2:] if getattr(scores, name) is not None}
    table = pa.table(columns).replace_schema_metadata({"limbeck": _meta(scores)})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def _from_parquet(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    require("pyarrow", "data")
    table = require("pyarrow.parquet", "data").read_table(path)
    meta = json.loads((table.schema.metadata or {})[b"limbeck"])
    names = [name for name in table.column_names if name.startswith("logit_")]
    arrays: dict[str, Any] = {
        "ids": np.frombuffer(b"".join(table["id"].to_pylist()), np.uint8).reshape(-1, 16),
        "logits": np.stack([table[f"logit_{n}"].to_numpy() for n in range(len(names))], axis=1),
        "targets": table["targets"].to_numpy() if "targets" in table.column_names else None,
    }
    return arrays | {name: table[name].to_numpy() for name in ("read", "dropped", "answerable")}, meta
