"""Soft targets: numbers by hand, T squared, the way round, and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from limbeck.losses.soft import loss

STUDENT = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])  # probabilities 1/4 and 3/4, then 1/2 twice
TEACHER = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
BY_HAND = math.log(4 / 3) / 2  # 1/2 log (1/2 / 1/4) + 1/2 log (1/2 / 3/4)

rows = st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=1, max_size=4)
temperatures = st.floats(0.5, 20)


def slow(student: list[float], teacher: list[float], temperature: float) -> float:
    """The definition, in double precision."""
    q, p = (np.exp(np.array(part) / temperature) for part in (student, teacher))
    q, p = q / q.sum(), p / p.sum()
    return float(temperature**2 * (p * np.log(p / q)).sum())


def test_by_hand() -> None:
    assert loss(STUDENT, TEACHER).tolist() == pytest.approx([BY_HAND, 0.0], abs=1e-7)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_the_factor_is_t_squared(temperature: float) -> None:
    found = loss(STUDENT * temperature, TEACHER, temperature=temperature)  # softened, the same probabilities
    assert found[0].item() == pytest.approx(temperature**2 * BY_HAND, rel=1e-6)


def test_the_teacher_is_the_one_whose_probabilities_weigh() -> None:
    the_other_way = math.log(1 / 2) / 4 + 3 * math.log(3 / 2) / 4
    assert loss(TEACHER, STUDENT)[0].item() == pytest.approx(the_other_way, rel=1e-5)
    assert the_other_way != pytest.approx(BY_HAND, rel=1e-3)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_gradient_by_hand(temperature: float) -> None:
    logits = (STUDENT * temperature).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, TEACHER, temperature=temperature).sum(), logits)
    expected = [[-temperature / 4, temperature / 4], [0.0, 0.0]]  # T (q - p): down where the student says too much
    np.testing.assert_allclose(gradient.numpy(), expected, atol=1e-6)


def test_a_class_that_the_teacher_rules_out() -> None:
    found = loss(STUDENT[:1], torch.tensor([[-math.inf, 0.0]]), temperature=1.0)
    assert found.item() == pytest.approx(math.log(4 / 3))
    both = torch.tensor([[-math.inf, 0.0, 0.0]])
    logits = torch.zeros(1, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(logits, both).sum(), logits)
    np.testing.assert_allclose(gradient[0].numpy(), [1 / 3, -1 / 6, -1 / 6], rtol=1e-6)


def test_logarithms_of_probabilities_are_logits() -> None:
    probs = torch.tensor([[0.5, 0.3, 0.2]])
    logits = torch.tensor([[1.0, -1.0, 0.5]])
    torch.testing.assert_close(
        loss(logits, probs.log(), temperature=2.0), loss(logits, probs.log() + 7, temperature=2.0)
    )


def test_a_vote_a_position_under_a_mask() -> None:
    logits = torch.stack([STUDENT, STUDENT + math.nan]).requires_grad_()
    mask = torch.tensor([[1, 1], [0, 0]])
    found = loss(logits, torch.stack([TEACHER, TEACHER]), mask=mask)
    assert found.shape == (2, 2)
    assert found.flatten().tolist() == pytest.approx([BY_HAND, 0.0, 0.0, 0.0], abs=1e-7)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    np.testing.assert_allclose(gradient[0, 0].numpy(), [-0.25, 0.25], rtol=1e-6)
    assert gradient[1].abs().sum() == 0


def test_half_precision_is_widened_first() -> None:
    logits = torch.tensor([[3.015625, 1.0]], dtype=torch.bfloat16)
    found = loss(logits, torch.tensor([[0.0, 0.0]], dtype=torch.bfloat16))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(slow([3.015625, 1.0], [0.0, 0.0], 1.0), rel=1e-5)


@settings(deadline=None, max_examples=60)
@given(rows, temperatures)
def test_nothing_where_both_say_the_same(logits: list[list[float]], temperature: float) -> None:
    given_logits = torch.tensor(logits)
    assert float(loss(given_logits, given_logits, temperature=temperature).abs().max()) == 0.0


@settings(deadline=None, max_examples=60)
@given(rows, st.integers(0, 2**31), temperatures)
def test_the_definition_and_never_below_nothing(logits: list[list[float]], seed: int, temperature: float) -> None:
    teacher = np.random.default_rng(seed).normal(size=(len(logits), 3)).astype(np.float32)
    found = loss(torch.tensor(logits), torch.from_numpy(teacher), temperature=temperature)
    expected = [slow(mine, its.tolist(), temperature) for mine, its in zip(logits, teacher, strict=True)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-6 * temperature**2)
    assert float(found.min()) >= -1e-6 * temperature**2
    shifted = loss(torch.tensor(logits) + 3.0, torch.from_numpy(teacher) - 5.0, temperature=temperature)
    torch.testing.assert_close(shifted, found, rtol=1e-4, atol=1e-5 * temperature**2)


def test_at_a_great_temperature_it_is_the_distance_of_the_logits() -> None:
    # Hinton et al. 2015, equation 4: with a zero mean, 1 / (2 C) sum (z - v)^2
    student, teacher = torch.tensor([[1.0, -1.0, 0.0]]), torch.tensor([[0.5, 0.5, -1.0]])
    expected = float((student - teacher).square().sum()) / 6
    found: Tensor = loss(student, teacher, temperature=200.0)
    assert found.item() == pytest.approx(expected, rel=0.02)
