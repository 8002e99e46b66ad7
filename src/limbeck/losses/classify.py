"""Cross-entropy of one class among several, with weights of classes, focus on hard texts and smoothed labels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST = 1e-7
"""Floor under 1 - p: a power below 1 of nothing has no slope."""


def loss(
    logits: Tensor,
    targets: Tensor,
    *,
    weights: Tensor | None = None,
    focal: float = 0.0,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Minus the log-probability of each text's class, in nats: shape ``(B,)``.

    With all three options the loss of a text of class y is ``w_y * sum_c q_c * (1 - p_c)^focal * -log p_c``, where
    ``q_c`` is ``label_smoothing / C``, and ``1 - label_smoothing`` more at y. A weight belongs to the text: torch's
    ``cross_entropy`` gives each term of the smoothing the weight of its own class c instead, so that a rare class's
    weight also pulls at the texts of all others.

    Args:
        logits: shape ``(B, C)``; computed in float32 whatever their type.
        targets: class indices, shape ``(B,)``.
        weights: one a class, shape ``(C,)``; all 1 where not given.
        focal: the exponent gamma from 0 up: what the model is sure of counts less.
        label_smoothing: share of the label that is spread over all classes, from 0 to below 1.

    Source: Lin et al. 2017 (arXiv 1708.02002), equation 5, with alpha as the weights; Szegedy et al. 2016
    (arXiv 1512.00567), section 7.
    """
    wide, indices = logits.float(), targets.long()
    if focal == 0 and label_smoothing == 0:
        losses = F.cross_entropy(wide, indices, reduction="none")
    else:
        losses = _focal_and_smoothed(F.log_softmax(wide, dim=1), indices, focal, label_smoothing)
    return losses if weights is None else losses * weights.to(losses)[indices]


def _focal_and_smoothed(log_probs: Tensor, targets: Tensor, focal: float, smoothing: float) -> Tensor:
    terms = -log_probs
    if focal > 0:
        terms = terms * (-torch.expm1(log_probs)).clamp(min=_LEAST) ** focal
    own = terms.gather(1, targets[:, None])[:, 0]
    return (1 - smoothing) * own + smoothing * terms.mean(dim=1)
