"""The step of task distillation by hand: its parts, its gradients, rows with a label and without."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from limbeck.distil.task import HARD, SOFT, Said, distilled, parts_of
from limbeck.losses import Loss, classify, get_loss
from limbeck.models import Batch, Output
from limbeck.train.step import MicroBatch, StepResult

STUDENT = torch.tensor([[1.0, -1.0, 0.5], [0.0, 0.0, 0.0], [2.0, 1.0, -3.0]])
TEACHER = torch.tensor([[0.2, 0.4, -0.6], [3.0, 0.0, 0.0], [-1.0, 1.0, 0.0]])
LABELS = torch.tensor([2, 0, 1])


class Fixed(nn.Module):
    """Says the same whatever it reads."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits.clone())

    def forward(self, batch: Batch) -> Output:
        return Output(self.logits[: len(batch.input_ids)])


def micro(targets: Tensor, rows: list[int] | None = None) -> MicroBatch:
    n = len(targets)
    ids = torch.zeros(n, 2, dtype=torch.int64)
    numbers = torch.arange(n) if rows is None else torch.tensor(rows)
    return MicroBatch(numbers, Batch(ids, ids + 1, ids), targets)


def stepped(
    student: Tensor = STUDENT,
    *,
    said: Tensor = TEACHER,
    labelled: tuple[bool, ...] = (True, True, True),
    temperature: float = 1.0,
    hard: float = 0.0,
    loss: Loss | None = None,
    rows: list[int] | None = None,
    targets: Tensor = LABELS,
    is_number: bool = False,
) -> tuple[StepResult, Fixed]:
    model = Fixed(student)
    step = distilled(
        Said(said, torch.tensor(labelled)),
        temperature=temperature,
        hard=hard,
        loss=loss or get_loss("regress" if is_number else "classify"),
        is_number=is_number,
    )
    return step(model, micro(targets, rows)), model


def divergence(row: int, temperature: float) -> float:
    """By the formula, in Python's own numbers."""
    p, q = ([math.exp(value / temperature) for value in logits[row].tolist()] for logits in (TEACHER, STUDENT))
    p, q = [value / sum(p) for value in p], [value / sum(q) for value in q]
    return temperature**2 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_soft_targets_by_hand(temperature: float) -> None:
    result, model = stepped(temperature=temperature)
    assert list(result.parts) == [SOFT]
    expected = [divergence(row, temperature) for row in range(3)]
    np.testing.assert_allclose(result.losses.tolist(), expected, rtol=1e-5)
    assert torch.equal(result.losses, result.parts[SOFT])
    torch.autograd.backward(result.losses.sum())
    p, q = ((logits / temperature).softmax(dim=-1) for logits in (TEACHER, STUDENT))
    torch.testing.assert_close(model.logits.grad, temperature * (q - p), rtol=1e-5, atol=1e-6)


def test_a_number_by_hand() -> None:
    # teacher 1 of [0, ln 3]: p = (1/4, 3/4), q = (1/2, 1/2): 1/4 ln(1/2) + 3/4 ln(3/2) = 0.130812
    said = torch.tensor([[0.0, math.log(3.0)]])
    result, _ = stepped(torch.zeros(1, 2), said=said, labelled=(False,), targets=LABELS[:1])
    assert result.losses.item() == pytest.approx(0.130812, abs=1e-6)


def test_labels_take_their_share_of_labelled_rows_alone() -> None:
    result, _ = stepped(labelled=(True, False, True), hard=0.3)
    assert list(result.parts) == [SOFT, HARD]
    soft = [divergence(row, 1.0) for row in range(3)]
    hard = (-STUDENT.log_softmax(dim=-1))[torch.arange(3), LABELS].tolist()
    np.testing.assert_allclose(result.parts[SOFT].tolist(), [0.7 * soft[0], soft[1], 0.7 * soft[2]], rtol=1e-5)
    np.testing.assert_allclose(result.parts[HARD].tolist(), [0.3 * hard[0], 0.0, 0.3 * hard[2]], rtol=1e-5)
    torch.testing.assert_close(result.losses, result.parts[SOFT] + result.parts[HARD])


def test_labels_alone_are_ordinary_training_to_the_bit() -> None:
    result, model = stepped(hard=1.0, temperature=3.0)
    torch.autograd.backward(result.losses.sum())
    plain = STUDENT.clone().requires_grad_()
    losses = classify.loss(plain, LABELS)
    torch.autograd.backward(losses.sum())
    assert torch.equal(result.losses, losses)
    assert torch.equal(model.logits.grad, plain.grad)  # type: ignore[arg-type]


def test_weights_of_classes_weigh_the_labels_and_not_the_teacher() -> None:
    weights = torch.tensor([2.0, 1.0, 5.0])
    result, _ = stepped(hard=0.5, loss=functools.partial(classify.loss, weights=weights))
    plain, _ = stepped(hard=0.5)
    assert torch.equal(result.parts[SOFT], plain.parts[SOFT])
    torch.testing.assert_close(result.parts[HARD], plain.parts[HARD] * weights[LABELS])


def test_rows_are_looked_up_by_their_numbers() -> None:
    result, _ = stepped(STUDENT[[2, 0]], rows=[2, 0], labelled=(False, True, True), targets=LABELS[[2, 0]], hard=0.5)
    whole, _ = stepped(labelled=(False, True, True), hard=0.5)
    assert torch.equal(result.losses, whole.losses[[2, 0]])


def test_a_number_is_compared_by_the_squared_difference() -> None:
    student, said = torch.tensor([[1.0], [-2.0]]), torch.tensor([[0.5], [1.0]])
    targets = torch.tensor([3.0, 0.0])
    result, model = stepped(
        student, said=said, labelled=(True, False), hard=0.25, targets=targets, is_number=True, temperature=4.0
    )
    np.testing.assert_allclose(result.parts[SOFT].tolist(), [0.75 * 0.25, 9.0])
    np.testing.assert_allclose(result.parts[HARD].tolist(), [0.25 * 4.0, 0.0])
    torch.autograd.backward(result.losses.sum())
    assert model.logits.grad is not None
    np.testing.assert_allclose(model.logits.grad[:, 0].tolist(), [0.75 * 1.0 + 0.25 * -4.0, -6.0])


def test_a_class_that_the_teacher_rules_out_gives_numbers() -> None:
    said = torch.tensor([[0.0, -math.inf, 0.0]])
    result, model = stepped(STUDENT[:1], said=said, labelled=(True,), hard=0.5, targets=LABELS[:1])
    torch.autograd.backward(result.losses.sum())
    assert torch.isfinite(result.losses).all()
    assert model.logits.grad is not None and torch.isfinite(model.logits.grad).all()


def test_names_of_the_parts() -> None:
    assert parts_of(hard=0.0) == ("soft",)
    assert parts_of(hard=0.1) == ("soft", "hard")


@given(st.floats(0.0, 1.0), st.floats(0.25, 8.0), st.lists(st.booleans(), min_size=3, max_size=3))
def test_the_loss_is_the_sum_of_its_parts_and_a_copy_has_none(
    hard: float, temperature: float, labelled: list[bool]
) -> None:
    result, _ = stepped(labelled=tuple(labelled), hard=hard, temperature=temperature)
    assert tuple(result.parts) == parts_of(hard=hard)
    torch.testing.assert_close(result.losses, sum(result.parts.values(), torch.zeros(3)))
    assert result.losses.min().item() > -1e-6
    same, _ = stepped(TEACHER, labelled=tuple(labelled), temperature=temperature)
    assert same.losses.abs().max().item() < 1e-6 * max(1.0, temperature**2)
