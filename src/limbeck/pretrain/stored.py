"""A prepared corpus on disk: two flat files of ids, the counts of pieces, and a json that says what they must be.

It is written beside and renamed into place, so that what a killed process left is never taken for whole.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.save import flush, leftovers, sibling
from limbeck.errors import DataError
from limbeck.pretrain.contents import content_of

FORMAT_VERSION = 1
TRAIN, VALID, COUNTS = "train.bin", "valid.bin", "counts.npy"
_FILES = (TRAIN, VALID, COUNTS)
_RECORD = "corpus.json"
_PARTIAL = "partial"


@dataclass(frozen=True)
class Stored:
    """What stands in the json."""

    train_tokens: int
    train_texts: int
    valid_tokens: int
    valid_texts: int
    notices: tuple[str, ...]
    """What was told when it was made."""


class Damaged(Exception):
    """Files of a corpus are not what its json says."""


def recall(folder: Path) -> Stored | None:
    """The corpus in a folder, its files verified; None where there is none.

    Raises:
        Damaged: something is not as it was written.
    """
    if not folder.exists():
        return None
    try:
        record = json.loads((folder / _RECORD).read_bytes())
        for name in _FILES:
            _check(folder / name, record["files"][name])
        found = record["corpus"]
        numbers = {name: int(found[name]) for name in Stored.__annotations__ if name != "notices"}
        return Stored(**numbers, notices=tuple(map(str, found["notices"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{type(error).__name__}: {error}") from None


def counts_of(folder: Path) -> NDArray[np.int64]:
    """How often each piece occurs in the part to learn from: shape ``(V,)``."""
    counts: NDArray[np.int64] = np.load(folder / COUNTS, allow_pickle=False)
    return counts


def size_of(folder: Path) -> int:
    """Bytes that a corpus takes on disk."""
    return sum(path.stat().st_size for path in folder.iterdir())


def store(folder: Path, fill: Callable[[Path], Stored]) -> Stored:
    """Make a corpus at ``folder`` in place of a damaged one; of two processes that do so at once the first one's stays.

    Args:
        folder: where it is to stand.
        fill: writes the three files into a folder and gives the record of them.

    Raises:
        DataError: the disk is full or refuses it; nothing is left behind.
    """
    staging = sibling(folder, _PARTIAL)
    with _naming(folder, staging):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for partial in leftovers(folder, _PARTIAL):
            shutil.rmtree(partial, ignore_errors=True)
        staging.mkdir()
        stored = fill(staging)
        files = {name: _measured(staging / name) for name in _FILES}
        record = {"format": FORMAT_VERSION, "files": files, "corpus": asdict(stored)}
        (staging / _RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        flush(staging)
        _into_place(staging, folder)
    return stored


@contextlib.contextmanager
def _naming(folder: Path, staging: Path) -> Iterator[None]:
    """Leave nothing behind what fails, and turn what the disk refuses into an error that says where and how much."""
    try:
        yield
    except OSError as error:
        n_written = size_of(staging) if staging.is_dir() else 0
        shutil.rmtree(staging, ignore_errors=True)
        raise DataError(
            f"cannot write the corpus to {str(folder)!r}: {error.strerror or error}; it takes more than the "
            f"{n_written:,} bytes that were written and are removed again{_free(folder)}: make room, or set "
            "LIMBECK_CACHE to a folder on another disk"
        ) from error
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _free(folder: Path) -> str:
    try:
        return f" ({shutil.disk_usage(folder.parent).free:,} bytes are free there)"
    except OSError:
        return ""


def _into_place(staging: Path, folder: Path) -> None:
    with contextlib.suppress(Damaged):
        if recall(folder) is not None:  # another process was quicker
            shutil.rmtree(staging, ignore_errors=True)
            return
    shutil.rmtree(folder, ignore_errors=True)
    staging.rename(folder)


def _measured(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": content_of(path)}


def _check(path: Path, expected: dict[str, Any]) -> None:
    n_bytes = path.stat().st_size
    if n_bytes != expected["bytes"]:
        raise ValueError(f"{path.name} has {n_bytes} bytes, expected {expected['bytes']}")
    if content_of(path) != expected["sha256"]:
        raise ValueError(f"{path.name} is not what was written")
