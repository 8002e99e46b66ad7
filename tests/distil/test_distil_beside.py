"""The teacher beside its student: what is compared, what stays as it is, and where the projection goes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from limbeck.distil.beside import PROJECTION, Beside
from limbeck.distil.beside_settings import BesideSettings
from limbeck.models import Batch, Output
from limbeck.models.transformer import TransformerModel
from limbeck.text import Encoder
from limbeck.text.pad import pad
from support.encoders import configuration, scatter, tokenizer_json

ALL = BesideSettings(hidden=1.0, cosine=1.0, relations=1.0)
TEXTS = ("a lovely film", "people at the window of an office near the river", "cold")


def model_of(family: str = "bert", *, seed: int = 5, tokenizer: str | None = None, **changes: Any) -> TransformerModel:
    config = configuration(family, num_labels=2, **changes)
    inner = transformers.AutoModelForSequenceClassification.from_config(config)
    scatter(inner, seed=seed)
    return TransformerModel(inner, tokenizer or tokenizer_json(family))


def batch_of(model: TransformerModel, *texts: str) -> Batch:
    encoder = Encoder.from_string(model.tokenizer)
    encoded = encoder.encode(texts or TEXTS)
    return Batch(**{k: torch.from_numpy(v) for k, v in pad(encoded.ids, encoded.type_ids, encoder.pad_id).items()})


def beside(teacher: TransformerModel, student: Any, settings: BesideSettings = ALL, **changes: Any) -> Beside:
    return Beside(teacher, student, settings, **{"pairs": False, "max_length": 32, "seed": 3, **changes})


def parts_of(made: Beside, batch: Batch) -> dict[str, Tensor]:
    student = made.student
    output: Output = student(batch, states=True)
    return made(output, batch)


@pytest.mark.parametrize("family", ["bert", "distilbert", "mpnet", "roberta", "electra"])
@torch.no_grad()
def test_an_exact_copy_is_nothing_apart_from_its_teacher(family: str) -> None:
    teacher = model_of(family)
    student = copy.deepcopy(teacher)
    parts = parts_of(beside(teacher, student), batch_of(student))
    assert list(parts) == ["hidden", "cosine", "relations"]
    for values in parts.values():
        assert values.shape == (3,)
        assert float(values.abs().max()) < 1e-6
    assert not hasattr(student, PROJECTION)
