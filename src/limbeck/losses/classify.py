"""Cross-entropy of one class among several."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the log-probability of each text's class, in nats: shape ``(B,)``.

    Args:
        logits: shape ``(B, C)``; computed in float32 whatever their type.
        targets: class indices, shape ``(B,)``.
    """
    return F.cross_entropy(logits.float(), targets.long(), reduction="none")
