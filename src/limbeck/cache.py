"""The user's cache: what was once computed and need not be again. Nothing in it is needed; losing it costs time only.

``LIMBECK_CACHE`` names its folder, else ``XDG_CACHE_HOME/limbeck``, else ``~/.cache/limbeck``. A cache that cannot be
read or written is no error: containers and shared machines often have none.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any


def cache_dir() -> Path:
    """The cache's folder; it may not exist, and without a home it cannot."""
    if named := os.environ.get("LIMBECK_CACHE"):
        return Path(named)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "limbeck"
    try:
        return Path.home() / ".cache" / "limbeck"
    except RuntimeError:
        return Path(os.devnull) / "limbeck"  # nothing is found there, and writing fails like in a read-only folder


def recall(kind: str, key: str) -> dict[str, Any] | None:
    """The record remembered under ``key``, or None: unknown, unreadable or damaged."""
    try:
        record = json.loads((cache_dir() / kind / f"{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def remember(kind: str, key: str, record: dict[str, Any]) -> None:
    """Keep ``record`` for :func:`recall`, or do nothing where the cache cannot be written."""
    with contextlib.suppress(OSError):
        write_whole(cache_dir() / kind / f"{key}.json", json.dumps(record).encode())


def partial_of(path: Path) -> Path:
    """A name beside ``path`` to write it under until it is whole, which nobody else writes to meanwhile."""
    return path.with_name(f".{path.name}.partial-{os.getpid()}-{threading.get_ident()}")


def drop_leftovers(path: Path) -> None:
    """Remove what processes now dead, which were killed, left of writings of ``path`` under :func:`partial_of`."""
    prefix = f".{path.name}.partial-"
    for entry in path.parent.glob(f"{glob.escape(prefix)}*-*"):
        process = entry.name.removeprefix(prefix).partition("-")[0]
        if process.isdecimal() and not is_alive(int(process)):
            with contextlib.suppress(OSError):
                entry.unlink()


def is_alive(process: int) -> bool:
    """Whether a process of that number runs; on Windows, which cannot be asked so, always."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside and rename it into place, its folder made where it is missing: never half a file.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
