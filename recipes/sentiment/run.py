"""What the pieces share: where things are, what a file's fingerprint is, and how limbeck's commands are run."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import commands

HERE = Path(__file__).resolve().parent


class Unfinished(Exception):
    """A piece stopped at its time limit; a checkpoint stands."""


@dataclass(frozen=True)
class Run:
    """Folders and amounts of one run of the recipe."""

    data: Path
    encoder: Path
    work: Path
    out: Path
    results: Path
    minutes: float = 55
    """Of training in one go."""
    amounts: dict[str, Any] = field(default_factory=dict)
    """What a rehearsal does less of, by the names in ``pieces.AMOUNTS``."""

    @property
    def lean(self) -> Path:
        """What ships but for its card."""
        return self.work / "lean"

    def say(self, line: str) -> None:
        """Tell the user, on stderr."""
        print(f"[sentiment] {line}", file=sys.stderr, flush=True)


def fingerprints(files: Mapping[str, Path]) -> dict[str, str]:
    """Name -> first 16 hex digits of the sha256 of a file, or of a folder's files by their names; no path is kept."""
    return {name: _fingerprint(path) for name, path in files.items()}


def _fingerprint(path: Path) -> str:
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    digest = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file() and "__pycache__" not in entry.parts):
        digest.update(f"{file.relative_to(path).as_posix()} {_fingerprint(file)}\n".encode())
    return digest.hexdigest()[:16]


def fresh(folder: Path) -> Path:
    """The path of a folder that a command will make: what stands there from an earlier run is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def limbeck(*words: str | Path) -> None:
    """Run a command of limbeck to its end; a failure ends the recipe."""
    commands.run(commands.limbeck(), *words)


def limbeck_for(minutes: float, *words: str | Path) -> None:
    """Run a command that checkpoints, for so many minutes at most.

    Raises:
        Unfinished: it was asked to stop and did.
    """
    command = [commands.limbeck(), *map(str, words)]
    print("+", *command, file=sys.stderr, flush=True)
    process = subprocess.Popen(command, env=commands.ENVIRONMENT, stdout=sys.stderr)
    stopped = False
    try:
        code = process.wait(timeout=minutes * 60)
    except subprocess.TimeoutExpired:
        stopped = True
        process.send_signal(signal.SIGINT)
        code = process.wait()
    except BaseException:  # Ctrl-C reaches the command too; let it write its checkpoint
        process.wait()
        raise
    if stopped and code == 130:
        raise Unfinished(f"stopped after {minutes:g} minutes; a checkpoint stands, run the same command again")
    if code != 0:
        raise SystemExit(f"`limbeck {words[0]}` left with exit code {code}")
