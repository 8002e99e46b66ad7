"""A student's hidden states against its teacher's: whether they point the same way."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def loss(states: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """One minus the cosine between each token's states: shape ``(B, T)``, from 0 to 2, 0 for pads.

    ``1 - s t / (|s| |t|)``; lengths do not count.

    Args:
        states: the student's, shape ``(B, T, D)``; computed in float32. A student of another width gives its states
            projected to the teacher's.
        targets: the teacher's, shape ``(B, T, D)``.
        mask: attention mask, shape ``(B, T)``: 0 for padding, which is not looked at.

    Source: Sanh et al. 2019 (DistilBERT, arXiv 1910.01108), section 3, L_cos.
    """
    pads = mask[..., None] == 0
    ours, theirs = states.float().masked_fill(pads, 1.0), targets.float().masked_fill(pads, 1.0)
    return (1.0 - F.cosine_similarity(ours, theirs, dim=-1)).masked_fill(mask == 0, 0.0)
