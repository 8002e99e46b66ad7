"""Write one measured figure as a small json, with all that is needed to judge it: bar, command, commit, machine, date.

A record is committed under ``results/``; ``table.py`` makes ``RESULTS.md`` of them. A piece is a part of a long
benchmark (one side, one seed) under ``results/pieces/``: a rerun makes only the pieces that are missing. Both are
written beside and renamed. Commands hold the placeholders DATA, ENCODER, MODEL and WORK, never a path of the machine.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PIECES = RESULTS / "pieces"
PACKAGES = ("limbeck", "numpy", "tokenizers", "onnxruntime", "torch", "transformers", "accelerate")
RESULT_PATHS = ("benchmarks/results", "benchmarks/RESULTS.md", "recipes/sentiment/results", "docs/accuracy_speed.svg")
EXCEPT_RESULTS = (":/", *(f":(top,exclude){path}" for path in RESULT_PATHS))
CPU_FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_bf16")
ABSOLUTE_PATH = re.compile(r"(?<![\w.])(/[\w.-]+/[\w.-]|[A-Za-z]:\\)")


@dataclass(frozen=True)
class Record:
    """One figure of ``RESULTS.md``; ``write`` adds commit, machine, date and versions."""

    name: str
    """File name and place in the table: the part before the first ``-`` is its group."""
    what: str
    value: float
    unit: str
    bar: str
    """What was promised, in words."""
    met: bool
    """Whether the value keeps the promise."""
    command: str
    peer: dict[str, Any] | None = None
    """``name`` and ``value`` of what ran beside it, in the same unit."""
    ratio: float | None = None
    """Value divided by the peer's value."""
    detail: dict[str, Any] = field(default_factory=dict)


def stamp() -> dict[str, Any]:
    """Commit, machine, date and versions as of now."""
    now = datetime.datetime.now(datetime.UTC)
    return {"commit": commit(), "machine": machine(), "date": now.date().isoformat(), "versions": versions()}


def commit() -> str:
    """Short hash of HEAD, ``+`` behind it where files other than results differ; ``none`` without a commit."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD")
        changed = _git("status", "--porcelain", "--", *EXCEPT_RESULTS)
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return head + ("+" if changed else "")


def machine() -> dict[str, Any]:
    """CPU model, the vector flags that matter here, cores this process may use, memory in GB."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return {"cpu": platform.processor(), "flags": [], "cores": os.cpu_count(), "memory_gb": None}
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    has = set(cpuinfo.split())
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "flags": [flag for flag in CPU_FLAGS if flag in has],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_bytes / 1e9, 1),
    }


def versions() -> dict[str, str]:
    """Python's version and those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def write(record: Record, stamps: Sequence[Mapping[str, Any]] = (), *, several_machines: bool = False) -> Path:
    """Write ``results/<name>.json``; return its path.

    Args:
        record: the figure.
        stamps: those of the pieces it was made of; none: it was measured just now.
        several_machines: the pieces may come from several, which are all named. For figures of accuracy and loss, never
            of speed or memory.

    Raises:
        ValueError: the pieces come from several machines, or a text names a path of this machine.
    """
    stamps = stamps or [stamp()]
    machines = list({json.dumps(one["machine"], sort_keys=True): one["machine"] for one in stamps}.values())
    if len(machines) > 1 and not several_machines:
        raise ValueError(f"{record.name}: its pieces come from {len(machines)} machines; delete those of all but one")
    whole = asdict(record) | {
        "commit": ", ".join(dict.fromkeys(one["commit"] for one in stamps)),
        "machine": machines[0],
        **({"other_machines": machines[1:]} if len(machines) > 1 else {}),
        "date": max(one["date"] for one in stamps),
        "versions": stamps[0]["versions"],
    }
    return save(RESULTS / f"{record.name}.json", whole)


def piece(path: Path, settings: Mapping[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the piece at ``path`` if it was made with these settings, else make it, stamped with when it began."""
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["settings"] == settings:
            return found
    began, start = stamp(), time.perf_counter()
    whole = make() | {"settings": dict(settings), "stamp": began, "wall_seconds": round(time.perf_counter() - start, 1)}
    save(path, whole)
    return whole


def save(path: Path, whole: Mapping[str, Any]) -> Path:
    """Write json beside ``path`` and rename it into place; refuse a text that names a path of this machine."""
    text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    if found := ABSOLUTE_PATH.search(text):
        near = text[found.start() : found.start() + 60]
        raise ValueError(f"{path.name} would name a path of this machine: {near!r}; use DATA, ENCODER, MODEL or WORK")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    beside.write_text(text, encoding="utf-8")
    return beside.replace(path)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=True)
    return done.stdout.strip()
