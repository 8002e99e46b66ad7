"""What a student says of several labels, each on its own, against what its teacher says of them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def loss(logits: Tensor, targets: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Cross-entropy of each label's yes and no, mean over the labels, times T^2, in nats: shape ``(B,)``.

    ``T^2 / C * sum_c [-p_c * log q_c - (1 - p_c) * log (1 - q_c)]`` with ``p = sigmoid(targets / T)`` and
    ``q = sigmoid(logits / T)``. It is least where q is p, and is the teacher's own entropy there, not 0.

    Args:
        logits: the student's, shape ``(B, C)``; computed in float32 whatever their type.
        targets: the teacher's logits, shape ``(B, C)``. Of probabilities give ``torch.logit(probs)``: that of 0 and of
            1 is infinite, and right.
        temperature: T, above 0.

    Source: Hinton et al. 2015 (arXiv 1503.02531), section 2, with a sigmoid a label in place of the softmax.
    """
    theirs = (targets.float() / temperature).sigmoid()
    entropies = F.binary_cross_entropy_with_logits(logits.float() / temperature, theirs, reduction="none")
    return entropies.mean(dim=-1) * temperature**2
