"""``limbeck info``: what a saved model is, how it was made, and how good it was."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.artefact.card import measured_graph, measured_rows, other_sets
from limbeck.cli._printable import printable
from limbeck.errors import ArtefactError, refuse

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest

HELP = "Tell what a saved model is and how it was made."
EXAMPLE = "limbeck info model/"
CARD = "README.md"
_MOST = 20
"""Entries of a list that are shown; of more, such as a sketch of the training rows, how many there are."""


@dataclass(frozen=True)
class Settings:
    """Which model to tell of."""

    model: tyro.conf.Positional[Path | None] = None
    """Folder of a saved model; the sentiment model that ships where none is given."""
    card: bool = False
    """Print the model's card instead: what it is for, what it was measured at, where it fails."""
    json: bool = False
    """Print all of it as json."""

    def __post_init__(self) -> None:
        if self.card and self.json:
            refuse(["--card prints Markdown, and --json the manifest; leave one of them out"])


def run(settings: Settings) -> int:
    """Tell; the folder is verified first."""
    from limbeck import sentiment
    from limbeck.artefact.verify import verify

    folder = settings.model or sentiment.folder()
    pretrained = encoder_record(folder)
    manifest = None if pretrained else verify(folder)
    if settings.card:
        print(_card(folder))
        return 0
    if manifest is None:
        return _tell_encoder(pretrained, as_json=settings.json)
    if settings.json:
        record = dataclasses.asdict(manifest)
        record["probes"] = {"n": len(manifest.probes.get("texts", [])), "tolerance": manifest.probes.get("tolerance")}
        print(json.dumps(record, sort_keys=True))
        return 0
    rows = [*_places(folder), *_rows(manifest)]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    return 0


def encoder_record(folder: Path) -> dict[str, Any]:
    """The record of a pre-trained encoder, its files verified; empty for a folder of any other kind.

    Raises:
        ArtefactError: its files are damaged.
    """
    from limbeck.artefact.manifest import NAME
    from limbeck.pretrain import record

    return record.verify(folder) if record.stands_in(folder) and not (folder / NAME).is_file() else {}


def _tell_encoder(found: Mapping[str, Any], *, as_json: bool) -> int:
    from limbeck.pretrain.record import lines

    if as_json:
        print(json.dumps(found, sort_keys=True))
        return 0
    for name, value in lines(found):
        print(f"{name:<24}  {printable(value)}")
    return 0


def _card(folder: Path) -> str:
    """The text of the card.

    Raises:
        ArtefactError: the folder has none.
    """
    path = folder / CARD
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise ArtefactError(f"{str(folder)!r} has no card ({CARD}); limbeck info without --card tells of it") from None
    return "\n".join(map(printable, text.splitlines()))


def _places(folder: Path) -> Iterator[tuple[str, str]]:
    yield "folder", printable(str(folder))
    if (folder / CARD).is_file():
        yield "card", f"{printable(str(folder / CARD))} (--card prints it)"


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
        if section == "metrics" and manifest.metrics:
            yield "measured on", printable(_measured(manifest))
    if manifest.passes:
        yield "passes", "; ".join(_listed(step) if isinstance(step, dict) else str(step) for step in manifest.passes)
    yield "probes", str(len(manifest.probes.get("texts", [])))


def _measured(manifest: Manifest) -> str:
    others = other_sets(manifest)
    own = f"{measured_rows(manifest)}, by {measured_graph(manifest)}"
    return f"{own}; {', '.join(others)}: on the set in the name" if others else own


def _listed(values: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in values.items() if value is not None}
    return printable(", ".join(f"{key} {_value(value)}" for key, value in shown.items()))


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > _MOST:
        return f"[{len(value)} entries]"
    return f"({_listed(value)})" if isinstance(value, dict) else str(value)
