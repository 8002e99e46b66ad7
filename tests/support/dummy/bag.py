"""A model that is no transformer: the mean of its tokens' embeddings, then one linear layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import nn

from limbeck.models import Batch, Defaults, Output, Prepared, Request
from limbeck.text import Encoder, learn_wordpiece

DEFAULTS = Defaults(epochs=10, lr=0.1)
WIDTH = 16


class Bag(nn.Module):
    def __init__(self, n_pieces: int, n_outputs: int, tokenizer: str) -> None:
        super().__init__()
        self.pieces = nn.Embedding(n_pieces, WIDTH)
        self.out = nn.Linear(WIDTH, n_outputs)
        self.tokenizer = tokenizer

    @property
    def module(self) -> nn.Module:
        return self

    def forward(self, batch: Batch) -> Output:
        mask = batch.attention_mask[:, :, None].float()
        return Output(self.out((self.pieces(batch.input_ids) * mask).sum(dim=1) / mask.sum(dim=1)))

    def output_layer(self) -> nn.Linear:
        return self.out

    def write(self, folder: Path) -> None:
        (folder / "config.json").write_text(json.dumps({"model_type": "bag"}))
        (folder / "tokenizer.json").write_text(self.tokenizer, encoding="utf-8")
        save_file({name: value.contiguous() for name, value in self.state_dict().items()}, folder / "model.safetensors")


def start(request: Request) -> Prepared:
    texts = [text for item in request.inputs for text in (item if isinstance(item, tuple) else (item,))]
    tokenizer = learn_wordpiece(texts)
    torch.manual_seed(request.seed)
    model = Bag(len(Encoder.from_string(tokenizer)), request.task.n_outputs, tokenizer)
    return Prepared(model, tokenizer, request.max_length)


def export(folder: Path) -> ModelProto:
    weights = load_file(folder / "model.safetensors")
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    constants += [
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("two", TensorProto.INT64, [1], [2]),
    ]
    node: Any = helper.make_node
    nodes = [
        node("Gather", ["pieces.weight", "input_ids"], ["piece"]),
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["mask", "two"], ["wide"]),
        node("Mul", ["piece", "wide"], ["kept"]),
        node("ReduceSum", ["kept", "one"], ["sum"], keepdims=0),
        node("ReduceSum", ["mask", "one"], ["count"], keepdims=1),
        node("Div", ["sum", "count"], ["mean"]),
        node("Gemm", ["mean", "out.weight", "out.bias"], ["logits"], transB=1),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    n_outputs = len(weights["out.bias"])
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", n_outputs])]
    graph = helper.make_graph(nodes, "bag", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
