"""The files of an encoder from which a student is cut, read and written. No torch where they are of today's kind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.manifest import AGAIN, INT8_GRAPH, NAME, TOKENIZER, Manifest
from limbeck.artefact.verify import sha256, verify
from limbeck.errors import ModelError, require
from limbeck.graph import weights as graph_weights

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_COPIED = ("tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt")
_LICENCES = ("LICEN", "NOTICE", "COPYING")


def read_config(source: Path) -> dict[str, Any]:
    """Configuration of an encoder's folder.

    Raises:
        ModelError: the file is missing, or cannot be read.
    """
    if not (source / CONFIG).is_file():
        raise ModelError(f"{source} has no {CONFIG}; give the folder of an encoder or of a saved model")
    try:
        config = json.loads((source / CONFIG).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{source / CONFIG} is no json ({error}); {AGAIN}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{source / CONFIG} holds no json object; {AGAIN}")
    return config


def read(source: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and float weights of an encoder's folder; those of an int8 model are dequantised.

    Raises:
        ModelError: a file is missing, or cannot be read.
        ArtefactError: it is a saved model of limbeck with damaged files.
        MissingExtra: safetensors or onnx is not installed.
    """
    if (source / CONFIG).is_file() and (source / NAME).is_file():
        verify(source)  # what is cut out of damaged files would carry new hashes
    config = read_config(source)
    if (source / WEIGHTS).is_file():
        return config, _tensors(source / WEIGHTS)
    if (source / INT8_GRAPH).is_file():
        return config, graph_weights.read(source)
    raise ModelError(f"{source} has no {WEIGHTS}; give an encoder's folder with its weights in that form")


def tokenizer(source: Path) -> str:
    """The text of a folder's ``tokenizer.json``; one of older files alone is made by transformers.

    Raises:
        ModelError: there is none, and none can be made.
    """
    if (source / TOKENIZER).is_file():
        return (source / TOKENIZER).read_text(encoding="utf-8")
    from limbeck.models.transformer import read_tokenizer

    return read_tokenizer(source)


def write(source: Path, out: Path, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> None:
    """Write an encoder at ``out``, a new folder, with the tokenizer and the licence of ``source``.

    Raises:
        ModelError: ``source`` has no tokenizer.
    """
    out.mkdir(parents=True)
    (out / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    whole = {name: np.ascontiguousarray(value) for name, value in weights.items()}
    require("safetensors.numpy", "compress").save_file(whole, out / WEIGHTS, metadata={"format": "pt"})
    (out / TOKENIZER).write_text(tokenizer(source), encoding="utf-8")
    for path in source.iterdir():
        if path.is_file() and (path.name in _COPIED or path.name.upper().startswith(_LICENCES)):
            shutil.copy2(path, out / path.name)


def hand_on_manifest(source: Path, out: Path) -> None:
    """What a saved model says of its languages and of its way of reading goes along, with the hashes of new files."""
    if (source / NAME).is_file():
        files = {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(out.iterdir())}
        (out / NAME).write_bytes(replace(Manifest.read(source), files=files, probes={}, metrics={}).to_bytes())


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file by their names; numpy has no bfloat16, which becomes float32.

    Raises:
        ModelError: it cannot be read.
    """
    safetensors = require("safetensors", "compress")
    try:
        held = safetensors.deserialize(path.read_bytes())
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} cannot be read: {error}; {AGAIN}") from None
    return {name: _array(entry["dtype"], entry["data"], entry["shape"]) for name, entry in held}


def _array(kind: str, data: bytes, shape: list[int]) -> NDArray[Any]:
    if kind == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    letter = {"F": "f", "I": "i", "U": "u", "B": "b"}[kind[0]]
    size = 1 if kind == "BOOL" else int(kind[1:]) // 8
    return np.frombuffer(data, np.dtype(f"<{letter}{size}") if letter != "b" else np.bool_).reshape(shape).copy()
