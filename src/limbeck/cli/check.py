"""``limbeck check``: are the files whole, and does this machine compute what the one that saved them did?"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import tyro

HELP = "Verify a saved model's files and replay its probes on this machine."
EXAMPLE = "limbeck check model/"


@dataclass(frozen=True)
class Settings:
    """Which model to check."""

    model: tyro.conf.Positional[Path | None] = None
    """Folder of a saved model; the sentiment model that ships where none is given."""
    json: bool = False
    """Print json."""


def run(settings: Settings) -> int:
    """Check; 0 when all is as it was saved, 1 when answers differ. Damaged files are an error that names them."""
    from limbeck import sentiment
    from limbeck.cli.info import encoder_record
    from limbeck.runtime.check import check

    if settings.model is not None and (found := encoder_record(settings.model)):
        n_files = len(found["files"])
        told = json.dumps({"ok": True, "n_files": n_files, "n_probes": 0})
        print(told if settings.json else f"ok: {n_files} files are whole; an encoder answers nothing, so has no probes")
        return 0
    report = check(settings.model or sentiment.folder())
    if settings.json:
        print(json.dumps(dataclasses.asdict(report) | {"ok": report.ok}))
        return 0 if report.ok else 1
    verdict = "ok" if report.ok else "differs"
    print(f"{verdict}: {report.n_files} files are whole; {report.n_probes} probes replayed on {report.machine}")
    computed = "" if report.precision == "float32" else f", computed in {report.precision}"
    print(f"largest difference {report.difference:.2g}, tolerance {report.tolerance:.2g}{computed}")
    if computed and not report.ok:
        print("predict answers in float32 instead")
    return 0 if report.ok else 1
