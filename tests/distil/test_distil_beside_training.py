"""The projection in a training: its rate, and what freezing leaves free; resumes and folders stand with the lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from limbeck.distil.beside import PROJECTION, Beside
from limbeck.distil.beside_settings import BesideSettings
from limbeck.models import Output
from limbeck.models.transformer import TransformerModel, load
from limbeck.train.learner import Learner
from limbeck.train.optimizer import make_optimizer
from limbeck.train.step import MicroBatch, Step, StepResult
from support.encoders import make
from support.train_data import learner, rows

WEIGHT = f"{PROJECTION}.weight"


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher that is wider than the student, four layers of 48."""
    changes: dict[str, Any] = {"hidden_size": 48, "num_attention_heads": 6, "num_hidden_layers": 4}
    return make(tmp_path_factory.mktemp("teacher") / "model", "bert", classes=("bad", "good"), **changes)


def compared(beside: Beside) -> Step:
    """A step of Beside's parts alone, without what the teacher says."""

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        output: Output = model(micro.batch, states=True)
        parts = beside(output, micro.batch)
        total = sum((beside.weights[name] * part for name, part in parts.items()), torch.zeros(len(micro.rows)))
        return StepResult(total, output.logits, parts)

    return step


def made(teacher: Path, **fit: Any) -> Learner:
    found = learner(rows(16), dropout=True, **fit)
    weights = BesideSettings(hidden=1.0, cosine=0.5, relations=0.5)
    beside = Beside(load(teacher), found.model, weights, pairs=False, max_length=found.text.max_length, seed=7)
    found._step = compared(beside)
    return found


def weights(found: Learner) -> dict[str, Tensor]:
    return found.model.module.state_dict()


def test_it_has_the_output_layers_rate(teacher: Path) -> None:
    found = made(teacher)
    module = found.model.module
    assert isinstance(module, TransformerModel)
    optimizer = make_optimizer(module, lr=0.8, weight_decay=0.1, layer_decay=0.5)
    rate_of = {
        id(part): (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for part in group["params"]
    }
    assert rate_of[id(module.get_parameter(WEIGHT))] == (0.8, 0.1)
    assert rate_of[id(module.get_parameter(f"{PROJECTION}.bias"))] == (0.8, 0.0)
    assert rate_of[id(module.output_layer().weight)] == (0.8, 0.1)


@pytest.mark.parametrize("fit", [{"freeze": "encoder"}, {"freeze": "1"}, {"gradual": True}], ids=str)
def test_what_is_frozen_leaves_it_free(teacher: Path, fit: dict[str, Any]) -> None:
    found = made(teacher, epochs=1, **fit)
    before = {name: value.clone() for name, value in weights(found).items()}
    found.fit()
    after = weights(found)
    lowest = "inner.bert.encoder.layer.0.output.dense.weight"
    assert torch.equal(after[lowest], before[lowest])
    assert not torch.equal(after[WEIGHT], before[WEIGHT])
