"""Trace a graph with torch, for encoder families that ``limbeck.graph`` does not emit."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch import Tensor, nn

from limbeck.errors import ModelError, require

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18

logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of packages that no encoder needs


class _Logits(nn.Module):
    """Logits alone, from the three inputs that every graph of limbeck has."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.has_types = getattr(inner.config, "type_vocab_size", 0) > 1

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Logits of shape ``(B, C)``."""
        named = {"token_type_ids": token_type_ids} if self.has_types else {}
        logits: Tensor = self.inner(input_ids=input_ids, attention_mask=attention_mask, **named).logits
        return logits


def trace(folder: Path) -> ModelProto:
    """The graph of the model saved in ``folder``, with eager attention, so that nothing hides in a fused operator.

    Raises:
        ModelError: torch cannot export this architecture.
    """
    require("onnxscript", "train")
    inner = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    ids = torch.full((2, 8), int(inner.config.pad_token_id or 0) + 1, dtype=torch.long)
    example = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter's own, about its own future
            program: Any = torch.onnx.export(
                _Logits(inner).eval(),
                example,
                input_names=["input_ids", "attention_mask", "token_type_ids"],
                output_names=["logits"],
                dynamic_shapes=(axes, axes, axes),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # the exporter raises whatever its stages raise
        raise ModelError(
            f"torch {torch.__version__} cannot export the architecture {inner.config.model_type!r}: "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
        ) from None
    graph: ModelProto = program.model_proto
    return graph
