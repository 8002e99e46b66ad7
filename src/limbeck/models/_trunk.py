"""The forward pass of BERT-like encoders, written once over the submodules that transformers names.

Why not transformers' own forward: the head reads the first token only, so the last layer needs queries, an output
and a feed-forward for that token alone, an eighth of a six-layer model's work saved with the very same numbers; and
random numbers for dropout cost a CPU more than the products they mask (see :func:`dropout`). The submodules' names
are those of the published checkpoints, which do not change from one version of transformers to the next. A family
that is not here runs transformers' own forward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.models import Attention, Batch, Output


@dataclass(frozen=True)
class Layer:
    """The parts of one encoder layer, post-norm as in BERT."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    attended: nn.Linear
    attention_norm: nn.LayerNorm
    up: nn.Linear
    activation: Callable[[Tensor], Tensor]
    down: nn.Linear
    output_norm: nn.LayerNorm


@dataclass(frozen=True)
class Trunk:
    """An encoder and its head, taken apart."""

    embed: Callable[[Batch], Tensor]
    """Embeddings, shape ``(B, T, D)``."""
    layers: tuple[Layer, ...]
    position_bias: Callable[[Tensor], Tensor] | None
    """From embeddings to a bias on attention scores, shape ``(1, H, T, T)``; none in most families."""
    head: Callable[[Tensor], Tensor]
    """From the first token's state, shape ``(B, 1, D)``, to logits ``(B, C)``."""
    n_heads: int
    hidden_dropout: float
    """Of embeddings' sums and of the feed-forward's output."""
    attended_dropout: float
    """Of the attention's output: that of ``hidden_dropout``, but none in DistilBERT."""
    attention_dropout: float
    """Of the attention's weights."""


def run(trunk: Trunk, batch: Batch, *, training: bool, states: bool = False) -> Output:
    """Logits of a batch, shape ``(B, C)``, and all hidden states where they are asked for.

    Args:
        trunk: the encoder and its head.
        batch: padded token ids.
        training: apply dropout.
        states: compute the last layer for all tokens, not for the first alone, and keep what each layer gives.
    """
    at = None if states else torch.zeros(len(batch.input_ids), 1, dtype=torch.int64, device=batch.input_ids.device)
    kept, attention = hidden_states(trunk, batch, training=training, at=at)
    logits = trunk.head(kept[-1][:, :1])
    return Output(logits, kept, attention) if states else Output(logits)


def hidden_states(
    trunk: Trunk, batch: Batch, *, training: bool, at: Tensor | None = None
) -> tuple[tuple[Tensor, ...], Attention]:
    """What each layer gives, the embeddings first, shape ``(B, T, D)`` each, and the last layer's attention.

    Args:
        trunk: the encoder.
        batch: padded token ids.
        training: apply dropout.
        at: places in each row, shape ``(B, P)``, that the last layer is computed for: its states are ``(B, P, D)``,
            with the very numbers that they have where all are computed. None: all.
    """
    hidden = trunk.embed(batch)
    bias = (1.0 - batch.attention_mask[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
    if trunk.position_bias is not None:
        bias = trunk.position_bias(hidden) + bias
    kept = [hidden]
    for n, layer in enumerate(trunk.layers):
        queries, of_queries = hidden, bias
        if at is not None and n == len(trunk.layers) - 1:
            queries, of_queries = taken(hidden, at), _bias_at(bias, at)
        attention = _attention(layer, queries, hidden, trunk.n_heads)
        hidden = _layer(layer, attention, queries, of_queries, trunk, training)
        kept.append(hidden)
    return tuple(kept), attention


def taken(states: Tensor, at: Tensor) -> Tensor:
    """States of some places of each row: shape ``(B, P, D)`` from ``(B, T, D)`` and ``(B, P)``."""
    return states.gather(1, at[..., None].expand(*at.shape, states.shape[-1]))


def _bias_at(bias: Tensor, at: Tensor) -> Tensor:
    """The rows of a bias on attention that belong to some queries: shape ``(B, H or 1, P, T)``.

    Only a bias by distance differs from query to query; padding has one row for all.
    """
    if bias.shape[2] == 1:
        return bias
    rows = at[:, None, :, None].expand(len(at), bias.shape[1], at.shape[1], bias.shape[3])
    return bias.expand(len(at), -1, -1, -1).gather(2, rows)


def _attention(layer: Layer, queries: Tensor, hidden: Tensor, n_heads: int) -> Attention:
    """What the tokens of ``queries`` ask of all tokens.

    The key's bias is left out: it adds one number to all scores of a query, which softmax ignores. Its gradient would
    be rounding noise, which Adam blows up to whole steps, others with each way of cutting a step into batches.
    """
    return Attention(layer.query(queries), F.linear(hidden, layer.key.weight), layer.value(hidden), n_heads)


def _layer(layer: Layer, attention: Attention, queries: Tensor, bias: Tensor, trunk: Trunk, training: bool) -> Tensor:
    """States of the ``queries``' tokens after one layer: shape ``(B, Q, D)``."""
    context = _attend(
        _heads(attention.queries, trunk.n_heads),
        _heads(attention.keys, trunk.n_heads),
        _heads(attention.values, trunk.n_heads),
        bias,
        trunk.attention_dropout if training else 0.0,
    )
    context = context.transpose(1, 2).flatten(2)
    attended, rate = (trunk.attended_dropout, trunk.hidden_dropout) if training else (0.0, 0.0)
    states = layer.attention_norm(dropout(layer.attended(context), attended) + queries)
    wide = layer.activation(layer.up(states))
    result: Tensor = layer.output_norm(dropout(layer.down(wide), rate) + states)
    return result


def _heads(states: Tensor, n_heads: int) -> Tensor:
    return states.view(*states.shape[:2], n_heads, -1).transpose(1, 2)


def _attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, rate: float) -> Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017, equation 1), shape ``(B, H, Q, D/H)``."""
    if rate == 0.0 or query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype), dropout_p=rate)
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2)) + bias
    return torch.matmul(dropout(scores.softmax(dim=-1), rate).to(value.dtype), value)


def dropout(states: Tensor, rate: float) -> Tensor:
    """Zero a share ``rate`` of the values and scale the others, so that the mean stays (Srivastava et al. 2014).

    On a CPU one 64-bit random number decides for four values, each with 16 bits: the share is exact to 1/65,536,
    and drawing takes a quarter of the time of one number a value. Elsewhere it is torch's.
    """
    if rate == 0.0:
        return states
    if states.device.type != "cpu":
        return F.dropout(states, rate)
    cut = round(rate * 65536)
    words = torch.empty((states.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    keep = (words.view(torch.int16)[: states.numel()] >= cut - 32768).view(states.shape)
    return states * keep.to(states.dtype).mul_(65536 / (65536 - cut))


def trunk_of(model: Any) -> Trunk | None:
    """Take a transformers model with an encoder inside apart, or give ``None`` for a family not known here.

    :attr:`Trunk.head` can be called where it is a ``...ForSequenceClassification``.
    """
    config = model.config
    if getattr(config, "position_embedding_type", "absolute") != "absolute" or getattr(config, "is_decoder", False):
        return None
    make = {
        "bert": _bert,
        "roberta": _roberta,
        "xlm-roberta": _roberta,
        "camembert": _roberta,
        "electra": _electra,
        "distilbert": _distilbert,
        "mpnet": _mpnet,
    }.get(config.model_type)
    return None if make is None else make(model)


def _bert_layers(encoder: Any) -> tuple[Layer, ...]:
    return tuple(
        Layer(
            query=layer.attention.self.query,
            key=layer.attention.self.key,
            value=layer.attention.self.value,
            attended=layer.attention.output.dense,
            attention_norm=layer.attention.output.LayerNorm,
            up=layer.intermediate.dense,
            activation=layer.intermediate.intermediate_act_fn,
            down=layer.output.dense,
            output_norm=layer.output.LayerNorm,
        )
        for layer in encoder.layer
    )


def _trunk(model: Any, embed: Any, layers: tuple[Layer, ...], head: Any, position_bias: Any = None) -> Trunk:
    config = model.config
    hidden = getattr(config, "hidden_dropout_prob", getattr(config, "dropout", 0.0))
    return Trunk(
        embed=embed,
        layers=layers,
        position_bias=position_bias,
        head=head,
        n_heads=config.num_attention_heads,
        hidden_dropout=hidden,
        attended_dropout=0.0 if config.model_type == "distilbert" else hidden,
        attention_dropout=getattr(config, "attention_probs_dropout_prob", getattr(config, "attention_dropout", 0.0)),
    )


def _bert(model: Any) -> Trunk:
    return _trunk(
        model,
        lambda batch: model.bert.embeddings(input_ids=batch.input_ids, token_type_ids=_types(batch, model.config)),
        _bert_layers(model.bert.encoder),
        lambda first: model.classifier(model.dropout(model.bert.pooler(first))),
    )


def _roberta(model: Any) -> Trunk:
    return _trunk(
        model,
        lambda batch: model.roberta.embeddings(input_ids=batch.input_ids, token_type_ids=_types(batch, model.config)),
        _bert_layers(model.roberta.encoder),
        lambda first: model.classifier(first),
    )


def _electra(model: Any) -> Trunk:
    def embed(batch: Batch) -> Tensor:
        states: Tensor = model.electra.embeddings(input_ids=batch.input_ids, token_type_ids=_types(batch, model.config))
        project = getattr(model.electra, "embeddings_project", None)
        return states if project is None else project(states)

    return _trunk(model, embed, _bert_layers(model.electra.encoder), lambda first: model.classifier(first))


def _distilbert(model: Any) -> Trunk:
    layers = tuple(
        Layer(
            query=layer.attention.q_lin,
            key=layer.attention.k_lin,
            value=layer.attention.v_lin,
            attended=layer.attention.out_lin,
            attention_norm=layer.sa_layer_norm,
            up=layer.ffn.lin1,
            activation=layer.ffn.activation,
            down=layer.ffn.lin2,
            output_norm=layer.output_layer_norm,
        )
        for layer in model.distilbert.transformer.layer
    )
    return _trunk(
        model,
        lambda batch: model.distilbert.embeddings(batch.input_ids),
        layers,
        lambda first: model.classifier(model.dropout(torch.relu(model.pre_classifier(first[:, 0])))),
    )


def _mpnet(model: Any) -> Trunk:
    layers = tuple(
        Layer(
            query=layer.attention.attn.q,
            key=layer.attention.attn.k,
            value=layer.attention.attn.v,
            attended=layer.attention.attn.o,
            attention_norm=layer.attention.LayerNorm,
            up=layer.intermediate.dense,
            activation=layer.intermediate.intermediate_act_fn,
            down=layer.output.dense,
            output_norm=layer.output.LayerNorm,
        )
        for layer in model.mpnet.encoder.layer
    )
    return _trunk(
        model,
        lambda batch: model.mpnet.embeddings(input_ids=batch.input_ids),
        layers,
        lambda first: model.classifier(first),
        model.mpnet.encoder.compute_position_bias,
    )


def _types(batch: Batch, config: Any) -> Tensor:
    """Segment ids that the model has rows for: RoBERTa has one segment, whatever its tokenizer says."""
    return batch.token_type_ids if config.type_vocab_size > 1 else torch.zeros_like(batch.token_type_ids)
