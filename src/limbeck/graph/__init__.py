"""Emit ONNX graphs of BERT-like sequence classifiers from their config and weights, without torch.

Written by hand, family by family, rather than traced: it takes under a second, needs numpy and onnx alone, and the
fusions of onnxruntime are known beforehand instead of hoped for (see ``limbeck.graph.check``).
A family is a file of ``family/``; its name, with "-" for "_", is the ``model_type`` of config.json. It defines
``obstacles``, ``build`` and ``layers``, and ``unfold`` where its graph holds tensors in another form.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck.errors import ModelError, nearest, together

if TYPE_CHECKING:
    import onnx

    from limbeck.graph.blocks import LayerNames
    from limbeck.graph.builder import Array

__all__ = ["INPUTS", "can_emit", "emit", "families", "layers", "obstacles", "unfold"]

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""Of every graph, int64 (batch, sequence); families without segments ignore the third."""


def families() -> tuple[str, ...]:
    """Return the model types that can be emitted, sorted."""
    folder = str(Path(__file__).parent / "family")
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules([folder])))


def can_emit(config: Mapping[str, Any]) -> bool:
    """Return whether ``emit`` knows this model; ``obstacles`` says why not."""
    return not obstacles(config)


def obstacles(config: Mapping[str, Any]) -> list[str]:
    """Return why a model of this config.json cannot be emitted, one reason a line; empty where it can."""
    kind = config.get("model_type")
    if kind not in families():
        return [f"model_type is {kind!r}, accepted are {nearest(str(kind), families())}"]
    reasons: list[str] = _family(kind).obstacles(config)
    return reasons


def emit(config: Mapping[str, Any], weights: Mapping[str, Array], *, first_token: bool = True) -> onnx.ModelProto:
    """Return the graph of a ``...ForSequenceClassification`` model: ``INPUTS`` -> float32 logits (batch, n_outputs).

    Batch and sequence are dynamic, up to the rows of the position table. Weights become float32. The last linear
    layer keeps its tensors' names and layout, (n_outputs, hidden). ``first_token``: the last layer computes only the
    position that the head reads; the answers are the same.

    Args:
        config: what config.json holds.
        weights: the tensors of model.safetensors by name; others than the family's are ignored.
        first_token: False computes every position of the last layer.

    Raises:
        ModelError: the model cannot be emitted, or tensors are missing, misshapen or of over 2 GB.
        MissingExtra: onnx is not installed.
    """
    reasons = obstacles(config)
    if reasons:
        raise ModelError(together(reasons))
    from limbeck.graph.builder import Graph

    kind = config["model_type"]
    graph = Graph(kind, weights)
    logits, n_outputs = _family(kind).build(graph, config, first_token=first_token)
    return graph.finish(INPUTS, logits, n_outputs)


def layers(config: Mapping[str, Any]) -> list[LayerNames]:
    """Return where the tensors of each layer are, for a config that :func:`can_emit` knows."""
    names: list[LayerNames] = _family(config["model_type"]).layers(config)
    return names


def unfold(config: Mapping[str, Any], weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return the tensors of a graph as the family's checkpoints have them, where the two differ.

    A table of one segment was added to the positions: it comes back as zeros.
    """
    found = dict(weights)
    if config.get("type_vocab_size") == 1:
        for name in [name for name in found if name.endswith(".position_embeddings.weight")]:
            types = name.replace("position_embeddings", "token_type_embeddings")
            found[types] = np.zeros_like(found[name], shape=(1, found[name].shape[1]))
    family = _family(config["model_type"])
    return family.unfold(config, found) if hasattr(family, "unfold") else found


def _family(kind: str) -> ModuleType:
    return importlib.import_module(f"limbeck.graph.family.{kind.replace('-', '_')}")
