"""The step of task distillation: what the teacher says of a row, its label where it has one, its tokens where asked.

Teacher and student read a text each by its own tokenizer: what the teacher says was written down before, by row. Only
the losses over tokens need both to read the same pieces (see ``beside``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from limbeck.losses import Loss, regress, soft
from limbeck.train.step import MicroBatch, Step, StepResult

if TYPE_CHECKING:
    from limbeck.distil.beside import Beside

SOFT, HARD = "soft", "hard"
"""Names of the loss's parts; those over tokens are called as their settings."""


@dataclass(frozen=True)
class Said:
    """What is known of every training row, by its number."""

    logits: Tensor
    """The teacher's, shape ``(N, C)``; for a number in the unit of the student's logits, ``(N, 1)``."""
    is_labelled: Tensor
    """Whether the row has a label of its own, shape ``(N,)``, bool."""


def parts_of(*, hard: float, beside: Beside | None = None) -> tuple[str, ...]:
    """Names of the parts that :func:`distilled` gives."""
    return (SOFT, *((HARD,) if hard > 0 else ()), *(beside.weights if beside is not None else ()))


def distilled(
    said: Said, *, temperature: float, hard: float, loss: Loss, is_number: bool = False, beside: Beside | None = None
) -> Step:
    """The step: (1 - h) soft + h label, h being 0 where a row has none, and the weighted losses over tokens on top.

    Args:
        said: the teacher's logits, and which rows are labelled.
        temperature: of the soft targets, whose loss is multiplied with its square (:mod:`limbeck.losses.soft`).
        hard: the share h of a labelled row's own label.
        loss: that of the labels.
        is_number: the logits are a number, compared by the squared difference.
        beside: runs the teacher's module beside the student.

    Source: Hinton et al. 2015 (arXiv 1503.02531), section 2.
    """

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        output = model(micro.batch) if beside is None else model(micro.batch, states=True)
        device = output.logits.device
        targets, labelled = said.logits[micro.rows].to(device), said.is_labelled[micro.rows].to(device)
        if is_number:
            compared = regress.loss(output.logits, targets[:, 0])
        else:
            compared = soft.loss(output.logits, targets, temperature=temperature)
        share = hard * labelled.float()
        parts = {SOFT: (1 - share) * compared}
        if hard > 0:
            parts[HARD] = share * loss(output.logits, micro.targets)
        if beside is not None:
            parts |= {name: beside.weights[name] * part for name, part in beside(output, micro.batch).items()}
        return StepResult(torch.stack(list(parts.values())).sum(dim=0), output.logits, parts)

    return step
