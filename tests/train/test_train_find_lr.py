"""The search for a rate: what it finds, what it says it cannot know, and that it leaves no trace."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from limbeck.data import Dataset
from limbeck.errors import Interrupted, SettingsError
from limbeck.losses import get_loss
from limbeck.text import Input
from limbeck.train import pilots, suggest
from limbeck.train.find_lr import _ceiling
from limbeck.train.found import FinderSettings, FoundRate
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from limbeck.train.step import MicroBatch, Step, StepResult, supervised
from limbeck.train.suggest import evidence
from support.encoders import folder
from support.train_data import learner, numbers, rows

QUICK = FinderSettings(lr_min=1e-5, lr_steps=4, pilots=3, pilot_updates=4)
WORDS = {
    "broken": ("awful", "poor", "dreadful"),
    "fine": ("lovely", "great", "superb"),
    "late": ("cold", "boring", "near"),
    "tea": ("warm", "river", "office"),
}


def learnable(n: int = 160) -> Dataset:
    """Four classes that are told apart by their words, among words that say nothing."""
    chance = random.Random(4)
    names = [list(WORDS)[k % 4] for k in range(n)]
    texts: list[Input] = [
        " ".join(chance.sample(["the", "film", "was", "of", "that", "room", chance.choice(WORDS[name])], 7)) + f" {k}"
        for k, name in enumerate(names)
    ]
    return Dataset(texts, names, "classify", tuple(WORDS), "learnable")


def noise(n: int) -> Dataset:
    data = learnable(n)
    labels = [random.Random(k).choice(data.classes) for k in range(n)]
    return Dataset(data.inputs, labels, "classify", data.classes, "noise")


def trace(made: Learner) -> str:
    """A hash of all that a search might change."""
    module = made.model.module
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    digest.update(str([part.training for part in module.modules()]).encode())
    digest.update(str([(part.requires_grad, part.grad) for part in module.parameters()]).encode())
    digest.update(torch.get_rng_state().numpy().tobytes() + np.random.get_state(legacy=False)["state"]["key"].tobytes())
    digest.update(repr(random.getstate()).encode())
    return digest.hexdigest()


def every(n_step: int, act: Any) -> Step:
    """The ordinary step; ``act(result)`` is what the ``n_step``-th call and those after it give."""
    honest, seen = supervised(get_loss("classify")), 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        result = honest(model, micro)
        return result if seen < n_step else act(result)

    return step


def with_step(step: Step, data: Dataset, valid: Dataset | None = None, **fit: Any) -> Learner:
    settings = FitSettings(**{"batch_size": 4, "epochs": 2, "precision": "float32", **fit})
    return Learner(data, valid, model=str(folder("bert")), fit=settings, step=step)


def numbers_of(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers_of(part)
    elif isinstance(value, float):
        yield value


# what it finds


@pytest.fixture(scope="module")
def found() -> tuple[Learner, FoundRate]:
    """Rows that can be learnt, a range test far beyond what can be trained, and the pilots of such a training."""
    settings = FitSettings(epochs=3, precision="float32", seed=1)
    made = Learner(learnable(), model=str(folder("bert")), fit=settings)
    before = trace(made)
    result = made.find_lr(FinderSettings(lr_min=1e-7, lr_max=1e4))
    assert trace(made) == before
    return made, result


def test_it_stops_by_itself_and_names_finite_numbers_alone(found: tuple[Learner, FoundRate]) -> None:
    _, result = found
    assert result.curve.ended.startswith(("the loss stayed above 4 times its best", "the loss was no"))
    assert result.curve.rates[-1] < 1e4
    assert len(result.curve.rates) == len(result.curve.losses) <= FinderSettings(lr_max=1e4).n_steps
    record = result.to_json()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert all(math.isfinite(value) for value in numbers_of(record))
    assert not [line for line in result.lines() if "nan" in line.split() or "inf" in line.split()]
    assert result.lines()[-1].startswith("suggested lr: ")


def test_the_suggestion_is_far_below_the_divergence(found: tuple[Learner, FoundRate]) -> None:
    _, result = found
    assert result.curve.diverged_at is not None
    assert result.suggestion <= result.curve.diverged_at / 3
    curve = result.curve.smoothed
    passed = [rate for rate, loss in zip(result.curve.rates, curve, strict=True) if loss > 4 * min(curve)]
    assert result.suggestion <= min(passed, default=1e4) / 3
    assert not result.is_default


def test_a_training_at_the_suggestion_learns(found: tuple[Learner, FoundRate]) -> None:
    _, result = found
    fit = FitSettings(epochs=20, batch_size=8, lr=result.suggestion, precision="float32", seed=1)
    made = Learner(learnable(), model=str(folder("bert")), fit=fit)
    made.fit()
    assert made.evaluate(made.train).metrics["accuracy"] >= 0.95


def test_the_search_is_told_of(found: tuple[Learner, FoundRate]) -> None:
    made, result = found
    assert made.found_lr is result
    assert 3 <= len(result.pilots) <= 7
    assert result.updates == made.n_updates() < result.pilot_updates
    assert any(note.startswith(f"this training has {result.updates} updates; pilots had") for note in result.notes)


# that it leaves no trace


@pytest.mark.parametrize("mode", [True, False])
def test_weights_and_random_states_are_put_back(mode: bool) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)), dropout=True)
    made.model.module.train(mode)
    for part in made.model.module.parameters():
        part.grad = None
    before = trace(made)
    made.find_lr(QUICK)
    assert trace(made) == before


def test_a_training_after_it_is_the_training_without_it() -> None:
    plain, searched = (learner(rows(20), dropout=True, output_layer="frozen") for _ in range(2))
    searched.find_lr(QUICK)
    plain.fit()
    searched.fit()
    assert plain.progress is not None and searched.progress is not None
    assert plain.progress.log == searched.progress.log
    expected = plain.model.module.state_dict()
    for name, value in searched.model.module.state_dict().items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("at_step", [5, 40])
def test_an_interrupted_search_leaves_none_either(at_step: int) -> None:
    calls: list[int] = []

    def act(result: StepResult) -> StepResult:
        if not calls:
            os.kill(os.getpid(), signal.SIGINT)
        calls.append(1)
        return result

    made = with_step(every(at_step, act), rows(24))
    before = trace(made)
    with pytest.raises(Interrupted, match="stopped while looking for a learning rate; the model is as it was"):
        made.find_lr(FinderSettings(lr_min=1e-5, lr_max=0.1, lr_steps=4, pilots=7, pilot_updates=12))
    assert trace(made) == before
    assert made.found_lr is None


# what it cannot know


def test_a_loss_that_is_no_number_ends_the_range_test_and_a_pilot() -> None:
    made = with_step(every(9, lambda result: StepResult(result.losses * math.nan, result.logits)), rows(24))
    result = made.find_lr(QUICK)
    assert result.curve.ended == "the loss was no number any more"
    assert len(result.curve.losses) == 8
    assert result.suggestion <= result.curve.rates[-1] / 3
    assert [trial.loss for trial in result.pilots] == [None] * 3
    assert "every pilot diverged" in result.notes
    assert result.is_default
    assert all(math.isfinite(value) for value in numbers_of(result.to_json()))


def test_a_loss_that_never_was_a_number_has_no_curve() -> None:
    made = with_step(every(1, lambda result: StepResult(result.losses * math.nan, result.logits)), rows(24))
    result = made.find_lr(QUICK)
    assert result.curve.rates == ()
    assert any("no number from the beginning" in note for note in result.notes)
    assert (result.is_default, result.suggestion) == (True, 5e-5)
    assert result.lines()[-1] == "suggested lr: 5e-05"
    json.dumps(result.to_json(), allow_nan=False)


def test_labels_that_mean_nothing_have_no_rate() -> None:
    made = Learner(noise(60), model=str(folder("bert")), fit=FitSettings(batch_size=8, precision="float32"))
    result = made.find_lr(FinderSettings(lr_min=1e-5, pilots=3, pilot_updates=12))
    assert (result.is_default, result.suggestion) == (True, 5e-5)
    assert any("the labels may have nothing to do with the texts" in note for note in result.notes)
    assert any(note.startswith("the suggestion is the default of this kind of model, 5e-05") for note in result.notes)


def test_a_curve_that_never_falls_is_told() -> None:
    made = learner(rows(24))
    result = made.find_lr(FinderSettings(lr_min=1e-9, lr_max=1e-8, lr_steps=10, pilots=0))
    assert result.curve.ended == "the highest rate was tried"
    assert "the loss fell at no rate from 1e-09 to 1e-08: the range test says nothing" in result.notes
    assert "the loss never stayed above 4 times its best: how high a rate may be is not known" in result.notes
    assert result.is_default and result.pilots == () and result.pilot_updates == 0


def test_one_batch_is_told() -> None:
    result = learner(rows(8), batch_size=8).find_lr(QUICK)
    assert any(note.startswith("all rows fit in one optimiser step") for note in result.notes)
    assert not any(note.startswith("all rows fit") for note in learner(rows(8)).find_lr(QUICK).notes)


@pytest.mark.parametrize("n_rows", [2, 3])
def test_a_handful_of_rows_gets_the_default(n_rows: int) -> None:
    result = learner(rows(n_rows)).find_lr(QUICK)
    assert (result.is_default, result.suggestion <= 5e-5) == (True, True)
    told = "too few rows to hold one back" if n_rows == 2 else "the rows are too few"
    assert any(told in note for note in result.notes)


def test_without_pilots_it_warns_of_the_range_test() -> None:
    result = learner(rows(24)).find_lr(FinderSettings(lr_min=1e-5, pilots=0))
    assert any(note.startswith("without pilots: ") for note in result.notes)
    middle = suggest.middle(list(result.curve.readings.values()))
    if middle is not None:
        assert result.suggestion == pytest.approx(min(middle, _ceiling(result.curve, result.default)), rel=0.1)


def test_a_family_that_fits_itself_has_no_rate() -> None:
    made = Learner(rows(8), model=f"frozen:{folder('bert')}")
    with pytest.raises(SettingsError, match="is fitted in one go and has no learning rate"):
        made.find_lr()


def test_numbers_are_judged_by_their_squared_errors() -> None:
    result = learner(numbers(40), batch_size=8).find_lr(FinderSettings(lr_min=1e-5, pilots=3, pilot_updates=20))
    assert all(trial.loss is None or 0 <= trial.loss < 10 for trial in result.pilots)  # of standardised numbers
    assert result.suggestion > 0
    assert evidence(8, 1.0, 1.0, squared=True) == 0


# settings


def test_problems_of_settings_are_named_together() -> None:
    with pytest.raises(SettingsError) as caught:
        FinderSettings(lr_min=2.0, lr_max=math.inf, lr_steps=1, pilots=2, pilot_updates=0)
    assert str(caught.value) == (
        "5 problems:\n"
        "  - --lr-min 2.0 is no rate to begin with; give one between 0 and 1, such as 1e-7\n"
        "  - --lr-max inf is not above --lr-min 2.0 and up to 1e6; give 10, say\n"
        "  - --lr-steps 1 is not from 3 to 1000; give 12, say\n"
        "  - --pilots 2 cannot bracket a rate; give 3 or more (7, say), or 0 for the range test alone\n"
        "  - --pilot-updates 0 is too small; give 1 or more"
    )
    assert FinderSettings().n_steps == 97
    assert FinderSettings(lr_max=1e4).n_steps == 133


def test_the_whole_training_reaches_what_the_best_beginning_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pilots, "FEWEST_JUDGES", 10)
    data = learnable()
    split = 3 * len(data) // 4
    made = learner(data.take(range(split)), data.take(range(split, len(data))), epochs=20, batch_size=4)
    result = made.find_lr(FinderSettings(lr_min=1e-5, lr_steps=4, pilots=5, pilot_updates=300))
    assert not result.is_default, result.notes
    best = min((trial for trial in result.pilots if trial.loss is not None), key=lambda trial: trial.loss or 0.0)
    assert result.suggestion == best.rate == float(f"{best.rate:.1e}")
    assert f"pilots were the first 300 of the {result.updates} updates" in " ".join(result.notes)
    made.fit_settings = replace(made.fit_settings, lr=result.suggestion)
    progress = made.fit()
    assert best.loss is not None and progress.best_loss is not None
    assert progress.best_loss <= best.loss + 1e-6
