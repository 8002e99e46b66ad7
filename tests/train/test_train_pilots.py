"""Pilots: which rows they see, who judges them, and how long they are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from limbeck.plan import training_plan
from limbeck.tasks import make_task
from limbeck.train import pilots
from limbeck.train.found import FinderSettings
from limbeck.train.learner import Learner
from limbeck.train.limit import Limit
from limbeck.train.loss_settings import LossSettings
from limbeck.train.objective import make_objective
from limbeck.train.pilots import PilotPlan, chance_loss, expected_updates, plan_pilots, run_pilot
from limbeck.train.progress import Silent
from limbeck.train.untouched import untouched
from support.train_data import learner, numbers, rows

SHORT = FinderSettings(pilot_updates=4)


def planned(made: Learner, settings: FinderSettings) -> PilotPlan:
    plan = plan_pilots(made, settings)
    assert plan is not None
    return plan


def test_few_validation_rows_are_joined_by_rows_that_pilots_leave_out() -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), epochs=8)
    plan = planned(made, FinderSettings(pilot_updates=1000))
    assert len(plan.judges) == 10 + 30 // 5
    assert len(plan.rows) == len(set(plan.rows.tolist())) == 24
    job = made.job()
    held_back = sorted(set(range(30)) - set(plan.rows.tolist()))
    assert job.valid is not None
    assert plan.judges.targets.tolist() == [*job.valid.targets.tolist(), *job.train.targets[held_back].tolist()]


def test_enough_validation_rows_judge_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilots, "FEWEST_JUDGES", 8)
    monkeypatch.setattr(pilots, "MOST_JUDGES", 9)
    plan = planned(learner(rows(30), rows(40).take(range(30, 40))), FinderSettings(pilot_updates=1000))
    assert (len(plan.judges), len(plan.rows)) == (9, 30)
    fewer = planned(learner(rows(30), rows(40).take(range(30, 40))), FinderSettings(pilot_updates=1))
    assert (len(fewer.judges), fewer.updates) == (8, 1)  # 1.5 times the rows that are seen, and no fewer than 8
    last = learner(rows(30), rows(40).take(range(30, 40)), keep="last")
    fewer = planned(last, FinderSettings(pilot_updates=2))
    assert (len(fewer.judges), len(fewer.rows)) == (8, 4)


def test_judges_measure_as_validation_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilots, "FEWEST_JUDGES", 8)
    made = learner(rows(30), rows(40).take(range(30, 40)))
    expected = made.validate()["loss"]
    assert planned(made, SHORT).judges.loss()["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_pilot_is_the_training_made_small() -> None:
    made = learner(rows(40), epochs=6, batch_size=2)  # 20 updates an epoch
    plan = planned(made, FinderSettings(pilot_updates=30))
    assert (len(plan.rows), plan.updates, plan.fit.epochs) == (10, 30, 6)
    assert planned(made, FinderSettings(pilot_updates=30)).rows.tolist() == plan.rows.tolist()


def test_a_pilot_of_a_training_that_keeps_its_best_epoch_is_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilots, "FEWEST_JUDGES", 10)
    made = learner(rows(30), rows(40).take(range(30, 40)), epochs=4, batch_size=3)  # 10 updates an epoch
    plan = planned(made, FinderSettings(pilot_updates=20))
    assert (len(plan.rows), plan.updates, plan.whole) == (30, 20, (10, 10, 10, 10))
    with untouched(made.model.module):
        trial = run_pilot(made, plan, 0.002, Silent())
    made.fit_settings = replace(made.fit_settings, lr=0.002)
    progress = made.fit()
    losses = [entry["valid"]["loss"] for entry in progress.log if "valid" in entry]
    assert len(losses) == 4
    assert trial.loss == pytest.approx(min(losses[:2]), rel=1e-6)
    assert min(losses) <= trial.loss


@pytest.mark.parametrize(
    "unlike",
    [
        {"keep": "last"},
        {"schedule": "1cycle"},
        {"schedule": "sgdr"},
        {"epochs": 1},
        {"gradual": True},  # the first epochs would leave the layers out that the rate is for
        {"warmup": 0.3},  # 12 of 40 updates: 20 would hardly see the highest rate
        {"batch_size": 1},  # an epoch is longer than a pilot may be, which the user named
    ],
)
def test_other_pilots_are_the_training_made_small(unlike: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"epochs": 4, "batch_size": 3}
    valid = rows(40).take(range(30, 40))
    assert planned(learner(rows(30), valid, **usual), FinderSettings(pilot_updates=20)).whole
    assert planned(learner(rows(30), valid, **(usual | unlike)), FinderSettings(pilot_updates=20)).whole is None


class Counting(Silent):
    """Counts updates."""

    done = 0

    def update(self, done: int, loss: float) -> None:
        self.done += 1


@pytest.mark.parametrize("kind", [{}, {"schedule": "1cycle"}, {"keep": "last"}, {"epochs": 30, "batch_size": 8}])
@pytest.mark.parametrize("wanted", [None, 3, 25])
def test_a_search_takes_no_more_updates_than_were_told(kind: dict[str, Any], wanted: int | None) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), **({"epochs": 8, "batch_size": 3} | kind))
    settings = FinderSettings(pilot_updates=wanted, pilots=3, lr_steps=3)
    plan, counted = planned(made, settings), Counting()
    with untouched(made.model.module):
        run_pilot(made, plan, 1e-4, counted)
    assert plan.updates <= (wanted or math.inf)
    assert counted.done == plan.updates
    assert expected_updates(made, settings) == settings.n_steps + 3 * plan.updates


def test_a_guess_is_what_the_trainings_own_loss_is_least_at() -> None:
    task, seen, judged = make_task("classify", classes=["ham", "spam"]), np.repeat([0, 1], [89, 9]), np.array([0, 0, 1])

    def guess(**loss: Any) -> float:
        objective = make_objective(LossSettings(**loss), task, seen, source="small", own=False)
        return chance_loss(task, judged, objective)

    assert guess() == pytest.approx(-(2 * math.log(2 / 3) + math.log(1 / 3)) / 3)  # whatever was learnt from
    # of weights 2 x 1 and 1 x 9: shares 2/11 and 9/11
    expected = -(2 * math.log(2 / 11) + math.log(9 / 11)) / 3
    assert guess(class_weights="ham=1,spam=9") == pytest.approx(expected, rel=1e-4)
    shares = 0.8 * 2 / 3 + 0.1, 0.8 / 3 + 0.1
    expected = -(2 * math.log(shares[0]) + math.log(shares[1])) / 3
    assert guess(label_smoothing=0.2) == pytest.approx(expected, rel=1e-4)  # the least is searched for


def test_a_beginning_goes_on_to_the_end_of_an_epoch_that_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), epochs=3, batch_size=3)  # 10 updates an epoch
    for wanted, length in ((14, 20), (13, 10), (20, 20), (29, 30)):
        monkeypatch.setattr(pilots, "FEWEST_UPDATES", wanted)
        assert pilots._length(made, FinderSettings(), 30) == (length, True)
    assert planned(made, FinderSettings()).updates == 24  # six rows stay out, so that 16 can judge


@pytest.mark.parametrize("epochs", [2, 3, 8])
@pytest.mark.parametrize("an_epoch", [7, 160, 300, 700, 751])
def test_a_beginning_is_whole_epochs(epochs: int, an_epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), epochs=epochs, batch_size=3)
    monkeypatch.setattr(type(made.fit_settings), "steps", lambda *_: [np.zeros(3, np.int64)] * an_epoch)
    length, is_beginning = pilots._length(made, FinderSettings(), epochs * an_epoch)
    assert is_beginning is (epochs * an_epoch >= 100 and an_epoch <= 750)
    assert not is_beginning or (length % an_epoch == 0 and an_epoch <= length <= 750)


def test_a_training_too_short_to_tell_is_tried_for_longer() -> None:
    made = learner(rows(40), epochs=1, batch_size=8)
    plan = planned(made, FinderSettings())
    assert plan.updates >= pilots.FEWEST_UPDATES
    assert plan.fit.epochs == math.ceil(100 / 4)  # 32 rows are left to train on: 4 updates an epoch
    asked = planned(made, FinderSettings(pilot_updates=4))
    assert (asked.fit.epochs, asked.updates) == (1, 4)


def test_what_a_search_will_take_is_told_before() -> None:
    made = learner(rows(40), epochs=4, batch_size=2)
    settings = FinderSettings()
    assert expected_updates(made, settings) == 97 + 7 * 64  # of 40 rows 8 judge; the others in batches of 2, four times
    assert expected_updates(made, FinderSettings(pilots=3, pilot_updates=9)) == 97 + 3 * 9


@pytest.mark.parametrize(("keep", "pick"), [("best", min), ("last", lambda losses: losses[-1])])
def test_a_pilot_counts_as_what_the_training_keeps(keep: str, pick: Any) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), epochs=3, keep=keep)
    plan = planned(made, FinderSettings(pilot_updates=24))
    seen, honest = [], plan.judges.loss

    def loss() -> dict[str, float]:
        seen.append(honest()["loss"])
        return {"loss": seen[-1]}

    plan.judges.loss = loss  # type: ignore[method-assign]
    trial = run_pilot(made, plan, 0.01, Silent())
    assert (trial.rate, trial.loss) == (0.01, pick(seen))
    assert len(seen) == 3


def test_pilots_see_the_rows_of_their_plan_alone() -> None:
    made = learner(rows(40), epochs=1, batch_size=4)
    plan = planned(made, SHORT)
    seen: list[int] = []
    honest = made._step

    def step(model: Any, micro: Any) -> Any:
        seen.extend(micro.rows.tolist())
        return honest(model, micro)

    made._step = step
    run_pilot(made, plan, 1e-3, Silent())
    lengths = made.encoded.lengths[plan.rows]
    expected = np.concatenate(training_plan(lengths, made.fit_settings.step_budget, seed=0, epoch=0))
    assert seen == plan.rows[expected].tolist()


def test_a_guess_knows_the_shares_alone() -> None:
    task = learner(rows(8)).task
    plain = make_objective(LossSettings(), task, np.array([0, 1]), source="small", own=False)
    shares = -(3 * math.log(0.75) + math.log(0.25)) / 4
    assert chance_loss(task, np.array([0, 0, 0, 1]), plain) == pytest.approx(shares)
    assert chance_loss(task, np.array([1, 1]), plain) == pytest.approx(0, abs=2e-6)
    squares = learner(numbers(8)).task
    assert chance_loss(squares, np.array([2.0, 4.0]), plain) == pytest.approx(1.0)


@pytest.mark.parametrize("n_classes", [2, 6, 77])
def test_no_constant_answer_beats_the_guess(n_classes: int) -> None:
    task = make_task("classify", classes=[f"class {n:02}" for n in range(n_classes)])
    judged, draw = np.random.default_rng(0).integers(0, n_classes, 200), np.random.default_rng(1)
    plain = make_objective(LossSettings(), task, judged, source="small", own=False)
    chance = chance_loss(task, judged, plain)
    for spread in (0.0, 0.01, 0.3, 3.0):
        answer = np.tile(spread * draw.normal(size=n_classes), (len(judged), 1))
        assert float(task.loss(answer, judged).mean()) >= chance


def test_two_rows_have_no_judge() -> None:
    assert plan_pilots(learner(rows(2)), SHORT) is None
    assert len(planned(learner(rows(3)), SHORT).judges) == 1
    assert len(planned(learner(rows(2), rows(40).take(range(30, 40))), SHORT).judges) == 10


def test_a_search_is_in_no_log_and_no_limit_ends_it() -> None:
    told: list[Any] = []
    made = learner(rows(24), epochs=2, max_updates=7)
    made.listeners = (told.append,)
    made.limit = Limit(1e-9, 0.0)
    plan = planned(made, FinderSettings(pilot_updates=5))
    assert (plan.updates, plan.wanted, plan.fit.max_updates) == (5, 7, 5)
    result = made.find_lr(FinderSettings(lr_min=1e-6, lr_max=1e-4, lr_steps=5, pilots=3, pilot_updates=5))
    assert told == []
    assert len(result.curve.losses) == 11 and len(result.pilots) == 3
