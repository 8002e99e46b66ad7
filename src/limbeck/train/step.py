"""A step: what one micro-batch is asked for. What differs between kinds of training is a step and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck.losses import Loss
from limbeck.models import Batch, Output
from limbeck.text.pad import pad


@dataclass(frozen=True)
class MicroBatch:
    """Some rows of the training set, ready for the model."""

    rows: Tensor
    """Row numbers, shape ``(B,)``."""
    batch: Batch
    """Their tokens."""
    targets: Tensor
    """Their encoded targets, shape ``(B,)``."""

    def to(self, device: torch.device) -> MicroBatch:
        """The same on ``device``; row numbers stay where they are."""
        return MicroBatch(self.rows, self.batch.to(device), self.targets.to(device))


@dataclass(frozen=True)
class StepResult:
    """What a step gives back."""

    losses: Tensor
    """Loss of each text, shape ``(B,)``; the loop sums them and divides by the texts of the optimiser step."""
    logits: Tensor
    """Shape ``(B, C)``."""
    parts: Mapping[str, Tensor] = field(default_factory=dict)
    """Named parts of the loss, shape ``(B,)`` each, where it has several."""


Step = Callable[[nn.Module, MicroBatch], StepResult]


def supervised(loss: Loss) -> Step:
    """The step of ordinary training: the model's logits against the rows' targets."""

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        output: Output = model(micro.batch)
        return StepResult(loss(output.logits, micro.targets), output.logits)

    return step


class Collator:
    """Pads chosen rows into a :class:`MicroBatch`; a plain callable, so that worker processes can hold a copy."""

    def __init__(
        self,
        ids: list[NDArray[np.int32]],
        type_ids: list[NDArray[np.int32]],
        targets: NDArray[np.generic],
        *,
        pad_id: int,
    ) -> None:
        self.ids, self.type_ids, self.targets, self.pad_id = ids, type_ids, targets, pad_id

    def __call__(self, rows: NDArray[np.int64]) -> MicroBatch:
        """The micro-batch of ``rows``: token tensors of shape ``(B, T)``, T the longest row's length."""
        padded = pad([self.ids[row] for row in rows], [self.type_ids[row] for row in rows], self.pad_id)
        batch = Batch(**{name: torch.from_numpy(values) for name, values in padded.items()})
        return MicroBatch(torch.from_numpy(rows.copy()), batch, torch.from_numpy(self.targets[rows]))
