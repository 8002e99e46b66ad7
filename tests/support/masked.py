"""What transformers makes of a folder with a masked-LM head, and the logits that it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

IDS = torch.tensor([[2, 9, 12, 20, 3], [2, 30, 3, 0, 0]])
"""A text of five pieces and one of three, padded."""
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


def loaded(path: Path) -> Any:
    """The masked-LM of a folder, in which nothing may be missing, left over or misshapen."""
    model, told = transformers.AutoModelForMaskedLM.from_pretrained(
        path, output_loading_info=True, local_files_only=True
    )
    assert not any(told.values()), told
    return model.eval()


@torch.no_grad()
def logits_of(model: Any, ids: torch.Tensor = IDS, mask: torch.Tensor | None = MASK) -> torch.Tensor:
    """Logits at every token that is no padding, shape ``(tokens, pieces)``."""
    mask = torch.ones_like(ids) if mask is None else mask
    found: torch.Tensor = model(input_ids=ids, attention_mask=mask).logits[mask.bool()]
    return found
