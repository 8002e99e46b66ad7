"""What fits into a time, and that it is kept."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from limbeck.errors import Interrupted, SettingsError
from limbeck.losses import get_loss
from limbeck.train.cost import Cost
from limbeck.train.learner import Learner
from limbeck.train.limit import NO_LIMIT, Limit
from limbeck.train.loss_settings import LossSettings
from limbeck.train.settings import FitSettings
from limbeck.train.step import MicroBatch, StepResult, supervised
from limbeck.train.within import choose, fit_within, reserve
from support.encoders import folder
from support.train_data import Lines, learner, rows


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def limit(self, text: str) -> Limit:
        return Limit.of(text, clock=self)


def cost(a_pass: float = 10.0, updates: int = 30) -> Cost:
    """Three epochs of 3.6 passes each."""
    return Cost(updates, updates // 3, seconds=3 * 3.6 * a_pass, pass_seconds=a_pass, size_bytes=0)


def twenty() -> Learner:
    return learner(rows(40).take(range(20)), rows(40).take(range(30, 40)), epochs=3)


# an epoch of 36 s, and 5 s for the ten validation rows, stretched by a quarter: 51 s


@pytest.mark.parametrize(
    ("time", "epochs", "max_updates", "says"),
    [
        ("1000s", 3, None, "all 3 epochs, for an epoch takes about 51.2 s, and 1e+03 s are left"),
        ("160s", 3, None, "all 3 epochs"),
        ("110s", 2, None, "2 of 3 epochs"),
        ("60s", 1, None, "1 of 3 epochs"),
        ("30s", 1, 5, "59% of an epoch, 5 updates"),
    ],
)
def test_what_fits_by_the_speed(time: str, epochs: int, max_updates: int | None, says: str) -> None:
    plan = choose(twenty(), cost(), Clock().limit(time))
    assert (plan.fit.epochs, plan.fit.max_updates, plan.is_frozen) == (epochs, max_updates, False)
    assert plan.why.startswith(says)


@pytest.mark.parametrize(
    ("time", "epochs", "max_updates", "says"),
    [
        ("130s", 3, 25, "all 25 updates, for an epoch takes about 51.2 s, and 130 s are left"),
        ("125s", 2, 25, "2 of 3 epochs"),
        ("13s", 3, 2, "all 2 updates"),
    ],
)
def test_no_more_updates_than_were_asked_for(time: str, epochs: int, max_updates: int, says: str) -> None:
    made = learner(rows(40).take(range(20)), rows(40).take(range(30, 40)), epochs=3, max_updates=max_updates)
    plan = choose(made, replace(cost(), updates=max_updates, seconds=3.6 * max_updates), Clock().limit(time))
    assert (plan.fit.epochs, plan.fit.max_updates) == (epochs, max_updates)
    assert plan.why.startswith(says)


def test_the_least_time_is_that_of_the_updates_asked_for() -> None:
    made = Learner(rows(20), model="small", fit=FitSettings(epochs=3, lr=1e-3, max_updates=1))
    with pytest.raises(SettingsError, match=r"the least that makes sense 4\.5 s more"):
        choose(made, replace(cost(), updates=1, seconds=3.6), Clock().limit("1s"))


def test_where_no_part_of_an_epoch_fits_the_encoder_stays_as_it_is() -> None:
    plan = choose(twenty(), cost(a_pass=100.0), Clock().limit("510s"))
    assert plan.fit.epochs == 1
    plan = choose(twenty(), replace(cost(a_pass=100.0), seconds=30_000.0), Clock().limit("510s"))
    assert plan.is_frozen
    assert plan.why == "the encoder as it is under a fitted layer, in about 500 s"


def test_what_fits_nothing_is_refused_with_a_time_that_would_do() -> None:
    with pytest.raises(SettingsError, match=r"--within 10s is too short: .*; give (\d+)s or more") as raised:
        choose(twenty(), cost(), Clock().limit("10s"))
    enough = str(raised.value).split("give ")[1].split("s or")[0]
    assert choose(twenty(), cost(), Clock().limit(f"{enough}s")).fit.max_updates == 3


@pytest.mark.parametrize("loss", [LossSettings(), LossSettings(class_weights="balanced")])
def test_a_layer_that_cannot_be_fitted_is_no_way_out(loss: LossSettings) -> None:
    source = "small" if loss == LossSettings() else str(folder("bert"))
    made = Learner(rows(20), model=source, fit=FitSettings(epochs=3, lr=1e-3), loss=loss)
    with pytest.raises(SettingsError, match="--within 12s is too short"):
        choose(made, replace(cost(), seconds=3000.0), Clock().limit("12s"))


def test_time_is_kept_for_the_end() -> None:
    made = twenty()
    kept = reserve(made, cost(), 1000.0)
    assert kept == pytest.approx(1.25 * (4 * 5 + 108 / 30) + 50)
    assert reserve(made, cost(), 10.0) == pytest.approx(1.25 * (4 * 5 + 108 / 30) + 4)


# training against the clock


def slow(clock: Clock, seconds: float) -> Any:
    """The ordinary step, which takes so long."""
    honest = supervised(get_loss("classify"))

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        clock.now += seconds
        return honest(model, micro)

    return step


def test_a_speed_that_was_wrong_ends_the_training_in_time(tmp_path: Path) -> None:
    made, clock = twenty(), Clock()
    lines = Lines()
    made._step, made.reporter = slow(clock, 20.0), lines  # many times as long as was measured
    fit_within(made, clock.limit("150s"), cost=cost(a_pass=1.0, updates=15))
    assert made.progress is not None
    assert 1 <= made.progress.update < 15
    assert clock.now == 120  # one more would end at 140, and 11 s are kept
    assert made.progress.best_loss == min(entry["valid"]["loss"] for entry in made.progress.log if "valid" in entry)
    assert made.progress.log[-1]["update"] == made.progress.update
    assert lines.told[0].startswith("within 150 s: all 3 epochs")
    manifest = made.save(tmp_path / "out")
    assert manifest.training["chosen"]["how"] == "within a time"
    assert math.isfinite(manifest.metrics["loss"])


def test_what_is_prepared_before_the_first_update_is_no_update(monkeypatch: pytest.MonkeyPatch) -> None:
    made, clock = learner(rows(40).take(range(20)), epochs=3, output_layer="frozen"), Clock()

    def start(_: Learner) -> None:
        clock.now += 60.0

    monkeypatch.setattr("limbeck.train.rounds.start_output_layer", start)
    made._step = slow(clock, 20.0)
    fit_within(made, clock.limit("150s"), cost=cost(a_pass=1.0, updates=15))
    # until 60 the layer, then updates of 20 s: the fourth ends at 140, and of 150 s 8.4 are kept
    assert made.progress is not None and made.progress.update == 4 and clock.now == 140


def test_the_frozen_encoder_is_saved_as_what_it_is(tmp_path: Path) -> None:
    made = twenty()
    fit_within(made, Clock().limit("60s"), cost=replace(cost(1.0, 30_000), seconds=30_000.0))
    assert made.source.startswith("frozen:")
    manifest = made.save(tmp_path / "out")
    assert (manifest.model["family"], manifest.settings["epochs"]) == ("frozen", None)
    assert math.isfinite(manifest.metrics["loss"])


def test_a_resume_keeps_what_was_chosen(tmp_path: Path) -> None:
    made, clock = twenty(), Clock()
    honest, seen = supervised(get_loss("classify")), 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        if seen == 7:
            raise Interrupted("stop")
        return honest(model, micro)

    made._step = step
    with pytest.raises(Interrupted):
        fit_within(made, clock.limit("85s"), tmp_path, cost=cost(a_pass=5.0))
    again = twenty()
    fit_within(again, Clock().limit("1h"), tmp_path, resume=True, cost=cost(a_pass=5.0))
    assert again.chosen["why"] == "as it was chosen before the stop"
    assert again.progress is not None
    assert again.progress.update == 10  # two epochs of five


def test_measured_where_no_cost_is_given() -> None:
    made = twenty()
    made.fit_within("1h")
    assert made.progress is not None
    assert made.progress.update == 15
    assert made.limit is NO_LIMIT  # a later fit has all the time
