"""The user's cache: what was once computed and need not be again. Nothing in it is needed; losing it costs time only.

``LIMBECK_CACHE`` names its folder, else ``XDG_CACHE_HOME/limbeck``, else ``~/.cache/limbeck``. A cache that cannot be
read or written is no error: containers and shared machines often have none.
"""

from __future__ import annotations

import contextlib
import json
import os
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
