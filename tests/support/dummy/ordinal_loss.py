"""The loss of the task ``ordinal``: the expected distance from the true class."""

from __future__ import annotations

import torch
from torch import Tensor


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    away = (torch.arange(logits.shape[1]) - targets[:, None]).abs()
    return (logits.float().softmax(dim=1) * away).sum(dim=1)
