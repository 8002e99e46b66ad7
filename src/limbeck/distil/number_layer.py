"""The output layer of a student that gives a number, where it starts from a model that gives one.

A training begins with a new layer for numbers, since a saved one is in the unit of its own targets. A student cut out
of its teacher answers what the teacher answers: its layer is kept, brought to the unit of the student's logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck import models
from limbeck.distil.student import folder_of
from limbeck.models import TextModel, transformer

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

LOOKED_AT = 256
"""Rows by which it is told whether the layer belongs to these texts."""


def keep(learner: Learner, said: NDArray[np.float32]) -> bool:
    """Put the saved layer into the learner's model, where the numbers that it gives are nearer to what the teacher says
    than the mean of that is.

    Args:
        learner: of numbers; its model starts from a folder, and is as it was loaded.
        said: the teacher's numbers in the targets' unit, shape ``(rows, 1)``.

    Returns:
        Whether it is kept; False where there is none.
    """
    if models.family_of(learner.source) != "transformer":
        return False
    saved = transformer.load(folder_of(learner.source))
    config = saved.inner.config
    if config.num_labels != 1 or not transformer.has_output_layer(config.architectures):
        return False
    layer = learner.model.output_layer()
    before = layer.weight.detach().clone(), layer.bias.detach().clone()
    _put(learner.model, saved.output_layer(), learner.scale)
    rows = np.unique(np.linspace(0, len(said) - 1, min(len(said), LOOKED_AT)).astype(np.int64))
    wanted = said[rows].astype(np.float64)
    if float(np.square(learner.forward(rows) - wanted).mean()) < float(wanted.var()):
        return True
    with torch.no_grad():
        layer.weight.copy_(before[0])
        layer.bias.copy_(before[1])
    return False


@torch.no_grad()
def _put(model: TextModel, saved: torch.nn.Linear, scale: tuple[float, float]) -> None:
    """The saved layer, in the unit of the targets, as one whose numbers are standardised."""
    layer, (factor, offset) = model.output_layer(), scale
    layer.weight.copy_(saved.weight / factor)
    layer.bias.copy_((saved.bias - offset) / factor)
