"""Losses: pure functions of tensors, one file each; none takes a mean over texts.

Every task has the loss of its own name, ``loss(logits, targets) -> (B,)``, which trains it; ``contrastive`` compares
the texts of a batch with each other. The others are distillation's: they hold what a student says, or its hidden
states, against its teacher's. One value a text, ``(B,)``, or one a position, ``(B, T)``, where pads have 0 whatever
stands in them. Only the training loop knows how many texts an optimiser step holds, and so how many attended tokens,
and divides: a mean of means weighs short steps more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from limbeck.errors import SettingsError, nearest
from limbeck.table import Table
from limbeck.tasks import TASKS

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
"""The target of a place that does not count, as torch and transformers have it."""

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


def mean_over_attended(values: Tensor, mask: Tensor, *, n_tokens: int | None = None) -> Tensor:
    """Sum over the attended tokens of all texts, divided by their number: a scalar; 0 where there are none.

    Every token counts alike, those of long texts and of short ones: of a step that is cut into micro-batches this is
    the mean over all its tokens, where a mean of their means is not.

    Args:
        values: one a position, shape ``(B, T)``.
        mask: the attention mask, shape ``(B, T)``: 0 for padding, which is not looked at.
        n_tokens: attended tokens of the whole step, where these are a micro-batch: the micro-batches' values add up to
            the step's. Those of ``mask`` where not given.
    """
    total = values.masked_fill(mask == 0, 0.0).sum()
    return total / (mask.bool().sum().clamp(min=1) if n_tokens is None else max(n_tokens, 1))


def mean_of_each(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the attended tokens of each text, shape ``(B,)``; 0 for a text without any.

    Every text counts alike, as the training loop counts them; else as :func:`mean_over_attended`.
    """
    return values.masked_fill(mask == 0, 0.0).sum(dim=1) / mask.bool().sum(dim=1).clamp(min=1)
