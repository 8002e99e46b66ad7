"""Texts of one class near each other, texts of others at right angles: what a few labels say about every pair."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def loss(features: Tensor, targets: Tensor) -> Tensor:
    """How far each text's cosines to the others of the batch are from what their labels say: shape ``(B,)``, 0 to 5.

    ``mean_j (1 - cos(i, j))^2`` over the other texts of its class plus ``mean_k cos(i, k)^2`` over those of other
    classes; a mean over no text is 0. Each class of pairs counts the same however many there are, as where pairs are
    drawn in equal numbers.

    Args:
        features: shape ``(B, D)``; computed in float32.
        targets: class indices, shape ``(B,)``.

    Source: Tunstall et al. 2022 (SetFit, arXiv 2209.11055), section 3, with the squared error of Reimers and Gurevych
    2019 (Sentence-BERT, arXiv 1908.10084), section 3.
    """
    unit = F.normalize(features.float(), dim=-1)
    with torch.autocast(features.device.type, enabled=False):  # else the cosines are bfloat16's
        cosines = unit @ unit.T
    alike = targets[:, None] == targets[None]
    others = alike & ~torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    return _mean((1.0 - cosines).square(), others) + _mean(cosines.square(), ~alike)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of each row's chosen values: shape ``(B,)``, 0 where none is chosen."""
    return values.masked_fill(~mask, 0.0).sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)
