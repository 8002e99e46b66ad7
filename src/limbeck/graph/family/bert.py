"""BERT: positions count from 0, segments, pooler with tanh before the classifier.

Source: transformers, models/bert/modeling_bert.py, BertForSequenceClassification.
"""

from __future__ import annotations

from limbeck.graph import blocks, sizes
from limbeck.graph.builder import Graph


def obstacles(config: sizes.Config) -> list[str]:
    """Return why this config cannot be emitted; empty where it can."""
    return sizes.obstacles(config)


def build(graph: Graph, config: sizes.Config, *, first_token: bool) -> tuple[str, int]:
    """Return the logits' name and their number."""
    size = sizes.Sizes.read(config)
    states = blocks.embed(graph, "bert.embeddings", size.hidden, size.eps, pad=None, token_types=True)
    mask = blocks.mask_bias(graph, "attention_mask")
    state = blocks.encoder(graph, states, mask, size, layers(config), first_token=first_token)
    return blocks.head(graph, state, "bert.pooler.dense", "tanh", "classifier", size.hidden)


def layers(config: sizes.Config) -> list[blocks.LayerNames]:
    """Return where the tensors of each layer are."""
    return [layer_names("bert", index) for index in range(sizes.Sizes.read(config).layers)]


def layer_names(prefix: str, index: int) -> blocks.LayerNames:
    """Return where the tensors of layer ``index`` are; roberta and electra name theirs alike."""
    at = f"{prefix}.encoder.layer.{index}"
    return blocks.LayerNames(
        query=f"{at}.attention.self.query",
        key=f"{at}.attention.self.key",
        value=f"{at}.attention.self.value",
        attention_output=f"{at}.attention.output.dense",
        attention_norm=f"{at}.attention.output.LayerNorm",
        up=f"{at}.intermediate.dense",
        down=f"{at}.output.dense",
        output_norm=f"{at}.output.LayerNorm",
    )
