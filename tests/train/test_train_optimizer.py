"""The optimiser: groups, rates by layer, and what a checkpoint keeps of it."""

import json
from typing import Any, get_args

import pytest
import torch
from torch import nn

from limbeck.train.optimizer import dump_optimizer, layer_factors, load_optimizer, make_optimizer
from limbeck.train.schedules import Course
from limbeck.train.settings import FitSettings, Schedule


class Encoder(nn.Module):
    """Names as transformers gives them."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(3, 2)
        self.layer = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.output = nn.Linear(2, 2)


def test_biases_and_norms_do_not_decay() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    model[0].bias.requires_grad = False
    optimizer = make_optimizer(model, lr=0.1, weight_decay=0.5)
    decayed, free = optimizer.param_groups
    assert (decayed["weight_decay"], [part.shape for part in decayed["params"]]) == (0.5, [(4, 3)])
    assert (free["weight_decay"], len(free["params"])) == (0.0, 2)


def test_an_optimiser_comes_back_from_json_and_tensors() -> None:
    model = nn.Linear(3, 2)
    optimizer = make_optimizer(model, lr=0.1, weight_decay=0.5)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    tensors, groups = dump_optimizer(optimizer)
    other = make_optimizer(model, lr=0.3, weight_decay=0.0)
    load_optimizer(other, tensors, json.loads(json.dumps(groups)))
    assert other.param_groups[0]["betas"] == (0.9, 0.999)
    assert (other.param_groups[0]["lr"], other.param_groups[0]["weight_decay"]) == (0.1, 0.5)
    assert torch.equal(other.state[model.weight]["exp_avg"], optimizer.state[model.weight]["exp_avg"])


def test_each_layer_has_its_rate() -> None:
    optimizer = make_optimizer(Encoder(), lr=0.8, weight_decay=0.1, layer_decay=0.5)
    rates = [(group["lr"], group["weight_decay"], len(group["params"])) for group in optimizer.param_groups]
    both = [(rate, decay, 1) for rate in (0.8, 0.4, 0.2) for decay in (0.1, 0.0)]
    assert rates == [pytest.approx(group) for group in [*both, (0.1, 0.1, 1)]]  # an embedding has no bias


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_a_schedule_keeps_the_shares(schedule: Any) -> None:
    optimizer = make_optimizer(Encoder(), lr=0.8, weight_decay=0.1, layer_decay=0.5)
    course = Course(optimizer, FitSettings(schedule=schedule, warmup=0.2), [5, 5])
    for _ in range(9):
        optimizer.step()
        course.after_update()
        first, *others = (group["lr"] for group in optimizer.param_groups)
        assert [rate / first for rate in others] == pytest.approx([1, 0.5, 0.5, 0.25, 0.25, 0.125])


def test_without_a_decay_or_without_layers_there_is_one_rate() -> None:
    assert len(make_optimizer(Encoder(), lr=0.1, weight_decay=0.1).param_groups) == 2
    assert layer_factors(["weight", "bias"], 0.5) == {"weight": 1.0, "bias": 1.0}


def test_names_of_other_families() -> None:
    names = [
        "distilbert.embeddings.LayerNorm.bias",
        "distilbert.transformer.layer.5.ffn.lin1.weight",
        "classifier.bias",
    ]
    assert list(layer_factors(names, 0.5).values()) == [0.5**7, 0.5, 1.0]
    mpnet = ["mpnet.encoder.relative_attention_bias.weight", "mpnet.encoder.layer.1.output.dense.weight"]
    assert list(layer_factors(mpnet, 0.5).values()) == [0.125, 0.5]  # every layer reads the bias
    modern = ["model.embeddings.tok_embeddings.weight", "model.layers.0.mlp.Wi.weight", "head.dense.weight"]
    assert list(layer_factors(modern, 0.5).values()) == [0.25, 0.5, 1.0]


def test_frozen_weights_are_in_no_group() -> None:
    model = Encoder()
    model.embeddings.weight.requires_grad = False
    optimizer = make_optimizer(model, lr=0.1, weight_decay=0.1, layer_decay=0.9)
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert trained == {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    assert isinstance(optimizer, torch.optim.AdamW)
