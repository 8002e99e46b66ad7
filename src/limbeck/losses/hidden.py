"""A student's hidden states against its teacher's: how far apart they are."""

from __future__ import annotations

from torch import Tensor


def loss(states: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Mean square of the differences of each token's states: shape ``(B, T)``, 0 for pads.

    ``1 / D * sum_d (s_d - t_d)^2``.

    Args:
        states: the student's, shape ``(B, T, D)``; computed in float32. A student of another width gives its states
            projected to the teacher's: the projection is learnt with it and is no part of the loss.
        targets: the teacher's, shape ``(B, T, D)``.
        mask: attention mask, shape ``(B, T)``: 0 for padding, which is not looked at.

    Source: Jiao et al. 2020 (TinyBERT, arXiv 1909.10351), equation 8, where ``states`` are ``H^S W_h``.
    """
    pads = mask[..., None] == 0
    return (states.float() - targets.float()).masked_fill(pads, 0.0).square().mean(dim=-1)
