"""What a file holds, told by its sha256, which the user's cache remembers by path, size, times and inode."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from limbeck import cache
from limbeck.artefact.verify import sha256

_KIND = "contents"
_SETTLED_NS = 20_000_000
"""A file changed in the last 20 ms is hashed again next time: a second change could fall on the same clock tick."""


def content_of(path: Path) -> str:
    """Hex sha256 of a file; of a folder that of all visible files in it and their names.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_dir():
        return _remembered(path)
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            digest.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _remembered(path: Path) -> str:
    state = path.stat()
    seen = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    known = cache.recall(_KIND, key)
    if known is not None and known.get("seen") == seen and isinstance(known.get("sha256"), str):
        return str(known["sha256"])
    found = sha256(path)
    if time.time_ns() - state.st_mtime_ns > _SETTLED_NS:
        cache.remember(_KIND, key, {"seen": seen, "sha256": found})
    return found
