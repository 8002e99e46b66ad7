"""A handful of labels: what folds decide, how what is fine-tuned is judged, and what is kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.data import Dataset
from limbeck.inspect.calibrate import temperature
from limbeck.metrics import cross_entropy, softmax
from limbeck.models import frozen
from limbeck.models._average import added_weights, averaged
from limbeck.models._features import features_of
from limbeck.models._linear_head import Layer, fit_at
from limbeck.models.transformer import TransformerModel
from limbeck.text import TextSettings
from limbeck.train import few, few_ways
from limbeck.train.autofit import autofit
from limbeck.train.few import Judged, compare
from limbeck.train.few_ways import WAYS, Trial, Way
from limbeck.train.learner import Learner
from limbeck.train.limit import NO_LIMIT
from limbeck.train.loss_settings import LossSettings
from limbeck.train.progress import Silent
from limbeck.train.settings import FitSettings
from support.autofit import made
from support.encoders import folder
from support.train_data import Lines, numbers, rows


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
    assert Judged(10, "tuned", losses, right, error, 1.0).takes_tuned is takes


def test_many_rows_are_judged_at_the_temperature_that_they_tell() -> None:
    random = np.random.default_rng(3)
    honest = random.normal(size=(120, 2))
    targets = (random.random(120) < softmax(honest)[:, 1]).astype(np.int64)
    said, tuned = np.zeros((120, 2)), 4 * honest  # four times too sure
    judged = few._judged(made(rows(8)), WAYS[0], said, tuned, targets)
    assert judged.temperature == temperature(tuned, targets) > 2
    expected = math.log(2), cross_entropy(tuned / judged.temperature, targets).mean()
    assert judged.losses == pytest.approx(expected) and judged.rows == 120
    assert judged.right == ((targets == 0).mean(), (tuned.argmax(axis=1) == targets).mean())


def test_few_rows_may_cool_what_is_too_sure_and_heat_nothing() -> None:
    random = np.random.default_rng(3)
    honest = random.normal(size=(40, 2))
    targets = (random.random(40) < softmax(honest)[:, 1]).astype(np.int64)
    one, said = made(rows(8)), np.zeros((40, 2))
    sure, modest = (few._judged(one, WAYS[0], said, factor * honest, targets) for factor in (4, 0.25))
    assert sure.temperature == temperature(4 * honest, targets) > 2
    assert sure.losses[1] == pytest.approx(cross_entropy(4 * honest / sure.temperature, targets).mean())
    assert modest.temperature == 1.0 and modest.losses[1] == pytest.approx(cross_entropy(honest / 4, targets).mean())


def test_so_few_rows_that_folds_can_hardly_tell_are_learnt_by_pairs_unless_these_are_surely_worse() -> None:
    targets, said = np.tile([0, 1], 10), np.zeros((20, 2))
    right = np.eye(2)[targets]
    one = made(rows(8))
    for tuned, takes in ((said, True), (right, True), (said + 0.1 * right, True)):
        assert few._judged(one, WAYS[1], said, tuned, targets).takes_tuned is takes
    assert not few._judged(one, WAYS[1], right, said, targets).takes_tuned  # the frozen encoder is right, pairs guess
    wrong, sure = 0.1 * right[::-1], 9 * right[::-1]  # all wrong, however sure: neither knows anything
    blind = few._judged(one, WAYS[1], wrong, sure, targets)
    assert blind.losses == pytest.approx((math.log(2), math.log(2))) and blind.takes_tuned
    assert not few._judged(one, WAYS[0], said, said, targets).takes_tuned
    for times, takes in ((10, True), (11, False)):  # 200 rows and 220, of which the difference is known well enough
        equal = np.zeros((20 * times, 2))
        judged = few._judged(one, WAYS[1], equal, equal, np.tile(targets, times))
        assert judged.takes_tuned is takes and judged.why.endswith("pairs help as a rule") is takes
    surely = few._judged(one, WAYS[1], np.zeros((60, 2)), np.tile(right, (3, 1)), np.tile(targets, 3))
    assert surely.takes_tuned and "cannot tell" not in surely.why
    assert few._ways(made(rows(40))) == [WAYS[1]] and few._ways(made(numbers(40))) == [WAYS[0]]


def test_what_is_fine_tuned_on_all_rows_is_cooled_by_the_temperature_of_the_folds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = []
    for heat in (1.0, 4.0):
        judged = Judged(60, "tuned", (0.5, 0.3), (0.8, 0.9), 0.1, heat)
        monkeypatch.setattr(few, "_judge", lambda *_, judged=judged: {WAYS[0]: judged})
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
    told = one.chosen["cross_validated"]
    assert {name: judged["rows"] for name, judged in told.items()} == {"fine-tuned by pairs of texts": 16}


def always(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one way taken."""
    monkeypatch.setattr(Judged, "takes_tuned", property(lambda judged: judged.how == how))


@pytest.mark.parametrize(("kind", "way"), [(rows, WAYS[0]), (rows, WAYS[1]), (numbers, WAYS[0])])
def test_where_it_is_surely_better_it_is_fine_tuned_on_all_rows(
    kind: Any, way: Way, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    always(way.how, monkeypatch)
    monkeypatch.setattr(few, "MIN_ROWS", 10)  # else 16 rows are learnt by pairs alone
    one = made(kind(16), epochs=2)
    before = {name: value.clone() for name, value in one.model.module.state_dict().items()}
    autofit(one)
    assert one.chosen["how"] == way.how
    assert one.progress is not None
    assert (one.progress.update, one.progress.texts) == (4 if way.pairs else 8, 32)
    name = "inner.bert.encoder.layer.0.output.dense.weight"
    assert not torch.equal(one.model.module.state_dict()[name], before[name])
    manifest = one.save(tmp_path / "out")
    judged = manifest.training["chosen"]["cross_validated"]
    assert judged[way.how]["rows"] == 16
    assert len(judged) == (2 if kind is rows else 1)  # pairs want classes


def test_of_two_ways_that_are_surely_better_the_better_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for losses in ((0.3, 0.2), (0.2, 0.3)):
        judged = {
            way: Judged(60, way.how, (0.5, loss), (0.8, 0.9), 0.1, 1.0) for way, loss in zip(WAYS, losses, strict=True)
        }
        monkeypatch.setattr(few, "_judge", lambda *_, judged=judged: judged)
        one = made(rows(16), epochs=1)
        autofit(one)
        assert one.chosen["how"] == WAYS[int(np.argmin(losses))].how


def test_what_is_fine_tuned_by_pairs_answers_by_a_layer_fitted_to_what_it_became(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    always(WAYS[1].how, monkeypatch)
    monkeypatch.setattr(few, "temperature", lambda logits, targets: 1.0)
    one = made(rows(16), epochs=4, lr=1e-3)
    autofit(one)
    features = features_of(one.model, one.encoded, pad_id=one.encoder.pad_id, watch=Silent().watch)
    fitted = fit_at(frozen.kind_of(one.task, "--auto"), features, one.job().train.targets, factor=1.0)
    torch.testing.assert_close(one.model.output_layer().weight.double(), fitted.weight, rtol=1e-3, atol=1e-5)
    assert {entry["texts"] for entry in one.rounds[0].progress.log if "texts" in entry} == {8}  # and their partners


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.how)
def test_the_average_stays_one_while_it_is_fine_tuned(way: Way) -> None:
    one = made(rows(16), epochs=1)
    assert isinstance(one.model, TransformerModel)
    twin = averaged(one.model)
    assert twin is not None
    before = {name: value.clone() for name, value in twin.state_dict().items()}
    layer = Layer(torch.zeros(2, 32, dtype=torch.float64), torch.zeros(2, dtype=torch.float64))
    way.fit(Trial(one, twin, way.settings(one, 16), np.arange(16), layer))
    held = added_weights(twin)
    moved = {name for name, value in twin.state_dict().items() if not torch.equal(value, before[name])}
    assert held and not held & moved
    assert {"inner.classifier.weight", "inner.bert.encoder.layer.1.output.dense.weight"} <= moved


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra", "roberta", "mpnet", "albert"])
def test_pairs_bring_texts_of_a_class_together_in_every_family(family: str) -> None:
    text, fit = TextSettings(max_length=32), FitSettings(precision="float32", epochs=15, lr=1e-3)
    one = Learner(rows(40), model=str(folder(family)), text=text, fit=fit, reporter=Lines())
    model = (averaged(one.model) if isinstance(one.model, TransformerModel) else None) or one.model
    n_outputs, width = model.output_layer().weight.shape
    layer = Layer(torch.zeros(n_outputs, width, dtype=torch.float64), torch.zeros(n_outputs, dtype=torch.float64))
    progress = WAYS[1].fit(Trial(one, model, WAYS[1].settings(one, 40), np.arange(40), layer))
    losses = [entry["train_loss"] for entry in progress.log if "train_loss" in entry]
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.parametrize("kept", [{"freeze": "encoder"}, {"freeze": "2"}, {"gradual": True}])
def test_layers_that_stay_as_they_are_leave_the_other_ways(kept: dict[str, Any]) -> None:
    one = made(rows(16), epochs=1, **kept)
    autofit(one)
    assert ("fine-tuned by pairs of texts" in one.chosen["cross_validated"]) is ("gradual" in kept)


def test_labels_of_few_rows_that_nothing_tells_apart_are_told_as_such() -> None:
    data = rows(16)
    one = made(Dataset(data.inputs, ["good", "bad", "bad", "good"] * 4, "classify", data.classes, "noise"), epochs=1)
    autofit(one)
    assert one.chosen["how"] == "frozen encoder" or "so few rows cannot tell" in one.chosen["why"]
    probs = softmax(one.forward(np.arange(16)))
    assert probs.max() < 0.9  # what the folds do not bear out is not said with confidence


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
    assert few_ways.tuning(one, 40).epochs == 10
    assert few_ways.tuning(made(rows(40), epochs=3), 40).epochs == 3
    assert few_ways.tuning(one, 40).layer_decay == 0.9


def test_labels_that_nothing_tells_apart_are_told_as_such_and_given_no_confidence() -> None:
    data = rows(40)
    texts: list[str | tuple[str, str]] = [f"{text} {word}" for word in ("here", "there") for text in data.inputs]
    one = made(Dataset(texts, ["good", "bad", "bad", "good"] * 20, "classify", data.classes, "noise"), epochs=1)
    autofit(one)
    assert one.chosen["how"] == "frozen encoder" or "so few rows cannot tell" in one.chosen["why"]
    assert softmax(one.forward(np.arange(80))).max() < 0.6
