"""Verify a folder before anything of it is used: every listed file present, of its size and sha256.

Hashing runs in a thread beside the imports of what will read the files (:func:`start`), and its results are remembered
in the user's cache by path, size, times and inode of each file. Nothing is written into the folder.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

from limbeck import cache
from limbeck.artefact.beside import Beside
from limbeck.artefact.manifest import AGAIN, NAME, Manifest
from limbeck.errors import ArtefactError, closest, together

_KIND = "verified"
_SETTLED_NS = 20_000_000
"""A file changed in the last 20 ms is hashed again next time: a second change could fall on the same clock tick."""


def verify(folder: Path | str) -> Manifest:
    """Verify ``folder`` and give its manifest. Files that the manifest does not list are ignored.

    Raises:
        ArtefactError: it is no artefact, or files are missing or damaged; all of them are named in one message.
    """
    folder = Path(folder)
    _check_is_artefact(folder)
    manifest = Manifest.read(folder)
    key = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    known = cache.recall(_KIND, key) or {}
    found: dict[str, Any] = {}
    problems = []
    for name, expected in manifest.files.items():
        problem = _check_file(folder, name, expected, known.get(name), found)
        if problem:
            problems.append(problem)
    settled = {name: entry for name, entry in found.items() if time.time_ns() - entry["mtime_ns"] > _SETTLED_NS}
    if settled != known:
        cache.remember(_KIND, key, settled)
    if problems:
        raise ArtefactError(f"{folder} is damaged; {AGAIN}: {together(problems)}")
    return manifest


def start(folder: Path | str) -> Beside[Manifest]:
    """Begin to verify ``folder`` in a thread; its ``result()`` is what :func:`verify` gives or raises."""
    return Beside(lambda: verify(folder))


def _check_file(folder: Path, name: str, expected: dict[str, Any], known: Any, found: dict[str, Any]) -> str | None:
    """What is wrong with one file, or None; what was learnt goes into ``found``."""
    path = folder / name
    try:
        state = path.stat()
        if state.st_size != expected["bytes"]:
            return f"{name} has {state.st_size} bytes, expected {expected['bytes']}"
        entry: dict[str, Any] = {
            "bytes": state.st_size,
            "mtime_ns": state.st_mtime_ns,
            "ctime_ns": state.st_ctime_ns,
            "inode": state.st_ino,
        }
        if isinstance(known, dict) and {**known, "sha256": None} == {**entry, "sha256": None}:
            entry["sha256"] = known.get("sha256")
        else:
            entry["sha256"] = sha256(path)
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror or error}"
    found[name] = entry
    if entry["sha256"] != expected["sha256"]:
        return f"{name} has sha256 {entry['sha256']}, expected {expected['sha256']}"
    return None


def sha256(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_is_artefact(folder: Path) -> None:
    if folder.is_file():
        raise ArtefactError(f"{str(folder)!r} is a file; give the folder of a saved model")
    if not folder.is_dir():
        raise ArtefactError(f"there is no folder {str(folder)!r}{_beside(folder)}")
    if (folder / NAME).exists():
        return
    if _is_ours(folder):
        raise ArtefactError(f"{folder / NAME} is missing; {AGAIN}")
    if (folder / "config.json").exists():
        raise ArtefactError(
            f"{str(folder)!r} is a Hugging Face folder, {NAME} is missing: "
            f"train from it with: limbeck train FILE --model {folder}"
        )
    raise ArtefactError(
        f"{str(folder)!r} is no saved model, {NAME} is missing; make one with: limbeck train FILE --out DIR"
    )


def _is_ours(folder: Path) -> bool:
    """Whether the folder was an artefact before it lost its manifest."""
    try:
        return "library_name: limbeck" in (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:2000]
    except OSError:
        return False


def _beside(folder: Path) -> str:
    """What to say about a folder that is not there."""
    try:
        names = [entry.name for entry in folder.absolute().parent.iterdir()]
    except OSError:
        names = []
    if aside := sorted(name for name in names if name.startswith(f".{folder.name}.replaced-")):
        return f"; a save was cut off and left the former model in {aside[-1]!r} beside it: rename that back"
    close = closest(folder.name, [name for name in names if not name.startswith(".")])
    hint = f"; {close[0]!r} (nearest) is there" if close else ""
    return f"{hint}; make a model with: limbeck train FILE --out {folder}"
