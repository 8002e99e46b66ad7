"""The mean of all tokens, in a class whose head reads the first token alone: one more layer, whose weights say so.

transformers' ``...ForSequenceClassification`` hand the first token's last state to a hidden layer and its activation,
and those to the output layer. An encoder that was never fine-tuned through them has learnt neither: sentence encoders
such as all-MiniLM-L6-v2 were trained through the mean of the tokens' states, others hold little in the first token.

One more encoder layer takes that mean within the class: queries and keys of 0 attend to all tokens alike, values pass
as they are, and their mean, made large, drowns the residual; the norm brings it to a length, as sentence-transformers
does; a feed-forward of zeros adds nothing. The hidden layer then copies what it reads, in the part of its activation
that is straight. The folder stays what ``transformers.pipeline`` loads, at the price of one layer for one token, and
of all tokens in the layer before it.

What was rejected: another class (no other program would load it), and the mean written into the last layer (its
weights are the encoder's own).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from limbeck.models._trunk import Layer, trunk_of
from limbeck.models.transformer import TransformerModel

_GAIN = 16.0
"""How many times the residual the mean counts before the norm."""
_FLAT = 0.01
"""Slope of the copy under tanh, which bends a state of 10, after the norm a large one, by 0.3 %."""
_SHIFT = 8.0
"""What is added under relu and gelu, which leave all above 0 as it is; normed states below -8 hardly occur."""
_SHIFTED = ("distilbert", "electra")
"""Families whose hidden layer has such an activation; the others have tanh."""


def averaged(model: TransformerModel) -> TransformerModel | None:
    """The same encoder with the mean of its tokens before the output layer; None for a family not known here.

    Embeddings and layers are shared with ``model``, which stays as it is; the output layer is a copy. MPNet adds
    its learned bias by distance to all attention, so that its mean is a weighted one.
    """
    if trunk_of(model.inner) is None:
        return None
    shared: dict[int, Any] = {id(value): value for value in model.inner.parameters()}
    twin = copy.deepcopy(model.inner, shared)
    layers = _layers(twin)
    layers.append(copy.deepcopy(layers[-1]))
    twin.config.num_hidden_layers = len(layers)
    wrapped = TransformerModel(twin, model.tokenizer, licences=model.licences)
    added = trunk_of(twin)
    assert added is not None
    _average(added.layers[-1])
    _copy_through(_hidden_layer(twin), twin.config.model_type)
    _own(wrapped.output_layer())
    return wrapped


def added_weights(twin: TransformerModel) -> frozenset[str]:
    """Names of the weights with which a twin averages and copies; trained, they would do neither."""
    parts = (_layers(twin.inner)[-1], _hidden_layer(twin.inner))
    own = {id(parameter) for part in parts for parameter in part.parameters()}
    return frozenset(name for name, parameter in twin.named_parameters() if id(parameter) in own)


def reading_layer(twin: TransformerModel) -> nn.Linear:
    """The layer that is given the mean as it is, up to a factor: how far two texts are apart shows there.

    That is the output layer, but where the hidden layer shifts what it copies: behind it all texts are nearly the same.
    """
    return _hidden_layer(twin.inner) if twin.inner.config.model_type in _SHIFTED else twin.output_layer()


def _layers(inner: Any) -> nn.ModuleList:
    n_layers = inner.config.num_hidden_layers
    lists = [part for part in inner.base_model.modules() if isinstance(part, nn.ModuleList)]
    return next(part for part in lists if len(part) == n_layers)


def _average(layer: Layer) -> None:
    """Give an encoder layer the weights that average."""
    width = layer.query.in_features
    zeros = [layer.query, layer.key, layer.up, layer.down]
    with torch.no_grad():
        for part in (*zeros, layer.value, layer.attended):
            part.weight.zero_()
            part.bias.zero_()
        layer.value.weight.copy_(torch.eye(width))
        layer.attended.weight.copy_(_GAIN * torch.eye(width))
        for norm in (layer.attention_norm, layer.output_norm):
            norm.weight.fill_(1.0)
            norm.bias.zero_()


def _hidden_layer(inner: Any) -> nn.Linear:
    """The layer between the first token's state and the output layer."""
    found: nn.Linear
    if hasattr(inner, "pre_classifier"):
        found = inner.pre_classifier
    elif hasattr(inner.classifier, "dense"):
        found = inner.classifier.dense
    else:
        found = inner.base_model.pooler.dense
    return found


def _copy_through(layer: nn.Linear, model_type: str) -> None:
    """Give the hidden layer weights of its own with which it copies what it reads."""
    _own(layer)
    is_shifted = model_type in _SHIFTED
    with torch.no_grad():
        layer.weight.copy_((1.0 if is_shifted else _FLAT) * torch.eye(layer.in_features))
        layer.bias.fill_(_SHIFT if is_shifted else 0.0)


def _own(layer: nn.Linear) -> None:
    """Part a layer's weights from those of the model that it was copied from."""
    layer.weight = nn.Parameter(layer.weight.detach().clone())
    layer.bias = nn.Parameter(layer.bias.detach().clone())
