"""What a new masked-LM head begins as: not as chance, but as what is known before anything is learnt.

An encoder's last states and its word vectors share a space to begin with, and how often a piece occurs is counted. On
MiniLM and reviews the loss after 100 updates of 2,048 tokens was 7.91 nats instead of 8.53 from random weights, and
8.45 with the frequencies alone.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limbeck.pretrain.masked import MaskedModel


@torch.no_grad()
def begin_head(model: MaskedModel, counts: NDArray[np.int64], *, smoothing: float) -> None:
    """Let the transform hand states on as they are, and the bias say how often each piece is hidden.

    Args:
        model: whose head is new.
        counts: uses of each piece in the corpus, shape ``(V,)``.
        smoothing: exponent s of the masks: a piece that occurs n times is hidden in proportion to ``n^(1 - s)``.
    """
    for layer in model.transform_layers():
        if layer.weight.shape[0] == layer.weight.shape[1]:
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)
    bias = model.decoder.bias
    if bias is not None:
        known = torch.from_numpy(log_shares(counts, smoothing=smoothing)).to(bias)
        bias.fill_(float(known.min()))
        bias[: len(known)] = known


def log_shares(counts: NDArray[np.int64], *, smoothing: float) -> NDArray[np.float64]:
    """Logarithms of the shares that pieces have among the hidden ones; one that never occurs counts as once.

    >>> np.exp(log_shares(np.array([0, 1, 16]), smoothing=0.5)).round(3)
    array([0.167, 0.167, 0.667])
    """
    weights = np.maximum(counts, 1).astype(np.float64) ** (1.0 - smoothing)
    return np.asarray(np.log(weights / weights.sum()))
