"""Losses: pure functions of tensors, one file each; none takes a mean over texts.

Every task has the loss of its own name, ``loss(logits, targets) -> (B,)``, which trains it. The others are
distillation's: they hold what a student says, or its hidden states, against its teacher's. One value a text, ``(B,)``,
or one a position, ``(B, T)``, where pads have 0 whatever stands in them. Only the training loop knows how many texts
an optimiser step holds, and so how many attended tokens, and divides: a mean of means weighs short steps more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from limbeck.errors import SettingsError, nearest
from limbeck.table import Table
from limbeck.tasks import TASKS

if TYPE_CHECKING:
    from torch import Tensor

LOSSES = Table("limbeck.losses", noun="loss", flag="loss")


class Loss(Protocol):
    """The contract of a task's loss."""

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each text, shape ``(B,)``, from logits ``(B, C)`` and targets ``(B,)``."""
        ...


def get_loss(name: str) -> Loss:
    """The loss that trains the task called ``name``.

    Raises:
        SettingsError: there is none of that name; the message names those of tasks, not distillation's.
    """
    try:
        loss: Loss = LOSSES.module(name).loss
    except SettingsError:
        of_tasks = [known for known in LOSSES.names() if known in TASKS.names()]
        raise SettingsError(f"no loss is called {name!r}; tasks have {nearest(name, of_tasks)}") from None
    return loss


def mean_over_attended(values: Tensor, mask: Tensor) -> Tensor:
    """Sum over the attended tokens of all texts, divided by their number: a scalar; 0 where there are none.

    Args:
        values: one a position, shape ``(B, T)``.
        mask: the attention mask, shape ``(B, T)``: 0 for padding, which is not looked at.

    Every token counts alike, those of long texts and of short ones, so a step cut into micro-batches is the mean over
    all of them, not the mean of their means.
    """
    return values.masked_fill(mask == 0, 0.0).sum() / mask.bool().sum().clamp(min=1)


def mean_of_each(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over each text's attended tokens, shape ``(B,)``; 0 for a text without any. As :func:`mean_over_attended`,
    but every text counts alike."""
    return values.masked_fill(mask == 0, 0.0).sum(dim=1) / mask.bool().sum(dim=1).clamp(min=1)
