"""RoBERTa: positions count the tokens that are not padding; no pooler, a head of dense, tanh, out_proj.

Source: transformers, models/roberta/modeling_roberta.py, RobertaForSequenceClassification.
"""

from __future__ import annotations

from limbeck.graph import blocks, sizes
from limbeck.graph.builder import Graph
from limbeck.graph.family.bert import layer_names

PAD = 1
"""The padding id of a config that names none; positions start behind it."""


def obstacles(config: sizes.Config) -> list[str]:
    """Return why this config cannot be emitted; empty where it can."""
    pad = config.get("pad_token_id", PAD)
    fits = isinstance(pad, int) and pad >= 0
    return sizes.obstacles(config) + ([] if fits else [f"pad_token_id is {pad!r}, positions start behind it"])


def build(graph: Graph, config: sizes.Config, *, first_token: bool) -> tuple[str, int]:
    """Return the logits' name and their number."""
    size, pad = sizes.Sizes.read(config), config.get("pad_token_id", PAD)
    states = blocks.embed(graph, "roberta.embeddings", size.hidden, size.eps, pad=pad, token_types=True)
    mask = blocks.mask_bias(graph, "attention_mask")
    state = blocks.encoder(graph, states, mask, size, layers(config), first_token=first_token)
    return blocks.head(graph, state, "classifier.dense", "tanh", "classifier.out_proj", size.hidden)


def layers(config: sizes.Config) -> list[blocks.LayerNames]:
    """Return where the tensors of each layer are."""
    return [layer_names("roberta", index) for index in range(sizes.Sizes.read(config).layers)]
