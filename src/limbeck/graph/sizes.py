"""Read what a config.json says of its encoder, and why some cannot be emitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from limbeck.errors import nearest
from limbeck.graph.activations import ACTIVATIONS

Config = Mapping[str, Any]

BERT_DEFAULTS: Config = {
    "hidden_size": 768,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
"""What transformers takes where config.json is silent, in the order of the fields of ``Sizes``."""


@dataclass(frozen=True)
class Sizes:
    """What a config says of its encoder."""

    hidden: int
    heads: int
    layers: int
    intermediate: int
    activation: str
    eps: float

    @classmethod
    def read(cls, config: Config, defaults: Config = BERT_DEFAULTS) -> Sizes:
        """Return the sizes; ``defaults`` names the six keys, in the order of the fields."""
        return cls(*(config.get(key, default) for key, default in defaults.items()))

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.hidden // self.heads


def obstacles(config: Config, defaults: Config = BERT_DEFAULTS) -> list[str]:
    """Return why an encoder of this config cannot be emitted; empty where it can."""
    found = [
        f"{key} is {config[key]!r}: only encoders that read both ways are emitted"
        for key in ("is_decoder", "add_cross_attention", "is_encoder_decoder")
        if config.get(key)
    ]
    position = config.get("position_embedding_type", "absolute")
    if position not in ("absolute", None):
        found.append(f"position_embedding_type is {position!r}, accepted is 'absolute'")
    hidden, heads, layers, intermediate, activation, _ = defaults
    for key in (hidden, heads, layers, intermediate):
        value = config.get(key, defaults[key])
        if not isinstance(value, int) or value < 1:
            found.append(f"{key} is {value!r}, accepted are whole numbers from 1")
    name = config.get(activation, defaults[activation])
    if name not in ACTIVATIONS:
        found.append(f"{activation} is {name!r}, accepted are {nearest(str(name), ACTIVATIONS)}")
    sizes = Sizes.read(config, defaults)
    if not found and sizes.hidden % sizes.heads:
        found.append(f"{hidden} {sizes.hidden} is not a multiple of {heads} {sizes.heads}")
    return found
