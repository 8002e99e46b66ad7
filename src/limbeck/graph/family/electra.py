"""ELECTRA: BERT whose embeddings may be narrower and projected; a head of dense, gelu, out_proj.

Source: transformers, models/electra/modeling_electra.py, ElectraForSequenceClassification.
"""

from __future__ import annotations

from limbeck.graph import blocks, sizes
from limbeck.graph.builder import Graph
from limbeck.graph.family.bert import layer_names

DEFAULTS: sizes.Config = {
    **sizes.BERT_DEFAULTS,
    "hidden_size": 256,
    "num_attention_heads": 4,
    "intermediate_size": 1024,
}

EMBEDDING_SIZE = 128
"""Where config.json names no embedding_size."""


def obstacles(config: sizes.Config) -> list[str]:
    """Return why this config cannot be emitted; empty where it can."""
    return sizes.obstacles(config, DEFAULTS)


def build(graph: Graph, config: sizes.Config, *, first_token: bool) -> tuple[str, int]:
    """Return the logits' name and their number."""
    size, narrow = sizes.Sizes.read(config, DEFAULTS), config.get("embedding_size", EMBEDDING_SIZE)
    states = blocks.embed(graph, "electra.embeddings", narrow, size.eps, pad=None, token_types=True)
    if narrow != size.hidden:
        states = blocks.linear(graph, states, "electra.embeddings_project", narrow, size.hidden)
    mask = blocks.mask_bias(graph, "attention_mask")
    state = blocks.encoder(graph, states, mask, size, layers(config), first_token=first_token)
    return blocks.head(graph, state, "classifier.dense", "gelu", "classifier.out_proj", size.hidden)


def layers(config: sizes.Config) -> list[blocks.LayerNames]:
    """Return where the tensors of each layer are."""
    return [layer_names("electra", index) for index in range(sizes.Sizes.read(config, DEFAULTS).layers)]
