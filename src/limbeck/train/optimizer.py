"""The optimiser: AdamW over groups of weights, each with its rate and its decay; saved and put back as tensors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

_LAYER = re.compile(r"(?:^|\.)(?:layers?|blocks?|h)\.(\d+)\.")
_EMBEDDING = re.compile(r"(?:^|\.)(?:\w*embed\w*|relative_attention_bias)\.")
"""MPNet's bias by distance, which every layer reads, is as low as the embeddings."""


def make_optimizer(
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    layer_decay: float = 1.0,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019), fused, without decay on biases and norms (all vectors).

    Args:
        model: its weights that require a gradient are trained.
        lr: the highest rate; the output layer's.
        weight_decay: of matrices.
        layer_decay: factor on the rate from a layer to the one below (:func:`layer_factors`); 1 for one rate.
        beta2: memory of squared gradients.
        epsilon: what is added to their root.
    """
    factors = layer_factors([name for name, _ in model.named_parameters()], layer_decay)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[factors[name], parameter.ndim > 1].append(parameter)
    order = sorted(groups, reverse=True)  # the first group has the highest rate, the one that is logged
    made = [
        {"params": groups[factor, decays], "lr": lr * factor, "weight_decay": weight_decay if decays else 0.0}
        for factor, decays in order
    ]
    return torch.optim.AdamW(made, lr=lr, betas=(0.9, beta2), eps=epsilon, fused=True)


def layer_factors(names: list[str], decay: float) -> dict[str, float]:
    """Factor on the rate of each weight by its name: discriminative rates (Howard and Ruder 2018, section 3.1).

    What stands above the layers has 1, the highest of L layers ``decay``, the lowest ``decay ** L``, embeddings
    ``decay ** (L + 1)``. A model without numbered layers counts as L = 0.

    >>> layer_factors(["embeddings.word.weight", "layer.0.weight", "layer.1.weight", "output.weight"], 0.5)
    {'embeddings.word.weight': 0.125, 'layer.0.weight': 0.25, 'layer.1.weight': 0.5, 'output.weight': 1.0}
    """
    depth_of, n_layers = depths(names)
    return {name: decay ** (n_layers + 1 - depth) for name, depth in depth_of.items()}


def depths(names: Iterable[str]) -> tuple[dict[str, int], int]:
    """How far each weight is from the text, and how many layers are numbered.

    Embeddings are 0, the layers 1, 2 and so on, and what stands above the last layer one more than it.

    >>> depths(["embeddings.word.weight", "layer.0.weight", "layer.1.weight", "output.weight"])
    ({'embeddings.word.weight': 0, 'layer.0.weight': 1, 'layer.1.weight': 2, 'output.weight': 3}, 2)
    """
    found = {name: _LAYER.search(name) for name in names}
    n_layers = 1 + max((int(match[1]) for match in found.values() if match), default=-1)
    depth_of = {}
    for name, match in found.items():
        if match:
            depth_of[name] = int(match[1]) + 1
        else:
            depth_of[name] = 0 if _EMBEDDING.search(name) else n_layers + 1
    return depth_of, n_layers


def dump_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """An optimiser's tensors by name, and its groups as JSON takes them."""
    state = optimizer.state_dict()
    tensors = {
        f"{n}.{name}": value
        for n, entries in state["state"].items()
        for name, value in entries.items()
        if isinstance(value, Tensor)
    }
    return tensors, state["param_groups"]


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], groups: list[dict[str, Any]]) -> None:
    """Put back what :func:`dump_optimizer` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        n, _, entry = name.partition(".")
        state.setdefault(int(n), {})[entry] = value
    groups = [{key: tuple(value) if key == "betas" else value for key, value in group.items()} for group in groups]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
