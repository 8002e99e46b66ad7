"""Squared error of one number."""

from __future__ import annotations

from torch import Tensor


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Squared difference of each text's logit and target: shape ``(B,)``.

    Args:
        logits: shape ``(B, 1)``.
        targets: shape ``(B,)``.
    """
    return (logits[:, 0].float() - targets.float()).square()
