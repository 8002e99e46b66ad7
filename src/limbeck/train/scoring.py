"""What a model makes of encoded rows while one is being trained, by torch: its logits, its vectors of whole texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck.losses import vectors
from limbeck.models import Batch
from limbeck.plan import Budget, scoring_plan
from limbeck.text import Encoded
from limbeck.train.processes import Processes
from limbeck.train.step import Collator

SCORING_TOKENS = 4096
"""Tokens a batch when nothing is learnt: no gradients are kept, so four times a training batch fits as well."""


def logits_of(
    module: nn.Module, encoded: Encoded, *, pad_id: int, precision: str, processes: Processes | None = None
) -> NDArray[np.float64]:
    """Logits of every row in eval mode, in the rows' order: shape ``(rows, C)``. The module's mode is put back.

    Where ``processes`` are given, all ask for the same rows: each scores some batches, all get the whole.
    """

    def read(batch: Batch) -> Tensor:
        logits: Tensor = module(batch).logits
        return logits

    return _of_each(read, module, encoded, pad_id=pad_id, precision=precision, processes=processes)


def vectors_of(
    module: nn.Module,
    encoded: Encoded,
    *,
    pad_id: int,
    precision: str,
    processes: Processes | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """The mean of each row's last hidden states, in the rows' order: shape ``(rows, D)``; else as :func:`logits_of`.

    Args:
        module: gives hidden states.
        encoded: the rows, by its own tokenizer.
        pad_id: of that tokenizer.
        precision: ``float32`` or ``bf16``.
        processes: all that ask for the same rows.
        advance: is told how many rows have been read since.
    """

    def read(batch: Batch) -> Tensor:
        found = vectors.vector(module(batch, states=True).states[-1], batch.attention_mask)
        advance(len(found))
        return found

    settings: dict[str, Any] = {"pad_id": pad_id, "precision": precision, "processes": processes}
    return _of_each(read, module, encoded, **settings, dtype=torch.float32)  # of a million rows half the memory


@torch.inference_mode()
def _of_each(
    read: Callable[[Batch], Tensor],
    module: nn.Module,
    encoded: Encoded,
    *,
    pad_id: int,
    precision: str,
    processes: Processes | None,
    dtype: torch.dtype = torch.float64,
) -> NDArray[Any]:
    """What ``read`` gives of every row, a batch at a time, ``module`` being in eval mode: shape ``(rows, C)``."""
    was_training, device = module.training, next(module.parameters()).device
    module.eval()
    collate = Collator(encoded.ids, encoded.type_ids, np.zeros(len(encoded.ids)), pad_id=pad_id)
    parts: list[tuple[NDArray[np.int64], NDArray[Any]]] = []
    plan = scoring_plan(encoded.lengths, Budget(tokens=SCORING_TOKENS))
    own = plan if processes is None else plan[processes.number :: processes.count]
    for rows in own or plan[:1]:  # a process without a batch of its own learns how wide a row is
        batch = collate(rows).batch.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            parts.append((rows, read(batch).cpu().to(dtype).numpy()))  # a Mac's GPU has no float64
    module.train(was_training)
    found = np.zeros((len(encoded.ids), parts[0][1].shape[1] if parts else 0), parts[0][1].dtype if parts else None)
    for rows, values in parts if own else []:
        found[rows] = values
    return found if processes is None else processes.sum(found)
