"""A small encoder from scratch: two layers and a WordPiece vocabulary learnt from the training rows.

It needs no download. What it knows, it learnt from the rows it was given, so it shines with many rows or simple
texts, and shows the plumbing with few.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
import transformers

from limbeck.models import Defaults, Prepared, Request
from limbeck.models import transformer as _transformer
from limbeck.text import Encoder, learn_wordpiece, texts_in

if TYPE_CHECKING:
    from onnx import ModelProto

DEFAULTS = Defaults(epochs=10, lr=1e-3)
"""A model from scratch takes twenty times the rate of a pretrained one, and more epochs."""

VOCABULARY_SIZE = 8000
WIDTH, LAYERS, HEADS = 128, 2, 4


def start(request: Request) -> Prepared:
    """Learn a vocabulary from the training inputs and initialise the encoder from the seed."""
    texts = [text for item in request.inputs for text in texts_in(item)]
    tokenizer = learn_wordpiece(texts, vocabulary_size=VOCABULARY_SIZE)
    config = transformers.BertConfig(
        vocab_size=len(Encoder.from_string(tokenizer)),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        max_position_embeddings=max(request.max_length, 8),
        **_transformer.head_settings(request.task),
    )
    torch.manual_seed(request.seed)
    inner = transformers.AutoModelForSequenceClassification.from_config(config)
    return Prepared(_transformer.wrap(inner, tokenizer), tokenizer, request.max_length)


def export(folder: Path) -> ModelProto:
    """The graph of a saved folder."""
    return _transformer.export(folder)
