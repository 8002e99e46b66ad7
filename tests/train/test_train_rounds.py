"""Several fits of one learner: the weights go on, the best are kept, and the record tells of all."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from limbeck.errors import SettingsError
from limbeck.train.learner import Learner
from limbeck.train.limit import Limit
from limbeck.train.settings import FitSettings
from support.train_data import flipped, learner, rows


def weights(made: Learner) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in made.model.module.state_dict().items()}


def entries(made: Learner, n: int) -> list[dict[str, Any]]:
    return [entry for entry in made.rounds[n].progress.log if "loss" in entry]


def test_a_second_fit_goes_on_from_the_weights_of_the_first() -> None:
    made = learner(rows(8), epochs=1)
    made.fit()
    first = weights(made)
    said = made.forward(made.encoded.answerable.nonzero()[0])
    made.fit(epochs=1, lr=1e-8)
    again = made.forward(made.encoded.answerable.nonzero()[0])
    assert said == pytest.approx(again, abs=1e-4)
    assert any(not torch.equal(value, first[name]) for name, value in weights(made).items())


def test_its_rows_come_in_another_order() -> None:
    made = learner(rows(16), epochs=1)
    made.fit()
    made.fit()
    orders = [[entry["rows"] for entry in entries(made, n)] for n in (0, 1)]
    assert orders[0] != orders[1]
    assert [sorted(row for step in order for row in step) for order in orders] == [list(range(16))] * 2


def test_what_is_given_to_a_fit_is_of_that_fit_alone() -> None:
    made = learner(rows(8), epochs=2, lr=1e-3)
    settings = made.fit_settings
    made.fit(epochs=1, lr=1e-4)
    assert made.fit_settings is settings
    assert (made.settings["epochs"], made.settings["lr"]) == (1, 1e-4)
    made.fit()
    assert [(one.fit.epochs, one.fit.lr) for one in made.rounds] == [(1, 1e-4), (2, 1e-3)]


def test_one_cycle_is_its_own_schedule() -> None:
    made = learner(rows(20), epochs=1)
    made.fit_onecycle(2e-3, 2)
    rates = [entry["lr"] for entry in entries(made, 0)]
    assert max(rates) == pytest.approx(2e-3, rel=0.05)
    assert rates[0] == pytest.approx(2e-4)
    assert made.fit_settings.schedule == "linear"


def test_cosines_start_again_and_grow() -> None:
    made = learner(rows(8), epochs=1)  # two updates an epoch
    made.fit_sgdr(1e-3, cycles=2, cycle_mult=2)
    rates = [entry["lr"] for entry in entries(made, 0)]
    assert rates == pytest.approx([1e-3, 5e-4, 1e-3, 8.53553e-4, 5e-4, 1.46447e-4], rel=1e-3)
    made.fit_sgdr(1e-3, cycles=2, cycle_length=0.5)
    assert [entry["lr"] for entry in entries(made, 1)] == [1e-3, 1e-3]


@pytest.mark.parametrize(("limit", "tops"), [(15, [0, 12]), (6, [0])])
def test_max_updates_cut_a_training_and_not_its_cycles(limit: int, tops: list[int]) -> None:
    made = learner(rows(24), epochs=3, batch_size=2, lr=1e-3, schedule="sgdr", max_updates=limit)  # 12 an epoch
    made.fit()
    rates = [entry["lr"] for entry in entries(made, 0)]
    assert len(rates) == limit
    assert [update for update, rate in enumerate(rates) if rate == 1e-3] == tops
    assert rates[5] == pytest.approx(1e-3 * (1 + math.cos(math.pi * 5 / 12)) / 2)


@pytest.mark.parametrize(
    ("cycles", "length", "mult", "told"),
    [
        (0, 1, 1, "cycles=0 is no number of cycles; give 1 or more"),
        (3, 0.5, 1, "cycles=3 with cycle_length=0.5 and cycle_mult=1 end after 1.5 epochs; choose such that they end"),
        (2, 0, 0, "cycle_length=0 is no number of epochs; give a number above 0\n  - cycle_mult=0 is no factor"),
    ],
)
def test_cycles_that_are_none_are_told_in_the_callers_words(cycles: int, length: float, mult: int, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        learner(rows(8), epochs=1).fit_sgdr(1e-3, cycles=cycles, cycle_length=length, cycle_mult=mult)


def test_the_best_weights_of_all_rounds_are_kept(tmp_path: Path) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), epochs=6, lr=3e-3)
    made.fit()
    best = weights(made)
    loss = made.rounds[0].progress.best_loss
    made.fit(epochs=1, lr=0.5)  # a rate that ruins it
    assert made.rounds[1].progress.best_loss == loss
    assert all(torch.equal(value, best[name]) for name, value in weights(made).items())
    manifest = made.save(tmp_path / "out", calibrated=False)
    assert manifest.training["best_update"] == made.rounds[0].progress.best_update
    assert manifest.metrics["loss"] == pytest.approx(loss, abs=1e-5)


def test_the_log_and_the_record_tell_of_every_round(tmp_path: Path) -> None:
    made = learner(rows(8), rows(40).take(range(30, 40)), epochs=1, keep="last")
    made.fit()
    made.fit(epochs=2, lr=5e-4)
    manifest = made.save(tmp_path / "out", calibrated=False)
    told = manifest.training
    assert (told["updates"], told["texts"]) == (6, 24)
    assert [(one["epochs"], one["lr"], one["updates"]) for one in told["rounds"]] == [(1, 1e-3, 2), (2, 5e-4, 4)]
    log = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    steps = [(entry["round"], entry["update"], entry["epoch"]) for entry in log if "loss" in entry]
    assert steps == [(1, 1, 1), (1, 2, 1), (2, 3, 2), (2, 4, 2), (2, 5, 3), (2, 6, 3)]


def test_a_single_round_is_recorded_as_ever(tmp_path: Path) -> None:
    made = learner(rows(8), epochs=1)
    made.fit()
    manifest = made.save(tmp_path / "out")
    assert "rounds" not in manifest.training
    assert "round" not in (tmp_path / "out" / "metrics.jsonl").read_text()


def test_nothing_that_is_given_is_changed() -> None:
    fit, settings, told = FitSettings(epochs=1, batch_size=4, precision="float32"), {"lr": None}, [lambda entry: None]
    made = Learner(rows(8), model="small", fit=fit, settings=settings, listeners=told)
    made.fit()
    made.fit(epochs=2)
    assert (fit.epochs, settings, len(told)) == (1, {"lr": None}, 1)  # ktrain's fit changed its caller's callbacks


def test_listeners_hear_what_the_log_will_hold() -> None:
    heard: list[Any] = []
    made = Learner(
        rows(8),
        rows(40).take(range(30, 40)),
        model="small",
        fit=FitSettings(epochs=2, batch_size=4, precision="float32", validations=2),
        listeners=[heard.append],
    )
    made.fit()
    assert made.progress is not None
    assert heard == made.progress.log


# validation in the middle of an epoch, an end after some updates


def test_validation_may_come_several_times_an_epoch() -> None:
    made = learner(rows(40).take(range(20)), rows(40).take(range(30, 40)), epochs=2, validations=3)
    made.fit()
    assert made.progress is not None
    found = [entry["update"] for entry in made.progress.log if "valid" in entry]
    assert found == [1, 3, 5, 6, 8, 10]  # of 5 updates an epoch: after 1, 3 and all of them


def test_patience_counts_epochs_however_often_is_validated() -> None:
    valid = flipped(rows(40).take(range(30, 40)))
    made = learner(rows(30), valid, epochs=20, lr=3e-3, validations=4, patience=1)
    made.fit()
    assert made.progress is not None
    found = {entry["update"]: entry["valid"]["loss"] for entry in made.progress.log if "valid" in entry}
    losses = list(found.values())
    assert made.progress.stale == 4
    assert losses.index(min(losses)) == len(losses) - 5
    assert made.progress.log[-1]["train_loss"] > 0


def test_the_best_weights_may_lie_within_an_epoch() -> None:
    valid = flipped(rows(40).take(range(30, 40)))
    made = learner(rows(30), valid, epochs=3, lr=3e-3, validations=8)
    made.fit()
    assert made.progress is not None
    assert made.progress.best_update % 8 != 0
    assert made.validate()["loss"] == pytest.approx(made.progress.best_loss, abs=1e-6)


def test_a_training_may_end_after_some_updates() -> None:
    made = learner(rows(20), epochs=3, max_updates=7)
    assert made.n_updates() == 7
    made.fit()
    assert made.progress is not None
    assert made.progress.update == 7
    rates = [entry["lr"] for entry in entries(made, 0)]
    assert rates[-1] == pytest.approx(min(rates))  # the schedule spans these 7
    assert sum("train_loss" in entry for entry in made.progress.log) == 2


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("linear", [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
        ("constant", [1, 1, 1, 1, 1, 1]),
        ("plateau", [1, 1, 1, 1, 1, 1]),
        # cycles of two epochs of 5 updates, of which 6 are made
        ("triangular", [0.1, 0.28, 0.46, 0.64, 0.82, 1]),
        ("triangular2", [0.1, 0.28, 0.46, 0.64, 0.82, 1]),
        ("sgdr", [(1 + math.cos(math.pi * n / 10)) / 2 for n in range(6)]),
    ],
)
def test_a_schedule_spans_the_updates_that_are_made_and_a_cycle_keeps_its_length(
    schedule: Any, factors: list[float]
) -> None:
    made = learner(rows(20), epochs=4, lr=1e-3, max_updates=6, schedule=schedule, cycle_length=2.0, warmup=0.0)
    made.fit()
    assert [entry["lr"] for entry in entries(made, 0)] == pytest.approx([1e-3 * factor for factor in factors])


def test_a_training_ends_when_the_time_is_up_and_keeps_what_is_best() -> None:
    made = learner(rows(20), rows(40).take(range(30, 40)), epochs=3)

    calls = itertools.count()
    made.limit = Limit(10.0, 4.0, clock=lambda: float(next(calls)))  # asked once or twice an update
    made.fit()
    assert made.progress is not None
    assert 1 <= made.progress.update <= 3
    assert made.progress.log[-1]["update"] == made.progress.update
