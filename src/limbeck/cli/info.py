"""``limbeck info``: what a saved model is, how it was made, and how good it was."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.cli._printable import printable

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest

HELP = "Tell what a saved model is and how it was made."
EXAMPLE = "limbeck info model/"


@dataclass(frozen=True)
class Settings:
    """Which model to tell of."""

    model: tyro.conf.Positional[Path | None] = None
    """Folder of a saved model; the sentiment model that ships where none is given."""
    json: bool = False
    """Print all of it as json."""


def run(settings: Settings) -> int:
    """Tell; the folder is verified first."""
    from limbeck import sentiment
    from limbeck.artefact.verify import verify

    manifest = verify(settings.model or sentiment.folder())
    if settings.json:
        record = dataclasses.asdict(manifest)
        record["probes"] = {"n": len(manifest.probes.get("texts", [])), "tolerance": manifest.probes.get("tolerance")}
        print(json.dumps(record, sort_keys=True))
        return 0
    rows = list(_rows(manifest))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    return 0


def _rows(manifest: Manifest) -> Iterator[tuple[str, str]]:
    task = manifest.task.get("name", "?")
    yield "task", f"{task}, of {'pairs of texts' if manifest.is_pairs else 'texts'}"
    if manifest.classes:
        yield "classes", ", ".join(printable(name) for name in manifest.classes)
    yield "model", " ".join(str(manifest.model[key]) for key in ("family", "model_type") if manifest.model.get(key))
    if manifest.model.get("source"):
        yield "started from", printable(str(manifest.model["source"]))
    if manifest.languages:
        yield "languages", ", ".join(map(str, manifest.languages))
    if manifest.reading == "windows":
        yield "long texts", "read whole, in windows"
    if isinstance(manifest.model.get("parameters"), int):
        yield "parameters", f"{manifest.model['parameters']:,}"
    for name in sorted(manifest.files):
        yield name, f"{manifest.files[name]['bytes']:,} bytes"
    sections = ("metrics", "data", "training", "text", "settings", "versions")
    for section in sections:
        if getattr(manifest, section):
            yield section, _listed(getattr(manifest, section))
    if manifest.passes:
        yield "passes", "; ".join(_listed(step) if isinstance(step, dict) else str(step) for step in manifest.passes)
    yield "probes", str(len(manifest.probes.get("texts", [])))


def _listed(values: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in values.items() if value is not None}
    return printable(", ".join(f"{key} {_value(value)}" for key, value in shown.items()))


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"({_listed(value)})" if isinstance(value, dict) else str(value)
