"""What a model in pre-training gets on texts that were held back, with the same tokens hidden each time."""

from __future__ import annotations

import math

import numpy as np
import torch

from limbeck.losses import IGNORED, mlm
from limbeck.plan import slices
from limbeck.pretrain.masked import MaskedModel
from limbeck.pretrain.micro import MaskedCollator
from limbeck.train.processes import join
from limbeck.train.settings import FitSettings
from limbeck.train.step import Step

_MEASURED_TOKENS = 32_768
"""Of the texts held back, at each validation: an error of some hundredths of a nat."""


@torch.no_grad()
def measure(
    model: MaskedModel,
    step: Step,
    collate: MaskedCollator,
    *,
    n_blocks: int,
    length: int,
    fit: FitSettings,
    parts: tuple[str, ...] = (),
) -> dict[str, float]:
    """Mean of a step's loss and of its parts over blocks, and the perplexity of their hidden tokens.

    Perplexity is ``exp`` of the mean cross-entropy over the hidden tokens. All processes ask at once.
    """
    processes, was_training = join(), model.training
    model.eval()
    rows = np.linspace(0, n_blocks - 1, n_measured(n_blocks, length)).round().astype(np.int64)  # of all sources
    lengths = np.full(n_blocks, length, np.int64)
    totals = np.zeros(4 + len(parts))
    device = next(model.parameters()).device
    for chosen in slices(processes.share(rows, lengths), lengths, fit.batch):
        micro = collate(chosen).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=fit.precision == "bf16"):
            result = step(model, micro)
        hidden = mlm.loss(result.logits, micro.targets)
        n_hidden = int((micro.targets != IGNORED).sum())
        shares = [float(result.parts[name].sum()) for name in parts]
        totals += [len(chosen), float(result.losses.sum()), n_hidden, float(hidden.sum()), *shares]
    model.train(was_training)
    count, loss, n_hidden, surprise, *summed = processes.sum(totals).tolist()
    found = {"loss": loss / count, "perplexity": math.exp(min(surprise / max(n_hidden, 1), 700.0))}
    return found | {name: total / count for name, total in zip(parts, summed, strict=True)}


def n_measured(n_blocks: int, length: int) -> int:
    """How many of the blocks held back, of ``length`` tokens each, are measured on.

    >>> n_measured(100, 128), n_measured(1000, 128)
    (100, 256)
    """
    return min(n_blocks, max(1, _MEASURED_TOKENS // length))
