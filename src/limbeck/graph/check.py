"""Say whether a graph is valid, and whether onnxruntime still fuses it.

onnxruntime fuses by pattern: a node out of place and it runs the slow parts one by one, without a word. Counting the
fused nodes of what it optimises turns that silence into an error.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.errors import ModelError, require, together

if TYPE_CHECKING:
    import onnx

NORM = "SkipLayerNormalization"
GELU = "Gelu"
"""Counts Gelu, BiasGelu and FastGelu together: which of them depends on the activation and the release."""

_GELUS = ("Gelu", "BiasGelu", "FastGelu")
_GELU_NAMES = ("gelu", "gelu_python", "gelu_new", "gelu_pytorch_tanh")


def validate(model: onnx.ModelProto) -> None:
    """Run onnx's own checker, shapes included.

    Raises:
        ModelError: it found the graph invalid.
    """
    onnx_module: Any = require("onnx", "compress")
    try:
        onnx_module.checker.check_model(model, full_check=True)
    except (onnx_module.checker.ValidationError, onnx_module.shape_inference.InferenceError) as error:
        raise ModelError(f"onnx refuses the graph {model.graph.name!r}: {error}") from error


def optimised_ops(model: onnx.ModelProto) -> Counter[str]:
    """Return how many nodes of each operator onnxruntime runs for ``model`` on a processor, fusions done."""
    onnx_module: Any = require("onnx", "compress")
    runtime: Any = require("onnxruntime", "compress")
    with tempfile.TemporaryDirectory() as folder:
        options = runtime.SessionOptions()
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        options.log_severity_level = 3
        runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        optimised = onnx_module.load(options.optimized_model_filepath)
    return Counter(node.op_type for node in optimised.graph.node)


def expected_fusions(config: Mapping[str, Any]) -> dict[str, int]:
    """Return the fused nodes that a model of this config.json shall have: two norms a layer, one gelu if it has any."""
    layers = config.get("num_hidden_layers", config.get("n_layers", 6 if config["model_type"] == "distilbert" else 12))
    activation = config.get("hidden_act", config.get("activation", "gelu"))
    return {NORM: 2 * layers, GELU: layers if activation in _GELU_NAMES else 0}


def require_fusions(model: onnx.ModelProto, expected: Mapping[str, int]) -> None:
    """Optimise ``model`` with onnxruntime and count; more than expected is fine.

    Raises:
        ModelError: fewer nodes were fused than ``expected``.
    """
    ops = optimised_ops(model)
    have = {**ops, GELU: sum(ops[name] for name in _GELUS)}
    problems = [
        f"onnxruntime fused {have.get(name, 0)} {name} of {count} in the {model.graph.name} graph: it would run slower"
        for name, count in expected.items()
        if have.get(name, 0) < count
    ]
    if problems:
        raise ModelError(together(problems))
