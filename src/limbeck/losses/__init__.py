"""Losses: pure functions of tensors, one file each; a task is trained by the loss of its own name.

A loss's module defines ``loss(logits, targets) -> (B,)``: one value a text, never a mean, because only the training
loop knows how many texts an optimiser step holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from limbeck.table import Table

if TYPE_CHECKING:
    from torch import Tensor

LOSSES = Table("limbeck.losses", noun="loss", flag="loss")


class Loss(Protocol):
    """The contract of a supervised loss."""

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each text, shape ``(B,)``, from logits ``(B, C)`` and targets ``(B,)``."""
        ...


def get_loss(name: str) -> Loss:
    """The loss called ``name``.

    Raises:
        SettingsError: there is none of that name.
    """
    loss: Loss = LOSSES.module(name).loss
    return loss
