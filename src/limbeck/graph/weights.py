"""Read the weights back out of an int8 graph, by their names in model.safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck.artefact.manifest import INT8_GRAPH
from limbeck.errors import ModelError, require
from limbeck.graph import unfold
from limbeck.graph.int8 import SCALE, TRANSPOSED

if TYPE_CHECKING:
    from limbeck.graph.builder import Array

_CONSTANTS = ("ints.", "int.", "float.")
"""How the names of a graph's own constants begin (see ``limbeck.graph.builder``)."""


def read(folder: Path) -> dict[str, Array]:
    """Give the weights of the int8 graph in ``folder``, float32, by their names in model.safetensors.

    What the graph folded together comes back as tensors that give the same answers: a single segment's vector as part
    of the positions, and zeros in its place.

    Raises:
        ModelError: there is no int8 graph in the folder, or it cannot be read.
        MissingExtra: onnx is not installed.
    """
    onnx: Any = require("onnx", "compress")
    path = folder / INT8_GRAPH
    try:
        model = onnx.load(path)
    except FileNotFoundError:
        raise ModelError(f"{folder} has no {INT8_GRAPH}; give the folder of a model exported with --int8") from None
    except Exception as error:  # protobuf's own, whose module is not ours to know
        raise ModelError(f"{path} cannot be read as a graph: {error}; export the model again") from None
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return as_saved(stored, config)


def as_saved(stored: Mapping[str, Array], config: Mapping[str, Any]) -> dict[str, Array]:
    """Give the tensors of a graph, by its own names, as model.safetensors has them."""
    weights = {}
    for name, values in stored.items():
        if name.startswith(_CONSTANTS) or name.endswith(SCALE):
            continue
        scale = stored.get(name + SCALE)
        wide = values if scale is None else values.astype(np.float32) * scale
        wide = wide.T if name.endswith(TRANSPOSED) else wide
        weights[name.removesuffix(TRANSPOSED)] = np.array(wide, np.float32, order="C")  # a copy, which may be written
    return unfold(config, weights)
