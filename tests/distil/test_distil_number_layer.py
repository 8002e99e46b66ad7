"""The output layer of a student that gives a number: kept where its start knows these numbers, new where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import limbeck
from limbeck.distil.number_layer import keep
from limbeck.distil.student import Cut
from limbeck.distil.taught import Student, place_student
from limbeck.text import TextSettings
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.encoders import folder, scatter
from support.taught import learner, lesson
from support.train_data import numbers

DATA = numbers(16)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of numbers around 950 whose weights all matter."""
    out = tmp_path_factory.mktemp("numbers") / "teacher"
    made = plain(folder("bert"))
    scatter(made.model.module)
    made.save(out)
    return out


def plain(source: Path | str) -> Learner:
    fit = FitSettings(precision="float32")
    return Learner(DATA, model=str(source), text=TextSettings(max_length=32), fit=fit)


def said_by(path: Path) -> NDArray[np.float32]:
    return limbeck.load(path).logits(DATA.inputs)[0].astype(np.float32)


def first_parts(made: Learner) -> dict[str, Any]:
    made.fit()
    assert made.progress is not None
    parts: dict[str, Any] = made.progress.log[0]["parts"]
    return parts


def test_a_copy_of_a_teacher_of_numbers_loses_nothing_at_the_first_step(teacher: Path) -> None:
    taught = lesson(DATA, logits=said_by(teacher))
    made = learner(taught, teacher, epochs=1)
    assert abs(first_parts(made)["soft"]) < 1e-6
    made.begin_anew()
    made.rounds = ()
    assert abs(first_parts(made)["soft"]) < 1e-6


def test_a_student_with_fewer_layers_keeps_the_layer(tmp_path: Path, teacher: Path) -> None:
    whole = learner(lesson(DATA, logits=said_by(teacher)), teacher)
    placed = place_student(Student(str(teacher), Cut(take=(0, 1))), tmp_path, [])
    made = learner(lesson(DATA, logits=said_by(teacher)), placed)
    assert torch.equal(made.model.output_layer().weight, whole.model.output_layer().weight)
    assert made.start == whole.start != plain(teacher).start


@pytest.mark.parametrize("unit", [1000.0, -1.0])
def test_a_layer_that_gives_other_numbers_is_not_kept(teacher: Path, unit: float) -> None:
    taught = lesson(DATA, logits=said_by(teacher) * np.float32(unit))
    made, new = learner(taught, teacher), plain(teacher)
    for own, other in zip(made.model.output_layer().parameters(), new.model.output_layer().parameters(), strict=True):
        assert torch.equal(own, other)
    assert made.start == new.start


@pytest.mark.parametrize(("deviations", "is_kept"), [(0.9, True), (1.1, False)])
def test_it_is_kept_where_it_is_nearer_than_the_mean_is(teacher: Path, deviations: float, is_kept: bool) -> None:
    said = said_by(teacher)
    assert keep(plain(teacher), said + np.float32(deviations * said.std())) is is_kept


@pytest.mark.parametrize("source", ["small", folder("bert")])
def test_there_may_be_no_layer_to_keep(source: Path | str) -> None:
    assert not keep(plain(source), np.asarray(DATA.targets, np.float32)[:, None])
