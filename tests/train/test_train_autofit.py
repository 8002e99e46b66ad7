"""No rate and no epochs: what is chosen, why, and that the best weights are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limbeck.data import Dataset
from limbeck.errors import SettingsError
from limbeck.text import TextSettings
from limbeck.train import few
from limbeck.train.autofit import MOST_ROUNDS, autofit, first_fit
from limbeck.train.checkpoint import Progress
from limbeck.train.learner import Learner
from limbeck.train.limit import Limit
from limbeck.train.rounds import fit_round
from limbeck.train.settings import FitSettings
from support.autofit import made
from support.encoders import folder
from support.train_data import Lines, numbers, rows


def held_back() -> Dataset:
    return rows(40).take(range(20, 40))


def no_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few, "frozen_loss", lambda learner: None)


# with validation rows


def test_the_first_fit_is_long_enough_and_validated_often() -> None:
    fit = first_fit(made(rows(40).take(range(20)), held_back()))
    assert (fit.epochs, fit.validations, fit.patience) == (20, 1, 1)  # 5 updates an epoch: 200 would be 40 epochs
    fit = first_fit(made(rows(40).take(range(20)), held_back(), epochs=2, validations=3, patience=4))
    assert (fit.epochs, fit.validations, fit.patience) == (2, 3, 4)


def test_the_last_weights_are_refused_before_anything_is_fitted() -> None:
    for one in (made(rows(40).take(range(20)), held_back(), keep="last"), made(rows(40), keep="last")):
        with pytest.raises(SettingsError, match="--keep last: --auto goes on from the best weights and keeps those"):
            one.autofit()
        assert not one.rounds


def test_a_round_goes_on_from_the_best_weights_that_it_tells_of(monkeypatch: pytest.MonkeyPatch) -> None:
    no_frozen(monkeypatch)
    one, began = made(rows(40).take(range(20)), held_back(), epochs=4), []

    def fit(learner: Learner, fit: FitSettings) -> Progress:
        began.append(learner.validate()["loss"])
        return fit_round(learner, fit)

    monkeypatch.setattr("limbeck.train.autofit.fit_round", fit)
    autofit(one, find_rate=lambda learner: 2e-2)  # too high: the last weights are not the best ones
    first = one.rounds[0].progress
    assert first.best_update is not None and first.best_update < first.update
    assert began[1] == pytest.approx(first.best_loss)
    assert isinstance(one.reporter, Lines)
    assert any(f"on from the best weights, validation loss {began[1]:.4f}" in line for line in one.reporter.told)


def test_rounds_go_on_while_they_help_and_the_best_weights_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    no_frozen(monkeypatch)
    one = made(rows(40).take(range(20)), held_back(), epochs=4, gradual=True)
    autofit(one, find_rate=lambda learner: 1e-3)
    assert 2 <= len(one.rounds) <= MOST_ROUNDS
    assert [entry.fit.lr for entry in one.rounds] == pytest.approx([1e-3 / 2**n for n in range(len(one.rounds))])
    assert [entry.fit.epochs for entry in one.rounds[1:]] == [1] * (len(one.rounds) - 1)
    assert [entry.fit.gradual for entry in one.rounds] == [True] + [False] * (len(one.rounds) - 1)  # all layers go on
    losses = [float(entry.progress.best_loss or 0) for entry in one.rounds]
    assert losses == sorted(losses, reverse=True)
    if len(one.rounds) < MOST_ROUNDS:
        assert losses[-1] > 0.995 * losses[-2]
    assert one.validate()["loss"] == pytest.approx(losses[-1], abs=1e-6)


def test_what_was_chosen_is_told_and_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_frozen(monkeypatch)
    one = made(rows(40).take(range(20)), held_back())
    autofit(one, find_rate=lambda learner: 2e-3)
    assert isinstance(one.reporter, Lines)
    assert one.reporter.told[0].startswith(
        "autofit: fits by validation loss: epochs 20, lr 0.002, validations 1 (lr 0.002 was"
    )
    told = one.save(tmp_path / "out").training
    assert told["chosen"]["lr"] == 2e-3
    assert len(told["rounds"]) == len(one.rounds)


def test_a_rate_that_is_given_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    no_frozen(monkeypatch)

    def refuse(learner: Learner) -> float:
        raise AssertionError

    one = made(rows(8), held_back(), lr=1e-4, epochs=1)
    autofit(one, find_rate=refuse)
    assert one.rounds[0].fit.lr == 1e-4


def test_the_finder_sees_the_fit_that_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    no_frozen(monkeypatch)
    seen: list[int | None] = []

    def find(learner: Learner) -> float:
        seen.append(learner.fit_settings.epochs)
        return 1e-4

    one = made(rows(8), held_back(), epochs=2)
    autofit(one, find_rate=find)
    assert seen == [2]
    assert one.fit_settings.epochs == 2


def test_a_frozen_encoder_with_the_lower_loss_is_taken(tmp_path: Path) -> None:
    one = made(rows(40).take(range(20)), held_back(), epochs=1, lr=1e-8)  # learns nothing
    autofit(one)
    assert one.chosen["how"] == "frozen encoder"
    assert one.chosen["fine_tuned_loss"] > one.validate()["loss"]
    manifest = one.save(tmp_path / "out", calibrated=False)
    assert manifest.metrics["loss"] == pytest.approx(one.validate()["loss"], abs=1e-4)


@pytest.mark.parametrize("kind", [rows, numbers])
def test_the_frozen_encoders_loss_is_in_the_unit_of_what_it_is_compared_with(kind: Any) -> None:
    one = made(kind(40).take(range(20)), kind(40).take(range(20, 40)))
    loss = few.frozen_loss(one)
    few.take_frozen(one)
    assert loss == pytest.approx(one.validate()["loss"], rel=1e-3)


def test_without_validation_rows_it_says_what_it_needs() -> None:
    text, fit = TextSettings(max_length=32), FitSettings(precision="float32")
    with pytest.raises(SettingsError, match="no validation rows for --auto to choose by"):
        autofit(Learner(rows(8), model="small", text=text, fit=fit))


def test_a_family_that_fits_itself_does_so() -> None:
    one = Learner(rows(20), model=f"frozen:{folder('bert')}", text=TextSettings(max_length=32))
    one.autofit()
    assert one.chosen["how"] == "in one go"


def test_little_time_leaves_the_finder_out(monkeypatch: pytest.MonkeyPatch) -> None:
    no_frozen(monkeypatch)

    def refuse(learner: Learner) -> float:
        raise AssertionError

    from limbeck.train.cost import Cost

    one = made(rows(40).take(range(20)), held_back())
    cost = Cost(updates=15, epoch_updates=5, seconds=30.0, pass_seconds=1.0, size_bytes=0)
    autofit(one, Limit.of("100s", clock=lambda: 0.0), cost=cost, find_rate=refuse)  # 20 epochs of 10 s would not fit
    assert one.chosen["how"] == "within a time"
