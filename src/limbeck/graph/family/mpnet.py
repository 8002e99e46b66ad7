"""MPNet: RoBERTa's positions and head, no segments, and a learned bias by relative distance, shared by all layers.

A bias depends on the distance of two tokens alone, so the graph holds one row per head over all distances and reads
it at ``key - query``; the logarithmic buckets are worked out once, at emission.

Source: transformers, models/mpnet/modeling_mpnet.py, MPNetForSequenceClassification.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from limbeck.graph import blocks, sizes
from limbeck.graph.builder import Array, Graph

PAD = 1
BUCKETS = 32
MAX_DISTANCE = 128
"""These three are fixed in the source, whatever the config says."""
_BIAS = "mpnet.encoder.relative_attention_bias"
BY_DISTANCE = f"{_BIAS}.by_distance"
"""The graph's own table, (H, distances)."""


def obstacles(config: sizes.Config) -> list[str]:
    """Return why this config cannot be emitted; empty where it can."""
    found, n_rows = sizes.obstacles(config), config.get("relative_attention_num_buckets", BUCKETS)
    if not isinstance(n_rows, int) or n_rows < BUCKETS:
        found.append(f"relative_attention_num_buckets is {n_rows!r}, accepted are {BUCKETS} and more")
    return found


def build(graph: Graph, config: sizes.Config, *, first_token: bool) -> tuple[str, int]:
    """Return the logits' name and their number."""
    size = sizes.Sizes.read(config)
    states = blocks.embed(graph, "mpnet.embeddings", size.hidden, size.eps, pad=PAD, token_types=False)
    n_positions = len(graph.weight("mpnet.embeddings.position_embeddings.weight", (None, size.hidden)))
    mask = blocks.mask_bias(graph, "attention_mask")
    bias = graph.op("Add", _distance_bias(graph, config, size.heads, n_positions), mask, at="bias")
    graph.shaped(bias, "batch", size.heads, "sequence", "sequence")
    first = None
    if first_token:
        first = graph.op("Slice", bias, graph.ints(0), graph.ints(1), graph.ints(2), at="bias/first")
        graph.shaped(first, "batch", size.heads, 1, "sequence")
    state = blocks.encoder(graph, states, bias, size, layers(config), first_token=first_token, first_bias=first)
    return blocks.head(graph, state, "classifier.dense", "tanh", "classifier.out_proj", size.hidden)


def layers(config: sizes.Config) -> list[blocks.LayerNames]:
    """Return where the tensors of each layer are."""
    return [_layer_names(index) for index in range(sizes.Sizes.read(config).layers)]


def unfold(config: sizes.Config, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return ``weights`` with the bias of each bucket in the place of that of each distance.

    Buckets that no distance within the position table reaches come back as zeros; no text reads them.
    """
    found = dict(weights)
    by_distance = found.pop(BY_DISTANCE)
    reach = by_distance.shape[1] // 2
    rows = np.zeros((config.get("relative_attention_num_buckets", BUCKETS), len(by_distance)), np.float32)
    rows[bucket(np.arange(-reach, reach + 1))] = by_distance.T
    return {**found, f"{_BIAS}.weight": rows}


def bucket(distance: Array) -> Array:
    """Return the bucket of each distance ``key - query``: half of them a side, exact to 7, then logarithmic to 128.

    >>> bucket(np.array([0, -3, 3, -500, 500])).tolist()
    [0, 3, 19, 15, 31]
    """
    a_side = BUCKETS // 2
    exact = a_side // 2
    far = np.abs(distance)
    # float32 throughout, as the source computes it: a boundary must not fall on the other side.
    ratio = np.log(np.maximum(far, 1).astype(np.float32) / np.float32(exact))
    ratio = ratio / np.float32(math.log(MAX_DISTANCE / exact)) * np.float32(a_side - exact)
    logarithmic = np.minimum(exact + ratio.astype(np.int64), a_side - 1)
    return np.where(distance > 0, a_side, 0) + np.where(far < exact, far, logarithmic)


def _distance_bias(graph: Graph, config: sizes.Config, n_heads: int, n_positions: int) -> str:
    """Return the bias of every query and key, (H, T, T)."""
    n_rows = config.get("relative_attention_num_buckets", BUCKETS)
    rows = graph.weight(f"{_BIAS}.weight", (n_rows, n_heads))
    table = rows[bucket(np.arange(1 - n_positions, n_positions))].T
    by_distance = graph.constant(BY_DISTANCE, table)
    length = graph.op("Shape", "input_ids", at="bias/length", start=1, end=2)
    length = graph.op("Squeeze", length, at="bias/Squeeze")
    places = graph.op("Range", graph.int_scalar(0), length, graph.int_scalar(1), at="bias/places")
    query = graph.op("Unsqueeze", places, graph.ints(1), at="bias/query")
    distance = graph.op("Sub", places, query, at="bias/distance")
    row = graph.op("Add", distance, graph.int_scalar(n_positions - 1), at="bias/row")
    return graph.op("Gather", by_distance, row, at="bias/by_distance", axis=1)


def _layer_names(index: int) -> blocks.LayerNames:
    at = f"mpnet.encoder.layer.{index}"
    return blocks.LayerNames(
        query=f"{at}.attention.attn.q",
        key=f"{at}.attention.attn.k",
        value=f"{at}.attention.attn.v",
        attention_output=f"{at}.attention.attn.o",
        attention_norm=f"{at}.attention.LayerNorm",
        up=f"{at}.intermediate.dense",
        down=f"{at}.output.dense",
        output_norm=f"{at}.output.LayerNorm",
    )
