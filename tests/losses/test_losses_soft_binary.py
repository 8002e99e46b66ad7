"""Soft targets of several labels: numbers by hand, T squared, and the least value."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.losses.soft_binary import loss

THREE = math.log(3.0)  # a probability of 3/4
STUDENT = torch.tensor([[0.0, THREE]])  # 1/2 and 3/4
TEACHER = torch.tensor([[THREE, 0.0]])  # 3/4 and 1/2
BY_HAND = (math.log(2) + math.log(16 / 3) / 2) / 2

labels = st.lists(st.floats(-8, 8), min_size=1, max_size=4)


def test_by_hand() -> None:
    found = loss(STUDENT, TEACHER)
    assert found.shape == (1,)
    assert found.item() == pytest.approx(BY_HAND)


@pytest.mark.parametrize("temperature", [2.0, 4.0])
def test_the_factor_is_t_squared(temperature: float) -> None:
    found = loss(STUDENT * temperature, TEACHER * temperature, temperature=temperature)
    assert found.item() == pytest.approx(temperature**2 * BY_HAND, rel=1e-6)


def test_the_gradient_by_hand() -> None:
    logits = (2 * STUDENT).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, 2 * TEACHER, temperature=2.0).sum(), logits)
    np.testing.assert_allclose(gradient.numpy(), [[-0.25, 0.25]], rtol=1e-6)  # T (q - p) / C


def test_probabilities_by_their_logits_those_of_nothing_and_all_included() -> None:
    targets = torch.logit(torch.tensor([[0.0, 1.0, 0.75]]))
    logits = torch.tensor([[0.0, THREE, 0.0]], requires_grad=True)
    found = loss(logits, targets)
    assert found.item() == pytest.approx((math.log(2) + math.log(4 / 3) + math.log(2)) / 3)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert torch.isfinite(gradient).all()


@settings(deadline=None, max_examples=60)
@given(labels, st.integers(0, 2**31), st.floats(0.5, 10))
def test_least_where_both_say_the_same(targets: list[float], seed: int, temperature: float) -> None:
    teacher = torch.tensor([targets])
    same = teacher.clone().requires_grad_()
    least = loss(same, teacher, temperature=temperature)
    (gradient,) = torch.autograd.grad(least.sum(), same)
    assert float(gradient.abs().max()) < 1e-5 * temperature
    probs = 1 / (1 + np.exp(-np.array(targets) / temperature))
    entropy = -(probs * np.log(probs) + (1 - probs) * np.log(1 - probs)).mean() * temperature**2
    assert least.item() == pytest.approx(entropy, rel=1e-4, abs=1e-5)
    other = torch.from_numpy(np.random.default_rng(seed).normal(size=(1, len(targets))).astype(np.float32))
    assert loss(other, teacher, temperature=temperature).item() >= least.item() - 1e-4 * temperature**2


def test_half_precision_is_widened_first() -> None:
    found = loss(STUDENT.bfloat16(), TEACHER.bfloat16())
    assert found.dtype == torch.float32
