"""The triple loss: its parts by hand, at the places that count, beside a teacher that is left as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.distil.student import Cut, make
from limbeck.errors import ModelError
from limbeck.losses import IGNORED
from limbeck.models import Batch
from limbeck.pretrain.masked import MaskedModel, open_masked
from limbeck.pretrain.micro import MaskedBatch
from limbeck.pretrain.settings import TripleSettings
from limbeck.pretrain.step import masked_lm, triple
from limbeck.pretrain.teacher import TeacherBeside, teacher_beside
from support.encoders import tokenizer_json
from support.masked import loaded
from support.pretraining import masked_bert

IDS = torch.tensor([[2, 9, 4, 20, 30, 3], [2, 30, 31, 4, 4, 3]])
POSITIONS = torch.tensor([[2, 3], [3, 4]])
TARGETS = torch.tensor([[12, 20], [8, 25]])


def micro(targets: Tensor = TARGETS) -> MaskedBatch:
    batch = Batch(IDS, torch.ones_like(IDS), torch.zeros_like(IDS))
    return MaskedBatch(torch.arange(2), batch, targets, POSITIONS)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return masked_bert(tmp_path)


@pytest.fixture
def student(source: Path, tmp_path: Path) -> MaskedModel:
    return open_masked(make(source, tmp_path / "student", Cut(layers=2))).model.eval()


def beside(source: Path, student: MaskedModel, **changes: Any) -> tuple[TeacherBeside, TripleSettings]:
    settings = TripleSettings(**changes)
    return teacher_beside(open_masked(source).model, student, settings, None), settings


def test_masked_lm_is_the_mean_over_the_hidden_tokens(source: Path) -> None:
    model = open_masked(source).model.eval()
    found = masked_lm(model, micro())
    full = loaded(source)(input_ids=IDS, attention_mask=torch.ones_like(IDS)).logits
    by_hand = [F.cross_entropy(full[row, POSITIONS[row]], TARGETS[row]).item() for row in range(2)]
    assert found.losses.tolist() == pytest.approx(by_hand, rel=1e-5)
    partly = TARGETS.clone()
    partly[0, 1] = IGNORED
    one = F.cross_entropy(full[0, POSITIONS[0, :1]], TARGETS[0, :1]).item()
    assert masked_lm(model, micro(partly)).losses.tolist() == pytest.approx([one, by_hand[1]], rel=1e-5)


def test_the_parts_by_hand(source: Path, student: MaskedModel) -> None:
    teacher, settings = beside(source, student)
    found = triple(teacher, settings)(student, micro())
    with torch.no_grad():
        told = [
            part(input_ids=IDS, attention_mask=torch.ones_like(IDS), output_hidden_states=True)
            for part in (student.inner, loaded(source))
        ]
    ours, theirs = told
    rows = torch.arange(2)[:, None]
    log_q = (ours.logits[rows, POSITIONS] / 2).log_softmax(-1)
    log_p = (theirs.logits[rows, POSITIONS] / 2).log_softmax(-1)
    soft = 4 * (log_p.exp() * (log_p - log_q)).sum(-1).mean(1)
    guess = -ours.logits.log_softmax(-1)[rows, POSITIONS].gather(-1, TARGETS[..., None])[..., 0].mean(1)
    cosine = 1 - F.cosine_similarity(ours.hidden_states[-1], theirs.hidden_states[-1], dim=-1).mean(1)
    assert set(found.parts) == {"soft", "mlm", "cosine"}
    torch.testing.assert_close(found.parts["soft"], 5 * soft)
    torch.testing.assert_close(found.parts["mlm"], 2 * guess)
    torch.testing.assert_close(found.parts["cosine"], cosine)
    torch.testing.assert_close(found.losses, 5 * soft + 2 * guess + cosine)
    assert found.logits.shape == (2, 2, student.inner.config.vocab_size)


def test_soft_targets_on_all_tokens(source: Path, student: MaskedModel) -> None:
    teacher, settings = beside(source, student, soft_on="all", mlm=0.0, cosine=0.0, soft=1.0, temperature=1.0)
    found = triple(teacher, settings)(student, micro())
    with torch.no_grad():
        log_q = student.inner(input_ids=IDS).logits.log_softmax(-1)
        log_p = loaded(source)(input_ids=IDS).logits.log_softmax(-1)
    torch.testing.assert_close(found.losses, (log_p.exp() * (log_p - log_q)).sum(-1).mean(1))
    everywhere, settings = beside(source, student, soft_on="all")
    masked_ones = triple(everywhere, settings)(student, micro())
    alone = triple(*beside(source, student))(student, micro())
    torch.testing.assert_close(masked_ones.parts["mlm"], alone.parts["mlm"])  # masked LM stays where it was
    torch.testing.assert_close(masked_ones.logits, alone.logits)


@pytest.mark.parametrize("soft_on", ["masked", "all"])
def test_a_copy_of_the_teacher_learns_nothing_from_it(source: Path, soft_on: str) -> None:
    copy = open_masked(source).model
    teacher, settings = beside(source, copy, soft_on=soft_on, relations=1.0)
    found = triple(teacher, settings)(copy.train(), micro())
    for name in ("soft", "cosine", "relations"):
        assert found.parts[name].abs().max() < 1e-6


def test_the_teacher_stays_as_it_was(source: Path, student: MaskedModel) -> None:
    teacher, settings = beside(source, student)
    before = {name: value.clone() for name, value in teacher.model.state_dict().items()}
    teacher.model.train()  # whatever it is told
    triple(teacher, settings)(student.train(), micro()).losses.sum().backward()  # type: ignore[no-untyped-call]
    assert not teacher.model.training
    assert all(value.grad is None for value in teacher.model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in teacher.model.state_dict().items())
    assert all(value.grad is not None for name, value in student.named_parameters() if "key.bias" not in name)


def test_a_trimmed_student_is_compared_on_its_own_pieces(source: Path, student: MaskedModel) -> None:
    """The teacher's softmax runs over the pieces that both have."""
    n_pieces = student.inner.config.vocab_size
    ids = torch.from_numpy(np.random.default_rng(0).permutation(n_pieces))
    teacher = TeacherBeside(open_masked(source).model, ids)
    _, said = teacher.read(micro().batch, POSITIONS, states=False, logits=True)
    with torch.no_grad():
        full = loaded(source)(input_ids=ids[IDS]).logits[torch.arange(2)[:, None], POSITIONS]
    assert said is not None
    torch.testing.assert_close(said, full[..., ids])


def test_rows_that_stand_for_no_piece_are_not_compared(tmp_path: Path) -> None:
    n_pieces = 1 + max(json.loads(tokenizer_json("bert"))["model"]["vocab"].values())
    wide = open_masked(masked_bert(tmp_path, name="wide", vocab_size=n_pieces + 7))
    settings = TripleSettings(soft=1.0, mlm=0.0, cosine=0.0)
    copy = open_masked(tmp_path / "wide").model.eval()
    teacher = teacher_beside(wide.model, copy, settings, None)
    _, said = teacher.read(micro().batch, POSITIONS, states=False, logits=True)
    assert said is not None and said.shape == (2, 2, n_pieces)
    with torch.no_grad():
        copy.decoder.weight[n_pieces:] += 1.0
    assert triple(teacher, settings)(copy, micro()).losses.abs().max() < 1e-6


def test_its_own_masked_lm_is_what_a_student_is_measured_against(source: Path, student: MaskedModel) -> None:
    teacher, _ = beside(source, student)
    torch.testing.assert_close(
        teacher.as_step(student, micro()).losses, masked_lm(open_masked(source).model.eval(), micro()).losses
    )


def test_what_does_not_fit_together_is_told_at_once(tmp_path: Path, source: Path) -> None:
    deep = open_masked(masked_bert(tmp_path, name="deep", num_hidden_layers=6, hidden_size=16, intermediate_size=24))
    with pytest.raises(ModelError) as caught:
        teacher_beside(open_masked(source).model, deep.model, TripleSettings(), None)
    told = str(caught.value)
    assert "the student has 6 layers and the teacher 4: give --layers 4 or fewer" in told
    assert "16 wide in the student and 32 in the teacher: give --cosine 0 --relations 1" in told


def test_another_width_is_compared_by_relations(tmp_path: Path, source: Path) -> None:
    narrow = open_masked(masked_bert(tmp_path, name="narrow", hidden_size=16, intermediate_size=24)).model
    teacher, settings = beside(source, narrow, cosine=0.0, relations=1.0)
    found = triple(teacher, settings)(narrow, micro())
    assert set(found.parts) == {"soft", "mlm", "relations"}
    assert (found.parts["relations"] > 0).all()


def test_without_soft_targets_no_logits_are_asked_of_the_teacher(
    source: Path, student: MaskedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, settings = beside(source, student, soft=0.0)
    monkeypatch.setattr(teacher.model, "logits", None)
    assert set(triple(teacher, settings)(student, micro()).parts) == {"mlm", "cosine"}


def test_a_lower_precision_is_taken_where_it_says_the_same(source: Path, student: MaskedModel) -> None:
    teacher, _ = beside(source, student)
    assert teacher.settle_precision(micro(), can_bf16=False) == "float32"
    with torch.no_grad():  # states in whole numbers of a few bits lose nothing
        for value in teacher.model.parameters():
            value.zero_()
    assert teacher.settle_precision(micro(), can_bf16=True) == "bf16"
    rough, _ = beside(source, student)
    with torch.no_grad():
        rough.model.decoder.weight.mul_(40)  # logits so far apart that bfloat16 turns answers
    assert rough.settle_precision(micro(), can_bf16=True) == "float32"
    assert rough.precision == "float32"


def test_the_same_answers_with_other_probabilities_are_not_the_same(
    source: Path, student: MaskedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, _ = beside(source, student)
    exact = torch.tensor([[[0.0, 1.0, 3.0]] * 2] * 2)
    for factor, precision in ((1.001, "bf16"), (1.5, "float32")):
        said = {"float32": exact, "bf16": exact * factor}
        monkeypatch.setattr(TeacherBeside, "read", lambda self, *_, said=said, **__: (None, said[self.precision]))
        assert teacher.settle_precision(micro(), can_bf16=True) == precision
