"""The activations of feed-forwards and heads, by the names that transformers' configs give them."""

from __future__ import annotations

import math

from limbeck.graph.builder import Graph


def _gelu(graph: Graph, value: str, at: str) -> str:
    """Return ``x * (1 + erf(x / sqrt 2)) * 0.5``, in the order that onnxruntime fuses."""
    scaled = graph.op("Div", value, graph.scalar(math.sqrt(2.0)), at=f"{at}/Div")
    erf = graph.op("Add", graph.op("Erf", scaled, at=f"{at}/Erf"), graph.scalar(1.0), at=f"{at}/Add")
    return graph.op("Mul", graph.op("Mul", value, erf, at=f"{at}/Mul"), graph.scalar(0.5), at=f"{at}/Half")


def _gelu_tanh(graph: Graph, value: str, at: str) -> str:
    """Return ``0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``, in the order that onnxruntime fuses."""
    cube = graph.op("Pow", value, graph.scalar(3.0), at=f"{at}/Pow")
    inner = graph.op("Mul", cube, graph.scalar(0.044715), at=f"{at}/Mul")
    inner = graph.op("Add", value, inner, at=f"{at}/Sum")
    inner = graph.op("Mul", inner, graph.scalar(math.sqrt(2.0 / math.pi)), at=f"{at}/Scale")
    tanh = graph.op("Add", graph.op("Tanh", inner, at=f"{at}/Tanh"), graph.scalar(1.0), at=f"{at}/Add")
    half = graph.op("Mul", value, graph.scalar(0.5), at=f"{at}/Half")
    return graph.op("Mul", half, tanh, at=f"{at}/Product")


def _silu(graph: Graph, value: str, at: str) -> str:
    return graph.op("Mul", value, graph.op("Sigmoid", value, at=f"{at}/Sigmoid"), at=f"{at}/Mul")


def _relu(graph: Graph, value: str, at: str) -> str:
    return graph.op("Relu", value, at=f"{at}/Relu")


def _tanh(graph: Graph, value: str, at: str) -> str:
    return graph.op("Tanh", value, at=f"{at}/Tanh")


ACTIVATIONS = {
    "gelu": _gelu,
    "gelu_python": _gelu,
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "relu": _relu,
    "silu": _silu,
    "swish": _silu,
    "tanh": _tanh,
}
"""The names of transformers' configs."""


def activate(graph: Graph, value: str, name: str, at: str) -> str:
    """Return the activation ``name`` (a key of ``ACTIVATIONS``) of ``value``."""
    return ACTIVATIONS[name](graph, value, at)
