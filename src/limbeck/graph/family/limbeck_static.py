"""limbeck-static: two vectors a token, the weighted mean of the one kind by the other, two linear layers.

Padding stands at the end and scopes act on what follows them alone, so that only what is summed need be masked.

Source: ``limbeck.models.static``, whose forward pass this is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from limbeck.graph import blocks, sizes
from limbeck.graph.builder import Array, Graph

_NUMBERS = ("vocab_size", "hidden_size", "reach", "intermediate_size")
_REACH = "reach"
"""The tensor of distances; each of its rows stands by itself in the graph, as ``reach.1`` and so on."""


def obstacles(config: sizes.Config) -> list[str]:
    """Return why this config cannot be emitted; empty where it can."""
    found = []
    for key in _NUMBERS:
        value = config.get(key)
        if not isinstance(value, int) or value < 1:
            found.append(f"{key} is {value!r}, accepted are whole numbers from 1")
    kinds = config.get("type_vocab_size")
    if kinds not in (1, 2):
        found.append(f"type_vocab_size is {kinds!r}, accepted are 1 (single texts) and 2 (pairs)")
    return found


def build(graph: Graph, config: sizes.Config, *, first_token: bool) -> tuple[str, int]:
    """Return the logits' name and their number; no token is ahead of others, so ``first_token`` changes nothing."""
    del first_token
    width, hidden = config["hidden_size"], config["intermediate_size"]
    shape = (config["vocab_size"], width)
    words, scopes = (_vectors(graph, f"{kind}_embeddings.weight", shape) for kind in ("word", "scope"))
    said = graph.op("Mul", words, _weights(graph, scopes, config["reach"], width), at="said")
    if config["type_vocab_size"] == 1:
        features, n_features = _mean_of(graph, said, "attention_mask", "text"), width
    else:
        features, n_features = _compared(graph, said), 4 * width
    inner = blocks.linear(graph, features, "dense", n_features, hidden)
    return blocks.output_layer(graph, graph.op("Relu", inner, at="dense/Relu"), "classifier", hidden)


def layers(config: sizes.Config) -> list[blocks.LayerNames]:
    """Return where the tensors of each layer are: there is none with attention."""
    del config
    return []


def unfold(config: sizes.Config, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return the graph's tensors as model.safetensors has them: the rows of ``reach`` together."""
    rows = [weights[_row(distance)] for distance in range(1, config["reach"] + 1)]
    rest = {name: values for name, values in weights.items() if not name.startswith(f"{_REACH}.")}
    return {**rest, _REACH: np.stack(rows)}


def _row(distance: int) -> str:
    return f"{_REACH}.{distance}"


def _vectors(graph: Graph, name: str, shape: tuple[int, int]) -> str:
    """Return each token's row of the table ``name``, (B, T, D)."""
    table = graph.constant(name, graph.weight(name, shape))
    return graph.op("Gather", table, "input_ids", at=name.removesuffix(".weight"))


def _weights(graph: Graph, scopes: str, n_before: int, width: int) -> str:
    """Return what each token's vector is multiplied by, (B, T, D): 1, and the scopes before it by their distance."""
    reach = graph.weight(_REACH, (n_before, width))
    before = graph.op("Pad", scopes, graph.ints(0, n_before, 0, 0, 0, 0), at="before")
    total = graph.scalar(1.0)
    for distance in range(1, n_before + 1):
        at = f"scope.{distance}"
        ends = (graph.ints(n_before - distance), graph.ints(-distance), graph.ints(1))
        shifted = graph.op("Slice", before, *ends, at=f"{at}/shifted")
        row = graph.constant(_row(distance), reach[distance - 1])
        total = graph.op("Add", total, graph.op("Mul", shifted, row, at=f"{at}/Mul"), at=f"{at}/Add")
    return total


def _mean_of(graph: Graph, said: str, read: str, at: str) -> str:
    """Return the mean of the vectors ``said`` where int64 ``read`` (B, T) is 1, (B, D); 0 where it is so nowhere."""
    mask = graph.cast(read, "FLOAT", at=f"{at}/Cast")
    kept = graph.op("Mul", said, graph.op("Unsqueeze", mask, graph.ints(2), at=f"{at}/Unsqueeze"), at=f"{at}/kept")
    total = graph.op("ReduceSum", kept, graph.ints(1), at=f"{at}/sum", keepdims=0)
    number = graph.op("ReduceSum", mask, graph.ints(1), at=f"{at}/number", keepdims=1)
    return graph.op("Div", total, graph.op("Max", number, graph.scalar(1.0), at=f"{at}/Max"), at=f"{at}/Div")


def _compared(graph: Graph, said: str) -> str:
    """Return the means u and v of both texts, and how they differ: u, v, |u - v|, u * v, (B, 4 D)."""
    second = graph.op("Mul", "attention_mask", "token_type_ids", at="pair/second")
    first = graph.op("Sub", "attention_mask", second, at="pair/first")
    u, v = _mean_of(graph, said, first, "first"), _mean_of(graph, said, second, "second")
    apart = graph.op("Abs", graph.op("Sub", u, v, at="pair/Sub"), at="pair/Abs")
    return graph.op("Concat", u, v, apart, graph.op("Mul", u, v, at="pair/Mul"), at="pair/Concat", axis=1)
