"""What a training will cost: told before it begins, and free of side effects."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from limbeck.train.cost import estimate
from limbeck.train.step import MicroBatch, StepResult, supervised
from support.train_data import learner, rows


def test_updates_are_counted_exactly() -> None:
    made = learner(rows(37), batch_size=4, accumulate=4, epochs=3)
    cost = estimate(made)
    assert cost.updates == 9 == made.n_updates()
    assert cost.size_bytes == 4 * made.n_parameters()
    assert cost.size_bytes == sum(value.nbytes for value in made.model.module.state_dict().values())
    assert 0 < cost.seconds < 60


def test_more_epochs_cost_more() -> None:
    one, many = (estimate(learner(rows(20), epochs=n)) for n in (1, 100))
    assert many.updates == 100 * one.updates
    assert many.seconds > 5 * one.seconds
    assert many.seconds == pytest.approx(360 * many.pass_seconds)


def test_an_end_before_the_last_epochs_costs_less() -> None:
    cost = estimate(learner(rows(20), epochs=100, max_updates=8))  # of five an epoch
    assert (cost.updates, cost.epoch_updates) == (8, 5)
    assert cost.seconds == pytest.approx(8 / 5 * 3.6 * cost.pass_seconds)
    assert cost.epoch_seconds == pytest.approx(3.6 * cost.pass_seconds)


def test_one_batch_is_enough_to_tell() -> None:
    assert estimate(learner(rows(3), epochs=1)).updates == 1


def test_no_weight_and_no_random_state_changes() -> None:
    made = learner(rows(8), dropout=True)
    before = {name: value.clone() for name, value in made.model.module.state_dict().items()}
    made.model.module.train()
    state = torch.get_rng_state()
    estimate(made)
    assert torch.equal(torch.get_rng_state(), state)
    assert made.model.module.training
    assert all(torch.equal(before[name], value) for name, value in made.model.module.state_dict().items())


def test_what_a_step_does_beside_the_model_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = learner(rows(20), batch_size=4, epochs=10)
    plain, forward, clock = supervised(made.objective.loss), made.forward, [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def timed(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        clock[0] += 0.01
        return forward(chosen)

    def slow(model: nn.Module, micro: MicroBatch) -> StepResult:
        clock[0] += 0.01 + 0.04  # the student's own pass, and its teacher's
        result = plain(model, micro)
        return StepResult(result.losses, result.logits, {"all": result.losses})

    monkeypatch.setattr(made, "forward", timed)
    made.take_step(slow)
    assert estimate(made).seconds == pytest.approx(10 * 5 * 0.01 * 3.6)
    made.take_step(slow, parts=["all"])
    assert estimate(made).seconds == pytest.approx(10 * 5 * (0.01 * 3.6 + 0.04))
