"""The parts that BERT-like encoders share: embedding, linear, norm, attention, feed-forward, layers, head.

Linear weights are stored transposed, (in, out), as MatMul reads them: onnxruntime then neither transposes them at
load nor loses a fusion. The head's last layer stays (out, in) under its own name, for later passes to scale.

Rejected after measuring on a 6-layer encoder of 384 dimensions: onnxruntime's fused Attention, one product for
query, key and value, and biases folded away; none was faster by more than the noise, and all hide weights from passes.

Source: Devlin et al., BERT (arXiv 1810.04805), as the models of transformers compute it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from limbeck.graph.activations import activate
from limbeck.graph.builder import Graph
from limbeck.graph.sizes import Sizes

MASKED = -10_000.0
"""Added to the score of a masked key: exp() of it is 0 in float32, and half precision can hold it."""


@dataclass(frozen=True)
class LayerNames:
    """Where the weights of one layer are: tensor names without ``.weight`` and ``.bias``."""

    query: str
    key: str
    value: str
    attention_output: str
    attention_norm: str
    up: str
    down: str
    output_norm: str


def linear(graph: Graph, value: str, name: str, n_in: int, n_out: int) -> str:
    """Return ``value @ W.T + b`` over the last axis, of tensors ``name``.weight (out, in) and ``name``.bias."""
    weight = graph.constant(f"{name}.weight.T", graph.weight(f"{name}.weight", (n_out, n_in)).T)
    bias = graph.constant(f"{name}.bias", graph.weight(f"{name}.bias", (n_out,)))
    return graph.op("Add", graph.op("MatMul", value, weight, at=f"{name}/MatMul"), bias, at=f"{name}/Add")


def layer_norm(graph: Graph, value: str, name: str, size: int, eps: float) -> str:
    """Return ``value`` normalised over its last axis."""
    weight = graph.constant(f"{name}.weight", graph.weight(f"{name}.weight", (size,)))
    bias = graph.constant(f"{name}.bias", graph.weight(f"{name}.bias", (size,)))
    return graph.op("LayerNormalization", value, weight, bias, at=name, axis=-1, epsilon=eps)


def embed(graph: Graph, prefix: str, size: int, eps: float, *, pad: int | None, token_types: bool) -> str:
    """Return the normalised sum of word, position and token-type embeddings, (B, T, ``size``).

    ``pad`` None: positions count from 0. Else they count the tokens that are not ``pad``, from ``pad`` + 1 on, and
    stay ``pad`` on padding (fairseq's way). A table of one token type is added whatever the input says.
    """
    word = graph.constant(
        f"{prefix}.word_embeddings.weight", graph.weight(f"{prefix}.word_embeddings.weight", (None, size))
    )
    total = graph.op("Gather", word, "input_ids", at=f"{prefix}/word")
    places = graph.weight(f"{prefix}.position_embeddings.weight", (None, size))
    if token_types:
        types = graph.weight(f"{prefix}.token_type_embeddings.weight", (None, size))
        if len(types) == 1:
            places = places + types
        else:
            table = graph.constant(f"{prefix}.token_type_embeddings.weight", types)
            kind = graph.op("Gather", table, "token_type_ids", at=f"{prefix}/token_type")
            total = graph.op("Add", total, kind, at=f"{prefix}/add_token_type")
    table = graph.constant(f"{prefix}.position_embeddings.weight", places)
    place = _counted(graph, table, f"{prefix}/position") if pad is None else _after_padding(graph, table, pad, prefix)
    total = graph.op("Add", total, place, at=f"{prefix}/add_position")
    return graph.shaped(layer_norm(graph, total, f"{prefix}.LayerNorm", size, eps), "batch", "sequence", size)


def _counted(graph: Graph, table: str, at: str) -> str:
    """Return the first T rows of ``table``."""
    length = graph.op("Shape", "input_ids", at=f"{at}/length", start=1, end=2)
    return graph.op("Slice", table, graph.ints(0), length, graph.ints(0), at=at)


def _after_padding(graph: Graph, table: str, pad: int, prefix: str) -> str:
    """Return the rows ``cumsum(ids != pad) * (ids != pad) + pad`` of ``table``."""
    at = f"{prefix}/position"
    empty = graph.op("Equal", "input_ids", graph.int_scalar(pad), at=f"{at}/is_pad")
    real = graph.cast(graph.op("Not", empty, at=f"{at}/Not"), "INT64", at=f"{at}/Cast")
    count = graph.op("CumSum", real, graph.int_scalar(1), at=f"{at}/CumSum")
    count = graph.op("Mul", count, real, at=f"{at}/Mul")
    return graph.op("Gather", table, graph.op("Add", count, graph.int_scalar(pad), at=f"{at}/Add"), at=at)


def mask_bias(graph: Graph, attention_mask: str) -> str:
    """Return 0 where a key may be read and ``MASKED`` where not, (B, 1, 1, T)."""
    mask = graph.op("Unsqueeze", attention_mask, graph.ints(1), at="mask/Unsqueeze1")
    mask = graph.op("Unsqueeze", mask, graph.ints(2), at="mask/Unsqueeze2")
    mask = graph.cast(mask, "FLOAT", at="mask/Cast")
    return graph.op("Mul", graph.op("Sub", graph.scalar(1.0), mask, at="mask/Sub"), graph.scalar(MASKED), at="mask/Mul")


def _heads(graph: Graph, value: str, sizes: Sizes, perm: tuple[int, ...], at: str) -> str:
    shaped = graph.op("Reshape", value, graph.ints(0, 0, sizes.heads, sizes.head), at=f"{at}/Reshape")
    return graph.op("Transpose", shaped, at=f"{at}/Transpose", perm=list(perm))


def attention(graph: Graph, read: str, ask: str, names: LayerNames, sizes: Sizes, bias: str, at: str) -> str:
    """Return what the positions ``ask`` (B, Q, C) gather from ``read`` (B, T, C): (B, Q, C).

    ``bias`` is added to the scores and broadcasts to (B, H, Q, T).
    """
    C = sizes.hidden  # noqa: N806
    query = _heads(graph, linear(graph, ask, names.query, C, C), sizes, (0, 2, 1, 3), names.query)
    key = _heads(graph, linear(graph, read, names.key, C, C), sizes, (0, 2, 3, 1), names.key)
    value = _heads(graph, linear(graph, read, names.value, C, C), sizes, (0, 2, 1, 3), names.value)
    scores = graph.op("MatMul", query, key, at=f"{at}/scores")
    scores = graph.op("Div", scores, graph.scalar(math.sqrt(sizes.head)), at=f"{at}/scale")
    scores = graph.op("Add", scores, bias, at=f"{at}/bias")
    probs = graph.op("Softmax", scores, at=f"{at}/probs", axis=3)
    mixed = graph.op("MatMul", probs, value, at=f"{at}/mix")
    mixed = graph.op("Transpose", mixed, at=f"{at}/Transpose", perm=[0, 2, 1, 3])
    mixed = graph.op("Reshape", mixed, graph.ints(0, 0, C), at=f"{at}/Reshape")
    return linear(graph, mixed, names.attention_output, C, C)


def layer(graph: Graph, read: str, ask: str, names: LayerNames, sizes: Sizes, bias: str, at: str) -> str:
    """Return one post-norm encoder layer for the positions ``ask``: attention, norm, feed-forward, norm."""
    mixed = attention(graph, read, ask, names, sizes, bias, at)
    mixed = graph.op("Add", mixed, ask, at=f"{at}/residual1")
    mixed = layer_norm(graph, mixed, names.attention_norm, sizes.hidden, sizes.eps)
    wide = linear(graph, mixed, names.up, sizes.hidden, sizes.intermediate)
    wide = activate(graph, wide, sizes.activation, f"{at}/activation")
    narrow = linear(graph, wide, names.down, sizes.intermediate, sizes.hidden)
    narrow = graph.op("Add", narrow, mixed, at=f"{at}/residual2")
    return layer_norm(graph, narrow, names.output_norm, sizes.hidden, sizes.eps)


def encoder(
    graph: Graph,
    states: str,
    bias: str,
    sizes: Sizes,
    layers: Sequence[LayerNames],
    *,
    first_token: bool,
    first_bias: str | None = None,
) -> str:
    """Return the first token's last state, (B, C), of all layers over ``states``.

    Heads read nothing else, so that with ``first_token`` the last layer asks for that position alone; its keys and
    values are still those of all tokens. ``first_bias`` is the row of ``bias`` for it, where ``bias`` has rows.
    """
    for index, names in enumerate(layers):
        ask = states
        if first_token and index == len(layers) - 1:
            ask, bias = graph.op("Gather", states, graph.ints(0), at="first_token", axis=1), first_bias or bias
        states = layer(graph, states, ask, names, sizes, bias, f"layer.{index}")
    return graph.op("Gather", states, graph.int_scalar(0), at="pooled", axis=1)


def head(graph: Graph, state: str, dense: str, activation: str, last: str, size: int) -> tuple[str, int]:
    """Return logits (B, n_outputs) of ``state`` (B, C), and n_outputs: dense layer, activation, last layer."""
    hidden = activate(graph, linear(graph, state, dense, size, size), activation, f"{dense}/activation")
    return output_layer(graph, hidden, last, size)


def output_layer(graph: Graph, hidden: str, last: str, size: int) -> tuple[str, int]:
    """Return logits (B, n_outputs) of ``hidden`` (B, C), and n_outputs.

    The weight (n_outputs, C) and the bias keep their names and layout.
    """
    n_problems = len(graph.problems)
    weight = graph.weight(f"{last}.weight", (None, size))
    n_outputs = len(weight) if len(graph.problems) == n_problems else None
    bias = graph.weight(f"{last}.bias", (n_outputs,))
    inputs = (hidden, graph.constant(f"{last}.weight", weight), graph.constant(f"{last}.bias", bias))
    return graph.op("Gemm", *inputs, at=last, output="logits", transB=1), len(weight)
