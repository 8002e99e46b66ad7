"""A learner for which --auto is to choose rate and epochs."""

from __future__ import annotations

from typing import Any

from limbeck.data import Dataset
from limbeck.text import TextSettings
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.encoders import folder
from support.train_data import Lines


def made(train: Dataset, valid: Dataset | None = None, **fit: Any) -> Learner:
    """A tiny encoder whose settings name neither rate nor epochs."""
    settings = FitSettings(batch_size=4, precision="float32", **fit)
    text = TextSettings(max_length=32)
    return Learner(train, valid, model=str(folder("bert")), text=text, fit=settings, reporter=Lines())
