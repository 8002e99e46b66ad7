"""The folder of an encoder that was cut out of another. No torch where its files are of today's kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from limbeck.artefact.copies import copy_into, licences_of, list_files
from limbeck.artefact.manifest import AGAIN, NAME, TOKENIZER, Manifest
from limbeck.errors import ModelError
from limbeck.passes._encoder_files import CONFIG, WEIGHTS, as_read, write_weights

_COPIED = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt")


def tokenizer(source: Path) -> str:
    """The text of a folder's ``tokenizer.json``; one of older files alone is made by transformers.

    Raises:
        ModelError: there is none, and none can be made, or it cannot be read.
    """
    if (source / TOKENIZER).is_file():
        try:
            return (source / TOKENIZER).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"{source / TOKENIZER} cannot be read ({error}); {AGAIN}") from None
    from limbeck.models.transformer import read_tokenizer

    return read_tokenizer(source)


def write(source: Path, out: Path, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> None:
    """Write an encoder at ``out``, a new folder, with the tokenizer and the licence of ``source``.

    Raises:
        ModelError: ``source`` has no tokenizer, or there is no room for the weights.
    """
    out.mkdir(parents=True)
    (out / CONFIG).write_text(json.dumps(as_read(config), indent=2) + "\n", encoding="utf-8")
    write_weights(weights, out / WEIGHTS)
    (out / TOKENIZER).write_text(tokenizer(source), encoding="utf-8")
    kept = [path for path in source.iterdir() if path.is_file() and path.name in _COPIED]
    copy_into(out, source, [*kept, *licences_of(source)])


def hand_on_manifest(source: Path, out: Path) -> None:
    """What a saved model says of its languages and of its way of reading goes along, with the hashes of new files."""
    if (source / NAME).is_file():
        (out / NAME).write_bytes(
            replace(Manifest.read(source), files=list_files(out), probes={}, metrics={}).to_bytes()
        )
