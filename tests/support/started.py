"""Encoders' folders as trainings start from them."""

from __future__ import annotations

from pathlib import Path

import torch

from limbeck.models import Prepared, Request, prepare
from limbeck.models.transformer import TransformerModel
from limbeck.tasks import make_task

CLASSES = ("no", "yes", "perhaps")


def start(source: Path | str, *, classes: tuple[str, ...] = CLASSES, seed: int = 0, max_length: int = 24) -> Prepared:
    task = make_task("classify", classes=classes) if classes else make_task("regress")
    return prepare(Request(str(source), ["a film"], task, max_length, seed))


def model_in(prepared: Prepared) -> TransformerModel:
    assert isinstance(prepared.model, TransformerModel)
    return prepared.model


def head_of(prepared: Prepared) -> torch.Tensor:
    return prepared.model.output_layer().weight.detach().clone()
