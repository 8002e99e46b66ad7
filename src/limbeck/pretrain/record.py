"""The record of a pre-trained encoder, ``pretraining.json``: read and held against the files, without torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from limbeck.artefact.manifest import AGAIN
from limbeck.artefact.verify import sha256
from limbeck.errors import ArtefactError, together

NAME = "pretraining.json"
"""Settings, corpus, what was measured, hashes of the files."""
_PARTS = ("files", "model", "measured", "training", "corpus")
"""What every record has."""


def stands_in(folder: Path | str) -> bool:
    """Whether a folder is a pre-trained encoder of limbeck's."""
    return (Path(folder) / NAME).is_file()


def read(folder: Path | str) -> dict[str, Any]:
    """What the record says.

    Raises:
        ArtefactError: there is none, or it is damaged.
    """
    try:
        found = json.loads((Path(folder) / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{folder} holds no pre-trained encoder of limbeck: {NAME}: {error}") from None
    record: dict[str, Any] = found if isinstance(found, dict) else {}
    if lacking := [part for part in _PARTS if not isinstance(record.get(part), dict)]:
        why = f"{NAME} tells of no {', '.join(lacking)}"
        raise ArtefactError(f"{folder} holds no pre-trained encoder of limbeck: {why}; {AGAIN}")
    return record


def verify(folder: Path | str) -> dict[str, Any]:
    """The record, once every file is as it was saved.

    Raises:
        ArtefactError: files are missing or changed; all of them are named.
    """
    record = read(folder)
    problems = []
    for name, wanted in record["files"].items():
        path = Path(folder) / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif sha256(path) != wanted:
            problems.append(f"{name} was changed")
    if problems:
        raise ArtefactError(f"{folder} is damaged: {together(problems)}\n{AGAIN}")
    return record


def lines(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values, as a person reads them."""
    model, training, corpus = record["model"], record["training"], record["corpus"]
    yield "encoder", f"{model['model_type']}, {model['layers']} layers, {model['parameters']:,} parameters"
    yield "use it", "limbeck train FILE --model FOLDER; it answers nothing by itself"
    yield "training", f"{training['updates']:,} updates, {training['tokens']:,} tokens in {training['precision']}"
    yield "speed", f"{training['tokens_per_second']:,.0f} tokens a second"
    yield "corpus", f"{corpus['texts']:,} texts, {corpus['tokens']:,} tokens in blocks of {corpus['length']}"
    n_tokens = corpus.get("measured_tokens", corpus["valid_tokens"])
    for name, value in record["measured"].items():
        yield called(name), f"{value:.4g} on {n_tokens:,} tokens held back"
    if teacher := record.get("teacher"):
        yield "teacher", f"{teacher['name']}, {teacher['layers']} layers, {teacher['parameters']:,} parameters"
        if "perplexity" in teacher:
            yield "its perplexity", f"{teacher['perplexity']:.4g} on the same"


def called(name: str) -> str:
    """What a measure is called: the loss's parts are logged as they count in it."""
    return name if name in ("loss", "perplexity") else f"{name}, times its weight"
