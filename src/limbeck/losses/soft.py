"""What a student says against what its teacher says, both softened by one temperature."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def loss(logits: Tensor, targets: Tensor, *, temperature: float = 1.0, mask: Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence of the teacher from the student in nats, times T^2: shape ``(B,)`` or ``(B, T)``.

    ``T^2 * sum_c p_c * (log p_c - log q_c)`` with ``p = softmax(targets / T)`` and ``q = softmax(logits / T)``. A
    gradient through the softened logits is T^2 times smaller than one through the logits themselves; the factor keeps
    the share of this loss beside a hard one whatever T is. The gradient is ``T * (q - p)``.

    Args:
        logits: the student's, shape ``(B, C)``, or ``(B, T, C)`` with a vote a position; computed in float32.
        targets: the teacher's logits, of the same shape. Logarithms of probabilities are logits too; a class that the
            teacher rules out may have minus infinity.
        temperature: T, above 0.
        mask: attention mask, shape ``(B, T)``, for logits a position: pads have the value 0. None: all count.

    Source: Hinton et al. 2015 (arXiv 1503.02531), section 2; Sanh et al. 2019 (arXiv 1910.01108), section 3, L_ce.
    """
    ours, theirs = logits.float() / temperature, targets.float() / temperature
    if mask is not None:
        pads = mask[..., None] == 0
        ours, theirs = ours.masked_fill(pads, 0.0), theirs.masked_fill(pads, 0.0)
    # both as logarithms, so that equal logits give 0 itself: T^2 makes much of any rounding
    target = theirs.log_softmax(dim=-1).clamp(min=torch.finfo(torch.float32).min)  # 0 times infinity is no number
    divergence = F.kl_div(F.log_softmax(ours, dim=-1), target, reduction="none", log_target=True).sum(dim=-1)
    return divergence * temperature**2
