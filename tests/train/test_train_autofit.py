"""No rate and no epochs: what is chosen, why, and that the best weights are kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.data import Dataset
from limbeck.errors import SettingsError
from limbeck.inspect.calibrate import temperature
from limbeck.metrics import cross_entropy, softmax
from limbeck.models._average import added_weights, averaged
from limbeck.models.transformer import TransformerModel
from limbeck.text import TextSettings
from limbeck.train import few
from limbeck.train.autofit import MOST_ROUNDS, autofit, first_fit
from limbeck.train.few import Judged, compare
from limbeck.train.learner import Learner
from limbeck.train.limit import NO_LIMIT, Limit
from limbeck.train.loss_settings import LossSettings
from limbeck.train.settings import FitSettings
from support.encoders import folder
from support.train_data import Lines, numbers, rows


def made(train: Dataset, valid: Dataset | None = None, **fit: Any) -> Learner:
    """A tiny encoder whose settings name neither rate nor epochs."""
    settings = FitSettings(batch_size=4, precision="float32", **fit)
    text = TextSettings(max_length=32)
    return Learner(train, valid, model=str(folder("bert")), text=text, fit=settings, reporter=Lines())


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


# a handful of rows


def test_the_comparison_by_hand() -> None:
    # differences 0.5, 0.1, 0.3: mean 0.3, deviation 0.2
    losses, error = compare(np.array([1.0, 0.6, 0.8]), np.array([0.5, 0.5, 0.5]))
    assert losses == pytest.approx((0.8, 0.5))
    assert error == pytest.approx(0.2 / 3**0.5)


@pytest.mark.parametrize(
    ("losses", "right", "error", "takes"),
    [
        ((0.5, 0.3), (0.8, 0.9), 0.1, True),
        ((0.5, 0.3), None, 0.1, True),
        ((0.5, 0.45), (0.8, 0.9), 0.1, False),  # chance would have it so
        ((0.5, 0.3), (0.8, 0.7), 0.1, False),  # a lower loss, and more errors
        ((0.3, 0.5), (0.8, 0.9), 0.1, False),
    ],
)
def test_fine_tuning_must_be_surely_better(
    losses: tuple[float, float], right: tuple[float, float] | None, error: float, takes: bool
) -> None:
    assert Judged(10, losses, right, error, 1.0).takes_tuned is takes


def test_many_rows_are_judged_at_the_temperature_that_they_tell() -> None:
    random = np.random.default_rng(3)
    honest = random.normal(size=(120, 2))
    targets = (random.random(120) < softmax(honest)[:, 1]).astype(np.int64)
    said, tuned = np.zeros((120, 2)), 4 * honest  # four times too sure
    judged = few._judged(made(rows(8)), said, tuned, targets)
    assert judged.temperature == temperature(tuned, targets) > 2
    expected = math.log(2), cross_entropy(tuned / judged.temperature, targets).mean()
    assert judged.losses == pytest.approx(expected) and judged.rows == 120
    assert judged.right == ((targets == 0).mean(), (tuned.argmax(axis=1) == targets).mean())
    some = few._judged(made(rows(8)), said[:40], tuned[:40], targets[:40])
    assert some.temperature == 1.0 and some.losses[1] == pytest.approx(cross_entropy(tuned[:40], targets[:40]).mean())


def test_what_is_fine_tuned_on_all_rows_is_cooled_by_the_temperature_of_the_folds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = []
    for heat in (1.0, 4.0):
        judged = Judged(60, (0.5, 0.3), (0.8, 0.9), 0.1, heat)
        monkeypatch.setattr(few, "_judge", lambda *_, judged=judged: judged)
        one = made(rows(16), epochs=1)
        autofit(one)
        said.append(one.forward(np.arange(16)))
    np.testing.assert_allclose(said[0], 4 * said[1], rtol=1e-4)


def test_where_the_folds_cannot_tell_the_frozen_encoder_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judged, "takes_tuned", False)
    one, plain = (
        made(rows(16)),
        Learner(
            rows(16),
            model=f"frozen:{folder('bert')}",
            text=TextSettings(max_length=32),
            fit=FitSettings(precision="float32"),
        ),
    )
    autofit(one)
    plain.fit()
    every = np.arange(16)
    np.testing.assert_array_equal(one.forward(every), plain.forward(every))  # the very weights of --model frozen
    assert one.chosen["how"] == "frozen encoder"
    assert one.chosen["cross_validated"]["rows"] == 16


@pytest.mark.parametrize("kind", [rows, numbers])
def test_where_it_is_surely_better_it_is_fine_tuned_on_all_rows(
    kind: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Judged, "takes_tuned", True)
    one = made(kind(16), epochs=2)
    before = {name: value.clone() for name, value in one.model.module.state_dict().items()}
    autofit(one)
    assert one.chosen["how"] == "fine-tuned from the frozen encoder"
    assert one.progress is not None
    assert (one.progress.update, one.progress.texts) == (8, 32)
    name = "inner.bert.encoder.layer.0.output.dense.weight"
    assert not torch.equal(one.model.module.state_dict()[name], before[name])
    manifest = one.save(tmp_path / "out")
    assert manifest.training["chosen"]["cross_validated"]["rows"] == 16


def test_the_average_stays_one_while_it_is_fine_tuned() -> None:
    one = made(rows(16), epochs=1)
    assert isinstance(one.model, TransformerModel)
    twin = averaged(one.model)
    assert twin is not None
    before = {name: value.clone() for name, value in twin.state_dict().items()}
    few._tune(one, twin, few.tuning(one, 16), np.arange(16))
    held = added_weights(twin)
    moved = {name for name, value in twin.state_dict().items() if not torch.equal(value, before[name])}
    assert held and not held & moved
    assert {"inner.classifier.weight", "inner.bert.encoder.layer.1.output.dense.weight"} <= moved


def test_trying_leaves_no_trace_in_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judged, "takes_tuned", False)
    one = made(rows(16))
    before = {name: value.clone() for name, value in one.model.module.state_dict().items()}
    autofit(one)
    after = one.model.module.state_dict()
    encoder = [name for name in before if ".encoder.layer.0." in name or ".embeddings." in name]
    assert encoder and all(torch.equal(before[name], after[name]) for name in encoder)


def test_a_fit_after_one_in_a_given_time_has_all_the_time() -> None:
    one = made(rows(8), epochs=1)
    one.autofit(within="1h")
    assert one.limit is NO_LIMIT


def test_weighted_classes_are_no_case_for_the_frozen_layer() -> None:
    assert few.needs_all(100, source="org/name", task="classify", loss=LossSettings())
    assert not few.needs_all(100, source="org/name", task="classify", loss=LossSettings(focal=2))
    assert not few.needs_all(1001, source="org/name", task="classify", loss=LossSettings())
    assert not few.needs_all(100, source="small", task="classify", loss=LossSettings())


def test_the_updates_aimed_at() -> None:
    one = made(rows(40))
    assert few.tuning(one, 40).epochs == 10
    assert few.tuning(made(rows(40), epochs=3), 40).epochs == 3
    assert few.tuning(one, 40).layer_decay == 0.9


def test_labels_that_nothing_tells_apart_stay_with_the_frozen_encoder() -> None:
    data = rows(16)
    one = made(Dataset(data.inputs, (["good", "bad", "bad", "good"] * 4), "classify", data.classes, "noise"), epochs=1)
    autofit(one)
    assert one.chosen["how"] == "frozen encoder"
