"""The files of an encoder, read: configuration and weights, whatever they are stored as. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.manifest import AGAIN, INT8_GRAPH, NAME
from limbeck.artefact.verify import verify
from limbeck.errors import ModelError, require
from limbeck.graph import weights as graph_weights

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_DTYPES = ("dtype", "torch_dtype")


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


def as_read(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of weights that :func:`read` gave: bfloat16 has become float32, and transformers goes by it."""
    return {key: "float32" if key in _DTYPES and value == "bfloat16" else value for key, value in config.items()}


def write_weights(weights: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write the tensors of an encoder that was cut or trimmed.

    Raises:
        ModelError: there is no room for them, or no right to write there.
        MissingExtra: safetensors is not installed.
    """
    safetensors = require("safetensors", "compress")
    whole = {name: np.ascontiguousarray(value) for name, value in weights.items()}
    try:
        require("safetensors.numpy", "compress").save_file(whole, path, metadata={"format": "pt"})
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(
            f"{path}, a file on the way, cannot be written: {error}; make room there, or have the variable TMPDIR "
            "name a folder on another disk"
        ) from None


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
