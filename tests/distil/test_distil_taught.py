"""A student that is taught: nothing apart from a copy, the same twice, resumed to the bit, saved as its own."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import limbeck
from limbeck.data import Dataset
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.settings import DistilSettings
from limbeck.distil.student import Cut
from limbeck.distil.taught import (
    Student,
    place_student,
)
from limbeck.errors import ModelError, SettingsError, TrainingError
from limbeck.train import checkpoint
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from limbeck.train.step import MicroBatch, Step, StepResult
from support.encoders import folder, tokenizer_json
from support.encoders import make as make_encoder
from support.taught import (
    ALL,
    PARTS,
    classifier,
    fitted,
    hashes,
    learner,
    lesson,
    log_of,
    updates,
    weights,
    wide,
    with_all_parts,
)
from support.train_data import numbers, rows

HIDDEN = BesideSettings(hidden=1.0)


@functools.cache
def unbroken() -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Weights and log of a training with all parts that nothing stopped."""
    made = fitted(with_all_parts(checkpoint_every=1))
    return weights(made), log_of(made)


def assert_unbroken(made: Learner) -> None:
    kept, log = unbroken()
    assert log_of(made) == log
    assert weights(made).keys() == kept.keys()
    assert all(torch.equal(weights(made)[name], value) for name, value in kept.items())


# a copy


@pytest.mark.parametrize(("family", "temperature"), [("bert", 1.0), ("mpnet", 4.0)])
def test_a_copy_loses_nothing_at_the_first_step(tmp_path: Path, family: str, temperature: float) -> None:
    source = Learner(rows(8), model=str(classifier(family, dropout=True)), fit=FitSettings(precision="float32"))
    teacher = tmp_path / "teacher"
    source.save(teacher, calibrated=False)
    before = hashes(teacher)
    said, _ = limbeck.load(teacher).logits(rows(16).inputs)  # as the teacher is asked: without torch
    taught = lesson(rows(16), teacher=teacher, logits=said.astype(np.float32))
    distil = DistilSettings(temperature=temperature)
    student = place_student(Student(str(teacher), Cut(dropout=0.0)), tmp_path, rows(16).inputs)
    made = fitted(learner(taught, student, teacher=teacher, distil=distil, beside=ALL, epochs=1))
    first = updates(made)[0]
    assert list(first["parts"]) == ["soft", "hidden", "cosine", "relations"]
    assert max(map(abs, first["parts"].values())) < 1e-6
    assert abs(first["loss"]) < 1e-6
    assert hashes(teacher) == before

    noisy = fitted(learner(taught, teacher, teacher=teacher, distil=distil, beside=ALL, epochs=1))
    assert min(updates(noisy)[0]["parts"].values()) > 1e-4  # with its dropout the copy is told apart


def test_a_loss_is_the_sum_of_its_parts_and_all_are_in_the_log() -> None:
    steps = [entry for entry in unbroken()[1] if "parts" in entry]
    assert len(steps) == with_all_parts().n_updates()
    for entry in steps:
        assert tuple(entry["parts"]) == PARTS
        assert all(value > 0 for name, value in entry["parts"].items() if name != "hard")
        assert entry["loss"] == pytest.approx(sum(entry["parts"].values()), rel=1e-5)
    hard = [entry["parts"]["hard"] for entry in steps]
    assert max(hard) > 0 == min(hard)  # some steps have no labelled row
    losses = [entry["loss"] for entry in steps]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])


def test_ordinary_training_has_no_parts() -> None:
    made = Learner(rows(8), model=str(classifier()), fit=FitSettings(precision="float32", epochs=1))
    made.fit()
    assert not any("parts" in entry for entry in log_of(made))


def test_one_seed_gives_one_log_to_the_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        torch.rand(len(name) + 7)
        made = fitted(with_all_parts(epochs=1))
        made.save(tmp_path / name)
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("one", "two")]
    assert logs[0] == logs[1]
    assert logs[0].count(b'"parts"') == 8
    other = fitted(with_all_parts(epochs=1, seed=1))
    assert updates(other)[0]["loss"] != json.loads(logs[0].splitlines()[0])["loss"]


# micro-batches


def test_batches_with_other_pads_have_the_same_parts() -> None:
    small = fitted(with_all_parts(batch_size=3, accumulate=4))
    large = fitted(with_all_parts(batch_size=12))
    assert [entry["rows"] for entry in updates(small)] == [entry["rows"] for entry in updates(large)]
    for one, other in zip(updates(small), updates(large), strict=True):
        assert one["parts"] == pytest.approx(other["parts"], rel=1e-4, abs=1e-6)
    for name, value in weights(large).items():
        torch.testing.assert_close(weights(small)[name], value, rtol=1e-3, atol=2e-5)


def test_a_row_loses_the_same_in_any_company() -> None:
    made = with_all_parts()
    work, module = made.work(), made.model.module.eval()
    with torch.no_grad():
        alone = [work.step(module, work.collate(np.array([row]))) for row in range(6)]
        together = work.step(module, work.collate(np.arange(6)))
    for name in PARTS:
        torch.testing.assert_close(torch.cat([one.parts[name] for one in alone]), together.parts[name])


# labels


def test_labels_alone_are_ordinary_training_weight_for_weight() -> None:
    train, valid = rows(30), rows(40).take(range(30, 40))
    source = classifier(dropout=True)
    taught = lesson(train, valid, teacher=wide())
    made = fitted(learner(taught, source, distil=DistilSettings(hard=1.0, temperature=3.0)))
    fit = FitSettings(batch_size=4, epochs=2, lr=1e-3, precision="float32")
    plain = Learner(train, valid, model=str(source), text=made.text, fit=fit)
    plain.fit()
    assert weights(made).keys() == weights(plain).keys()
    assert all(torch.equal(weights(made)[name], value) for name, value in weights(plain).items())
    assert [entry.get("loss") for entry in log_of(made)] == [entry.get("loss") for entry in log_of(plain)]
    assert all(entry["parts"] == {"soft": 0.0, "hard": entry["loss"]} for entry in updates(made))


def test_without_labels_there_is_no_part_of_them() -> None:
    taught = lesson(rows(8), unlabelled=range(8))
    made = fitted(learner(taught, distil=DistilSettings(hard=0.5), epochs=1))
    assert [list(entry["parts"]) for entry in updates(made)] == [["soft"]] * 2
    assert made.notices[-1] == "--hard 0.5 does nothing: no row has a label of its own"


def test_rows_that_cannot_be_read_do_not_shift_the_others() -> None:
    """What the teacher says stays with its text, also where a text stands twice with a label and without."""
    data = rows(6)
    inputs = ["", *data.inputs[:3], " ", *data.inputs[3:], data.inputs[0]]
    targets = ["good", *(data.targets or [])[:3], "bad", *(data.targets or [])[3:], "good"]
    train = Dataset(inputs, targets, "classify", data.classes)
    logits = np.arange(18, dtype=np.float32).reshape(9, 2) ** 1.5
    taught = lesson(train, logits=logits, unlabelled=[8])
    made = learner(taught, distil=DistilSettings(hard=0.5))
    assert len(made.train) == 7
    work = made.work()
    with torch.no_grad():
        result = work.step(made.model.module.eval(), work.collate(np.arange(7)))
    kept = torch.from_numpy(logits[[1, 2, 3, 5, 6, 7, 8]])
    p, q = kept.softmax(-1), result.logits.softmax(-1)
    share = torch.tensor([0.5] * 6 + [1.0])
    expected = share * (torch.special.xlogy(p, p) - p * q.log()).sum(-1)
    torch.testing.assert_close(result.parts["soft"], expected)
    assert float(result.parts["hard"][-1]) == 0.0


def test_a_number_is_taught_in_the_unit_of_the_students_logits() -> None:
    train = numbers(12)
    said = np.asarray(train.targets, np.float32)[:, None] + np.float32(3)
    taught = lesson(train, logits=said, unlabelled=range(6))
    made = learner(taught, folder("bert"), distil=DistilSettings(hard=0.5))
    scale, offset = made.scale
    work = made.work()
    with torch.no_grad():
        result = work.step(made.model.module.eval(), work.collate(np.arange(12)))
    standard = (said[:, 0] - offset) / scale
    expected = np.where(np.arange(12) < 6, 1.0, 0.5) * (result.logits.numpy()[:, 0] - standard) ** 2
    np.testing.assert_allclose(result.parts["soft"].numpy(), expected, rtol=1e-4)
    with pytest.raises(SettingsError, match="--hidden compares hidden states"):
        learner(taught, folder("bert"), beside=HIDDEN)
    with pytest.raises(SettingsError, match="--temperature 2 softens probabilities, and the teacher gives numbers"):
        learner(taught, folder("bert"), distil=DistilSettings(temperature=2.0))


# what goes wrong


def broken(honest: Step, at_call: int, act: Callable[[StepResult], StepResult]) -> Step:
    seen = 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        result = honest(model, micro)
        return act(result) if seen == at_call else result

    return step


def no_number(result: StepResult) -> StepResult:
    parts = {**result.parts, "hidden": result.parts["hidden"] * math.nan}
    return StepResult(torch.stack(list(parts.values())).sum(dim=0), result.logits, parts)


class Killed(BaseException):
    """Ends a training as nothing that is caught."""


def killed(result: StepResult) -> StepResult:
    raise Killed


def test_a_part_that_is_no_number_is_named_and_the_last_good_checkpoint_stays(tmp_path: Path) -> None:
    made = with_all_parts(checkpoint_every=1)
    made._step = broken(made._step, 3, no_number)
    with pytest.raises(TrainingError) as caught:
        made.fit(tmp_path)
    told = str(caught.value)
    assert told.startswith("the loss became nan (of its parts, hidden is nan) at update 3 (epoch 1, rate ")
    assert "it changed no weights" in told
    kept = checkpoint.newest(tmp_path)
    assert kept is not None
    assert kept.progress.update == 2
    assert all(torch.isfinite(value).all() for value in kept.tensors["model"].values())
    assert_unbroken(fitted(with_all_parts(checkpoint_every=1), tmp_path, resume=True))


def test_a_fit_after_one_that_broke_off_begins_without_its_gradients() -> None:
    made = with_all_parts()
    made._step = broken(made._step, 1, no_number)
    with pytest.raises(TrainingError):
        made.fit()
    made.fit()
    assert_unbroken(made)


@pytest.mark.parametrize("at_call", [3, 11])
def test_a_killed_training_goes_on_to_the_bit_with_its_projection(tmp_path: Path, at_call: int) -> None:
    assert "projection.weight" in unbroken()[0]
    made = with_all_parts(checkpoint_every=1)
    made._step = broken(made._step, at_call, killed)
    with pytest.raises(Killed):
        made.fit(tmp_path)
    kept = checkpoint.newest(tmp_path)
    assert kept is not None
    assert kept.progress.update == at_call - 1
    assert_unbroken(fitted(with_all_parts(checkpoint_every=1), tmp_path, resume=True))


def test_a_resume_with_another_lesson_is_refused_by_name(tmp_path: Path) -> None:
    taught = lesson(rows(8), teacher=wide())
    settings: dict[str, Any] = {
        "teacher": wide(),
        "beside": HIDDEN,
        "distil": DistilSettings(temperature=2.0),
        "epochs": 1,
    }
    learner(taught, **settings).fit(tmp_path)
    moved = taught.logits.copy()
    moved[3] += 1e-3
    other: list[tuple[Any, dict[str, Any], str]] = [
        (replace(taught, logits=moved), {}, "what the teachers said has changed"),
        (replace(taught, is_labelled=taught.is_labelled ^ True), {}, "what the teachers said has changed"),
        (taught, {"distil": DistilSettings(temperature=4.0)}, "taught by temperature was 2.0, is 4.0"),
        (taught, {"distil": DistilSettings(temperature=2.0, hard=0.1)}, "taught by hard was 0.0, is 0.1"),
        (taught, {"beside": BesideSettings(hidden=0.5)}, "taught by hidden was 1.0, is 0.5"),
        (taught, {"beside": BesideSettings(hidden=1.0, hidden_layers="last")}, "taught by hidden_layers was 'all'"),
        (replace(taught, teachers=({"name": "b", "fingerprint": "cd"},)), {}, "taught by teachers has changed"),
    ]
    for found, changes, told in other:
        with pytest.raises(TrainingError) as caught:
            learner(found, **{**settings, **changes}).fit(tmp_path, resume=True)
        assert told in str(caught.value)
        assert "Resume with the same settings and data" in str(caught.value)
    learner(taught, **settings).fit(tmp_path, resume=True)


def test_a_resume_with_other_weights_beside_is_refused(tmp_path: Path) -> None:
    """The teacher of the tokens may be another than the one whose scores are read."""
    taught = lesson(rows(8), teacher=wide())
    learner(taught, teacher=wide(), beside=HIDDEN, epochs=1).fit(tmp_path)
    with pytest.raises(TrainingError, match="taught by beside has changed"):
        learner(taught, teacher=classifier(num_hidden_layers=4), beside=HIDDEN, epochs=1).fit(tmp_path, resume=True)


def test_pieces_that_are_others_are_refused_though_there_are_as_many(tmp_path: Path) -> None:
    other = tokenizer_json("bert").replace('"lovely"', '"lovelx"').replace('"awful"', '"awfux"')
    teacher = make_encoder(tmp_path / "teacher", "bert", classes=("bad", "good"), tokenizer=other)
    taught = lesson(rows(8), teacher=wide())
    with pytest.raises(ModelError, match=r"2 of the student's \d+ pieces are none of the teacher's \d+: '") as caught:
        learner(taught, teacher=teacher, beside=HIDDEN)
    assert "Give --hidden, --cosine and --relations 0: the other losses need the teacher's scores alone" in str(
        caught.value
    )
    learner(taught, teacher=teacher)  # they read the scores alone


def test_a_student_deeper_than_its_teacher_is_refused_where_layers_are_compared() -> None:
    deep = classifier(num_hidden_layers=3)
    taught = lesson(rows(8))
    with pytest.raises(ModelError, match="the student has 3 layers and the teacher 2: give --layers 2 or fewer"):
        learner(taught, deep, teacher=classifier(), beside=HIDDEN)
    learner(taught, deep, teacher=classifier())


def test_losses_over_tokens_need_a_teachers_folder() -> None:
    with pytest.raises(SettingsError) as caught:
        learner(lesson(rows(8)), beside=BesideSettings(hidden=1.0, relations=1.0))
    assert str(caught.value) == (
        "--hidden and --relations compare hidden states: a file of probabilities has none; give a teacher's folder"
    )
