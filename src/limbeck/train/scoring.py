"""What a model says while it is being trained: logits of encoded rows, by torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limbeck.plan import Budget, scoring_plan
from limbeck.text import Encoded
from limbeck.train.processes import Processes
from limbeck.train.step import Collator

SCORING_TOKENS = 4096
"""Tokens a batch when nothing is learnt: no gradients are kept, so four times a training batch fits as well."""


@torch.inference_mode()
def logits_of(
    module: nn.Module, encoded: Encoded, *, pad_id: int, precision: str, processes: Processes | None = None
) -> NDArray[np.float64]:
    """Logits of every row in eval mode, in the rows' order: shape ``(rows, C)``. The module's mode is put back.

    Where ``processes`` are given, all ask for the same rows: each scores some batches, all get the whole.
    """
    was_training, device = module.training, next(module.parameters()).device
    module.eval()
    collate = Collator(encoded.ids, encoded.type_ids, np.zeros(len(encoded.ids)), pad_id=pad_id)
    parts: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    plan = scoring_plan(encoded.lengths, Budget(tokens=SCORING_TOKENS))
    own = plan if processes is None else plan[processes.number :: processes.count]
    for rows in own or plan[:1]:  # a process without a batch of its own learns how many logits there are
        batch = collate(rows).batch.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            parts.append((rows, module(batch).logits.cpu().double().numpy()))  # a Mac's GPU has no float64
    module.train(was_training)
    logits = np.zeros((len(encoded.ids), parts[0][1].shape[1] if parts else 0))
    for rows, values in parts if own else []:
        logits[rows] = values
    return logits if processes is None else processes.sum(logits)
