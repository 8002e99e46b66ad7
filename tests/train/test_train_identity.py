"""What a resume must find unchanged: every setting, label and piece that decides the weights, by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from limbeck.data import Dataset
from limbeck.settings import record
from limbeck.text import TextSettings
from limbeck.train.identity import identity_of
from limbeck.train.learner import Learner
from limbeck.train.loss_settings import LossSettings
from limbeck.train.settings import FitSettings
from support.train_data import rows

DATA = rows(8)


def made(data: Dataset = DATA, **changes: Any) -> Learner:
    """A learner of the smallest family."""
    settings = {"text": TextSettings(max_length=32), "fit": FitSettings(precision="float32"), **changes}
    return Learner(data, model="small", **settings)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, set()),
        ({"data": replace(DATA, classes=("good", "bad"))}, {"task"}),
        ({"data": replace(DATA, targets=["bad", *(DATA.targets or [])[1:]])}, {"train data"}),
        ({"text": TextSettings(max_length=31)}, {"max_length", "model"}),  # which has so many positions
        ({"text": TextSettings(max_length=32, head=0.5)}, {"head"}),
        ({"loss": LossSettings(class_weights="good=2")}, {"class_weights"}),
        ({"loss": LossSettings(focal=2)}, {"focal"}),
        ({"loss": LossSettings(label_smoothing=0.1)}, {"label_smoothing"}),
        ({"fit": FitSettings(precision="float32", weight_decay=0.1)}, {"weight_decay"}),
        ({"fit": FitSettings(precision="float32", workers=1, checkpoint_every=5)}, set()),
    ],
)
def test_what_decides_the_weights_is_told_by_its_name(changes: dict[str, Any], names: set[str]) -> None:
    first, other = identity_of(made()), identity_of(made(**changes))
    assert first.keys() == other.keys()
    assert {name for name in first if first[name] != other[name]} == names


def test_no_setting_of_a_fit_is_left_out_but_those_that_change_nothing() -> None:
    learner = made()
    assert record(learner.fit_settings).keys() - identity_of(learner).keys() == {"checkpoint_every", "workers"}


def test_other_pieces_are_told() -> None:
    first, other = made(), made()
    other.encoder.tokenizer.add_tokens(["qqq"])
    found = identity_of(first), identity_of(other)
    assert {name for name in found[0] if found[0][name] != found[1][name]} == {"tokenizer"}
