"""What stays as it is, what joins in which epoch, and a resume in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from limbeck.errors import Interrupted, SettingsError
from limbeck.losses import get_loss
from limbeck.train.freeze import apply_freeze, depth_by_name, trained_share
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from limbeck.train.step import MicroBatch, StepResult, supervised
from support.train_data import learner, rows


def weights(made: Learner) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in made.model.module.named_parameters()}


def depths_that_moved(made: Learner) -> set[int]:
    """Train; the depths of the weights that are others than before."""
    before = weights(made)
    made.fit()
    depth_of, _ = depth_by_name(made.model.module)
    return {depth_of[name] for name, value in weights(made).items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize("family", ["bert", "distilbert", "mpnet"])
@pytest.mark.parametrize(
    ("freeze", "moved"),
    [("none", {0, 1, 2, 3}), ("embeddings", {1, 2, 3}), ("1", {2, 3}), ("2", {3}), ("encoder", {3})],
)
def test_what_is_frozen_stays(family: str, freeze: str, moved: set[int]) -> None:
    assert depths_that_moved(learner(rows(8), family=family, epochs=1, freeze=freeze)) == moved


def test_a_frozen_encoder_has_no_weight_that_moves_but_the_head() -> None:
    made = learner(rows(8), family="mpnet", epochs=1, freeze="encoder")
    before = weights(made)
    made.fit()
    moved = {name for name, value in weights(made).items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith("inner.classifier.") for name in moved)


def test_each_epoch_adds_a_layer_from_the_top() -> None:
    module = learner(rows(4)).model.module
    depth_of, n_layers = depth_by_name(module)
    assert n_layers == 2
    for epoch, lowest in enumerate([3, 2, 1, 0, 0]):
        apply_freeze(module, FitSettings(gradual=True), epoch=epoch)
        trained = {depth_of[name] for name, value in module.named_parameters() if value.requires_grad}
        assert trained == set(range(lowest, 4))
    apply_freeze(module, FitSettings(gradual=True, freeze="1"), epoch=9)
    assert {depth_of[name] for name, value in module.named_parameters() if value.requires_grad} == {2, 3}


def test_named_weights_are_held_whatever_the_settings_say() -> None:
    module = learner(rows(4)).model.module
    name = "inner.classifier.weight"
    apply_freeze(module, FitSettings(), held=frozenset({name}))
    assert [other for other, value in module.named_parameters() if not value.requires_grad] == [name]


@pytest.mark.parametrize(("epochs", "moved"), [(1, {3}), (2, {2, 3}), (4, {0, 1, 2, 3})])
def test_gradual_unfreezing_in_a_training(epochs: int, moved: set[int]) -> None:
    assert depths_that_moved(learner(rows(8), epochs=epochs, gradual=True, keep="last")) == moved


def test_few_epochs_of_gradual_unfreezing_are_told() -> None:
    (told,) = learner(rows(4), epochs=1, gradual=True).notices
    assert told.startswith("--gradual with 1 epochs leaves the lowest 2 of 2 layers and the embeddings as they are;")
    (told,) = learner(rows(4), epochs=3, gradual=True).notices
    assert told.startswith("--gradual with 3 epochs leaves the embeddings as they are;")
    assert learner(rows(4), epochs=4, gradual=True).notices == []
    assert learner(rows(4), epochs=1, gradual=True, freeze="encoder").notices == []


@pytest.mark.parametrize("at_update", [2, 5])
def test_a_resume_within_gradual_unfreezing_is_exact(tmp_path: Path, at_update: int) -> None:
    settings: dict[str, Any] = {"epochs": 4, "gradual": True, "dropout": True, "checkpoint_every": 1}
    made = learner(rows(8), **settings)
    honest, seen = supervised(get_loss("classify")), 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        if seen == at_update:
            raise KeyboardInterrupt
        return honest(model, micro)

    made._step = step
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        made.fit(tmp_path)
    again, whole = learner(rows(8), **settings), learner(rows(8), **settings)
    again.fit(tmp_path, resume=True)
    whole.fit()
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(whole).items())


def test_more_layers_than_there_are_is_refused() -> None:
    with pytest.raises(
        SettingsError, match="--freeze 3: the model has 2 layers; give 1 to 2, embeddings, encoder or none"
    ):
        learner(rows(4), freeze="3")


@pytest.mark.parametrize("value", ["encoders", "-1", "1.5"])
def test_what_is_no_part_is_refused(value: str) -> None:
    with pytest.raises(
        SettingsError, match=f"--freeze '{value}' is unknown; it takes .*'encoder'.*, or a number of layers"
    ):
        FitSettings(freeze=value)


def test_layers_without_numbers_are_refused() -> None:
    with pytest.raises(SettingsError, match="layers are not numbered"):
        apply_freeze(nn.Linear(2, 2), FitSettings(freeze="encoder"))
    apply_freeze(nn.Linear(2, 2), FitSettings(freeze="embeddings"))


def test_freeze_and_unfreeze_are_for_later_fits() -> None:
    made = learner(rows(8), epochs=1)
    made.freeze()
    assert depths_that_moved(made) == {3}
    made.freeze(1)
    assert depths_that_moved(made) == {2, 3}
    made.unfreeze()
    assert depths_that_moved(made) == {0, 1, 2, 3}
    with pytest.raises(SettingsError, match="--freeze 7"):
        made.freeze(7)
    assert made.fit_settings.freeze == "none"
    assert [one.fit.freeze for one in made.rounds] == ["encoder", "1", "none"]


def test_gradients_end_above_what_is_frozen() -> None:
    module = learner(rows(4)).model.module
    shares = [trained_share(module, FitSettings(freeze=freeze)) for freeze in ("none", "embeddings", "1", "encoder")]
    assert shares == pytest.approx([1, 1, 2 / 3, 1 / 3])
