"""Micro-batches of pre-training: blocks of tokens, some of them hidden anew in each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limbeck.losses import IGNORED, mean_of_each
from limbeck.models import Batch
from limbeck.pretrain.masking import Masker
from limbeck.train.step import MicroBatch


class Blocks(Protocol):
    """Rows of token ids, all of one length."""

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some rows, special tokens included: shape ``(B, T)``."""
        ...


@dataclass(frozen=True)
class MaskedBatch(MicroBatch):
    """Blocks of tokens with some hidden; ``targets`` are the hidden ones, shape ``(B, P)``."""

    positions: Tensor
    """Where they stood, shape ``(B, P)``."""

    def to(self, device: torch.device) -> MaskedBatch:
        """The same on ``device``; row numbers stay where they are."""
        targets, positions = self.targets.to(device), self.positions.to(device)
        return MaskedBatch(self.rows, self.batch.to(device), targets, positions)


class MaskedCollator:
    """Takes blocks and hides tokens in them, anew in each epoch; a plain object that worker processes can copy."""

    def __init__(self, blocks: Blocks, masker: Masker, *, epoch: int | None = 0) -> None:
        self.blocks, self.masker, self.epoch = blocks, masker, epoch

    def begin_epoch(self, epoch: int) -> None:
        """Hide what this epoch hides."""
        self.epoch = epoch

    def __call__(self, rows: NDArray[np.int64]) -> MaskedBatch:
        """The micro-batch of ``rows``."""
        hidden = self.masker(self.blocks.take(rows), rows, self.epoch)
        ids = torch.from_numpy(hidden.ids)
        batch = Batch(ids, torch.ones_like(ids), torch.zeros_like(ids))
        targets, positions = torch.from_numpy(hidden.targets), torch.from_numpy(hidden.positions)
        return MaskedBatch(torch.from_numpy(rows.copy()), batch, targets, positions)


def mean_over_hidden(values: Tensor, targets: Tensor) -> Tensor:
    """Mean over each block's hidden tokens, shape ``(B,)``, of values and targets ``(B, P)``."""
    return mean_of_each(values, (targets != IGNORED).long())
