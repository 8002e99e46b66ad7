"""The projection in a training: its rate, freezing, checkpoints, a resume, and a saved folder without it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import limbeck
from limbeck.distil.beside import PROJECTION, Beside
from limbeck.distil.beside_settings import BesideSettings
from limbeck.errors import Interrupted
from limbeck.models import Output
from limbeck.models.transformer import TransformerModel, load
from limbeck.train.checkpoint import newest
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


def made(teacher: Path, wrap: Callable[[Step], Step] = lambda step: step, **fit: Any) -> Learner:
    found = learner(rows(16), dropout=True, **fit)
    weights = BesideSettings(hidden=1.0, cosine=0.5, relations=0.5)
    beside = Beside(load(teacher), found.model, weights, pairs=False, max_length=found.text.max_length, seed=7)
    found._step = wrap(compared(beside))
    return found


def weights(found: Learner) -> dict[str, Tensor]:
    return found.model.module.state_dict()


def losses(found: Learner) -> list[float]:
    assert found.progress is not None
    return [entry["loss"] for entry in found.progress.log if "norm" in entry]


def test_it_is_learnt_with_the_student_and_twice_alike(teacher: Path) -> None:
    first, second = made(teacher), made(teacher)
    before = weights(first)[WEIGHT].clone()
    first.fit()
    second.fit()
    assert not torch.equal(weights(first)[WEIGHT], before)
    assert losses(first) == losses(second)
    assert losses(first)[-1] < losses(first)[0]
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


def test_a_resume_takes_it_along_to_the_bit(teacher: Path, tmp_path: Path) -> None:
    calls = [0]

    def interrupting(step: Step) -> Step:
        def interrupted(model: nn.Module, micro: MicroBatch) -> StepResult:
            calls[0] += 1
            if calls[0] == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return step(model, micro)

        return interrupted

    stopped = made(teacher, interrupting)
    with pytest.raises(Interrupted, match="stopped after update 3 of 8"):
        stopped.fit(tmp_path)
    saved = newest(tmp_path)
    assert saved is not None and WEIGHT in saved.tensors["model"]
    again = made(teacher)
    again.fit(tmp_path, resume=True)
    whole = made(teacher)
    whole.fit()
    assert losses(again) == losses(whole)
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(whole).items())


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


def test_a_saved_student_is_an_ordinary_artefact(teacher: Path, tmp_path: Path) -> None:
    plain, found = learner(rows(16), dropout=True), made(teacher, epochs=1)
    found.fit()
    assert found.n_parameters() == plain.n_parameters()
    assert sum(value.numel() for value in found.model.module.parameters()) == plain.n_parameters() + 32 * 48 + 48
    found.save(tmp_path / "student")
    names = load_file(tmp_path / "student" / "model.safetensors").keys()
    assert not [name for name in names if PROJECTION in name]
    manifest = json.loads((tmp_path / "student" / "limbeck.json").read_text(encoding="utf-8"))
    assert manifest["model"]["parameters"] == plain.n_parameters()
    answers = limbeck.load(tmp_path / "student").predict(list(found.train.inputs))
    logits = found.score(found.train).logits
    assert [answer.predicted for answer in answers] == [("bad", "good")[n] for n in logits.argmax(axis=1)]
