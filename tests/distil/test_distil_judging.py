"""A model judges texts: each once, in pieces that are kept, at the lowest precision that says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limbeck.data import Dataset
from limbeck.distil import judging
from limbeck.distil.teacher import open_model
from limbeck.runtime.score import score
from limbeck.scores import Scores
from support import tiny
from support.saved import saved
from support.train_data import Lines, rows


def texts(n: int) -> Dataset:
    return Dataset([f"{tiny.SENTENCES[k % 8]} {'and' * (k // 8)} {k}" for k in range(n)], None, name="texts")


def test_a_model_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = open_model(tiny.shared(), Path("nowhere"))
    data, told = texts(20), Lines()
    first = teacher.judge(data, told)
    assert first.logits == pytest.approx(tiny.predictor().logits(data.inputs)[0], abs=1e-6)
    assert [key.tobytes() for key in first.ids] == data.ids
    assert told.told == ["model judges 20 texts in float32"]

    def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("the model is asked again")

    monkeypatch.setattr(type(teacher.predictor), "logits", never)
    again = open_model(tiny.shared(), Path("nowhere")).judge(data, told)
    assert (again.logits == first.logits).all() and (again.model, again.data) == (first.model, first.data)
    assert told.told[1] == "model judged these 20 texts before, in float32"


def test_a_scoring_that_was_stopped_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PIECE_ROWS", 8)
    teacher, data = open_model(tiny.shared(), Path("nowhere")), texts(30)
    honest = score
    asked: list[int] = []

    def stopped(predictor: Any, piece: Dataset) -> Scores:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(len(piece))
        return honest(predictor, piece)

    monkeypatch.setattr("limbeck.distil.judging.score", stopped)
    with pytest.raises(KeyboardInterrupt):
        teacher.judge(data, Lines())
    assert asked == [8, 8]
    monkeypatch.setattr("limbeck.distil.judging.score", honest)
    answered: list[int] = []
    logits = type(teacher.predictor).logits

    def counted(self: Any, inputs: Any, **named: Any) -> Any:
        answered.append(len(list(inputs)))
        return logits(self, inputs, **named)

    monkeypatch.setattr(type(teacher.predictor), "logits", counted)
    found = teacher.judge(data, Lines())
    assert answered == [8, 6]
    assert [key.tobytes() for key in found.ids] == data.ids
    assert found.logits == pytest.approx(tiny.predictor().logits(data.inputs)[0], abs=1e-6)
    assert found.data == data.fingerprint


def int8(
    monkeypatch: pytest.MonkeyPatch, *, differ: int = 0, has: bool = True, order: int = 1
) -> tuple[Scores, list[str]]:
    """What a BERT says of 40 rows where int8 is tried: so many of its labels differ, by a processor that has it."""
    monkeypatch.setattr(judging, "INT8_ROWS", 40)
    monkeypatch.setattr(judging, "has_int8", lambda: has)
    honest = judging._labels

    def labels(model: Any, inputs: Any) -> list[Any]:
        predicted = list(honest(model, inputs))
        return [*["another"] * differ, *predicted[differ:]] if model.way.precision == "int8" else predicted

    monkeypatch.setattr(judging, "_labels", labels)
    told = Lines()
    data = Dataset(list(rows(40).inputs[::order]), None, name="rows")
    return open_model(saved("bert"), Path("nowhere")).judge(data, told), told.told


@pytest.mark.parametrize(
    ("how", "precision", "line"),
    [
        ({}, "int8", "model judges 40 texts in int8: the same 40 labels as in float32"),
        ({"differ": 1}, "float32", "model judges 40 texts in float32: 1 of 40 labels differ in int8"),
        ({"has": False}, "float32", "model judges 40 texts in float32"),
    ],
)
def test_int8_answers_where_its_labels_agree_and_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], precision: str, line: str
) -> None:
    found, told = int8(monkeypatch, **how)
    assert told == [line]
    plain = open_model(saved("bert"), Path("nowhere")).predictor
    assert (found.model == plain.fingerprint) == (precision == "float32")
    exact = plain.logits(rows(40).inputs)[0]
    assert found.logits == pytest.approx(exact, abs=0.3 if precision == "int8" else 1e-6)
    if precision == "int8":
        assert (found.logits != exact).any()
    monkeypatch.setattr(judging, "_in_int8", None)  # neither made nor compared again, whatever split asks
    again, told = int8(monkeypatch, **how, order=-1)
    assert told == [f"model judged these 40 texts before, in {precision}"]
    assert (again.logits == found.logits[::-1]).all()
    assert [key.tobytes() for key in again.ids] == Dataset(list(rows(40).inputs[::-1]), None).ids


def test_only_new_texts_are_asked_about_and_at_the_same_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = int8(monkeypatch)
    data, told = Dataset(["a new one", *rows(40).inputs, "another", "a new one"], None, name="more"), Lines()
    teacher = open_model(saved("bert"), Path("nowhere"))
    assert teacher.n_remembered(data) == len(set(rows(40).inputs))
    more = teacher.judge(data, told)
    assert told.told == ["model judged 40 of these texts before, and judges 2 texts in int8"]
    assert (more.logits[1:-2] == found.logits).all() and (more.logits[0] == more.logits[-1]).all()
    assert (more.model, more.data) == (found.model, data.fingerprint)


def test_a_teacher_that_shall_be_exact_answers_in_float(monkeypatch: pytest.MonkeyPatch) -> None:
    int8(monkeypatch)  # from now on int8 is known to be the quicker one for these texts
    data, told = Dataset(rows(40).inputs, None, name="rows"), Lines()
    teacher = open_model(saved("bert"), Path("nowhere"), exact=True)
    found = teacher.judge(data, told)
    assert told.told == ["model judges 40 texts in float32"]
    assert found.model == teacher.predictor.fingerprint
    assert found.logits == pytest.approx(teacher.predictor.logits(data.inputs)[0], abs=1e-6)
    assert (teacher.judge(data, told).logits == found.logits).all()
    assert told.told[1:] == ["model judged these 40 texts before, in float32"]
    told = Lines()
    open_model(saved("bert"), Path("nowhere")).judge(data, told)  # what was asked once is no choice
    assert told.told == ["model judged these 40 texts before, in int8"]


def test_numbers_and_families_without_int8_are_judged_in_float(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "INT8_ROWS", 4)
    for kind in ("regress", "text"):
        told = Lines()
        found = open_model(tiny.shared(kind), Path("nowhere")).judge(texts(8), told)
        assert told.told == ["model judges 8 texts in float32"]
        assert found.logits == pytest.approx(tiny.predictor(kind).logits(texts(8).inputs)[0], abs=1e-6)
