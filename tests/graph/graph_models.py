"""Tiny random models of every family, through transformers, and how to run their graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.graph import INPUTS

Array = npt.NDArray[Any]

COMMON: dict[str, Any] = {"vocab_size": 50, "max_position_embeddings": 40, "num_labels": 3}
WIDE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "layer_norm_eps": 1e-5,
}
TINY: dict[str, dict[str, Any]] = {
    "bert": {**COMMON, **WIDE},
    "camembert": {**COMMON, **WIDE, "type_vocab_size": 1},
    "distilbert": {**COMMON, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    "electra": {**COMMON, **WIDE, "embedding_size": 16},
    "mpnet": {**COMMON, **WIDE},
    "roberta": {**COMMON, **WIDE, "type_vocab_size": 2},
    "xlm-roberta": {**COMMON, **WIDE, "type_vocab_size": 1},
}


def tiny(family: str, **changes: Any) -> tuple[Any, dict[str, Any], dict[str, Array]]:
    """Return a model in eval mode with weights large enough to matter, its config and its weights."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(7)
    config = AutoConfig.for_model(family, **{**TINY[family], **changes})
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.15 + (1.0 if "norm.weight" in name.lower() else 0.0))
    return model, config.to_dict(), {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def batch(lengths: list[int], *, pad: int, segments: int = 1, seed: int = 0) -> dict[str, Array]:
    """Return ids of 5..49 padded to the longest, the mask, and segments that change halfway where there are several."""
    rng = np.random.default_rng(seed)
    shape = (len(lengths), max(lengths))
    ids, mask, kinds = np.full(shape, pad), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, length in enumerate(lengths):
        ids[row, :length] = rng.integers(5, 50, length)
        mask[row, :length] = 1
        kinds[row, length // 2 : length] = segments - 1
    return dict(zip(INPUTS, (ids.astype(np.int64), mask, kinds), strict=True))


def torch_logits(model: Any, inputs: dict[str, Array]) -> Array:
    """Return what transformers answers; families without segments are not given any."""
    import torch

    names = INPUTS[:2] if model.config.model_type in ("distilbert", "mpnet") else INPUTS
    with torch.no_grad():
        logits: Array = model(**{name: torch.from_numpy(inputs[name]) for name in names}).logits.numpy()
    return logits


def onnx_session(model: Any) -> Any:
    """Return a session of one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def onnx_logits(model: Any, inputs: dict[str, Array]) -> Array:
    """Return what onnxruntime answers."""
    logits: Array = onnx_session(model).run(["logits"], inputs)[0]
    return logits
