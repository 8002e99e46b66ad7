"""Masked language modelling: which piece stood where one was hidden."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from limbeck.losses import IGNORED


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the hidden pieces in nats, a value a place: shape ``(B, P)``, 0 where the target is ignored.

    ``-log softmax(logits)[target]``.

    Args:
        logits: over all pieces, shape ``(B, P, V)``; computed in float32.
        targets: ids of the pieces that were hidden, shape ``(B, P)``; :data:`IGNORED` for a place that does not count.

    Source: Devlin et al. 2019 (BERT, arXiv 1810.04805), section 3.1; Sanh et al. 2019 (arXiv 1910.01108), L_mlm.
    """
    values = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none", ignore_index=IGNORED)
    return values.view(targets.shape)
