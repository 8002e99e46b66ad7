"""A model's vector of a whole text against the one that another model has of it: whether they point the same way."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def vector(states: Tensor, mask: Tensor) -> Tensor:
    """The mean of the attended tokens' states, special ones included: shape ``(B, D)``, float32.

    Args:
        states: shape ``(B, T, D)``.
        mask: attention mask, shape ``(B, T)``: 0 for padding, which is not looked at. No text is without a token.

    Source: Reimers & Gurevych 2019 (Sentence-BERT, arXiv 1908.10084), section 3, the strategy MEAN; so do the authors
    of all-MiniLM-L6-v2 and all-mpnet-base-v2.
    """
    kept = states.float().masked_fill(mask[..., None] == 0, 0.0)
    return kept.sum(dim=1) / mask.bool().sum(dim=1, keepdim=True).clamp(min=1)


def loss(states: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """One minus the cosine between each text's vector and its target: shape ``(B,)``, from 0 to 2.

    ``1 - v t / (|v| |t|)``, where ``v`` is :func:`vector` of the states; lengths do not count.

    Args:
        states: of the model that is trained, shape ``(B, T, D)``.
        targets: the other model's vectors, shape ``(B, D)``.
        mask: attention mask, shape ``(B, T)``.

    Source: Reimers & Gurevych 2020 (arXiv 2004.09813), section 2, have a student's sentence vectors follow a teacher's,
    by their squared distance; vectors that are compared by their cosine are followed by it here.
    """
    return 1.0 - F.cosine_similarity(vector(states, mask), targets.float(), dim=-1)
