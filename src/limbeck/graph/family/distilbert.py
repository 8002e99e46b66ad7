"""DistilBERT: BERT without segments and pooler; pre_classifier with ReLU before the classifier.

Source: transformers, models/distilbert/modeling_distilbert.py, DistilBertForSequenceClassification.
"""

from __future__ import annotations

from limbeck.graph import blocks, sizes
from limbeck.graph.builder import Graph

EPS = 1e-12
"""Fixed in the source; the config has no such key."""

DEFAULTS: sizes.Config = {
    "dim": 768,
    "n_heads": 12,
    "n_layers": 6,
    "hidden_dim": 3072,
    "activation": "gelu",
    "layer_norm_eps": EPS,
}


def obstacles(config: sizes.Config) -> list[str]:
    """Return why this config cannot be emitted; empty where it can."""
    return sizes.obstacles(config, DEFAULTS)


def build(graph: Graph, config: sizes.Config, *, first_token: bool) -> tuple[str, int]:
    """Return the logits' name and their number."""
    size = sizes.Sizes.read({**config, "layer_norm_eps": EPS}, DEFAULTS)
    states = blocks.embed(graph, "distilbert.embeddings", size.hidden, EPS, pad=None, token_types=False)
    mask = blocks.mask_bias(graph, "attention_mask")
    state = blocks.encoder(graph, states, mask, size, layers(config), first_token=first_token)
    return blocks.head(graph, state, "pre_classifier", "relu", "classifier", size.hidden)


def layers(config: sizes.Config) -> list[blocks.LayerNames]:
    """Return where the tensors of each layer are."""
    return [_layer_names(index) for index in range(sizes.Sizes.read(config, DEFAULTS).layers)]


def _layer_names(index: int) -> blocks.LayerNames:
    at = f"distilbert.transformer.layer.{index}"
    return blocks.LayerNames(
        query=f"{at}.attention.q_lin",
        key=f"{at}.attention.k_lin",
        value=f"{at}.attention.v_lin",
        attention_output=f"{at}.attention.out_lin",
        attention_norm=f"{at}.sa_layer_norm",
        up=f"{at}.ffn.lin1",
        down=f"{at}.ffn.lin2",
        output_norm=f"{at}.output_layer_norm",
    )
