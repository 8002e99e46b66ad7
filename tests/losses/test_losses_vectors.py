"""Vectors of whole texts: the mean and the cosine by hand, and that pads never count."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limbeck.losses import vectors

STATES = torch.tensor([[[1.0, 0.0], [3.0, 4.0], [50.0, -9.0]], [[0.0, 2.0], [7.0, 7.0], [7.0, 7.0]]])
MASK = torch.tensor([[1, 1, 0], [1, 0, 0]])


def test_the_mean_of_attended_tokens_by_hand() -> None:
    assert vectors.vector(STATES, MASK).tolist() == [[2.0, 2.0], [0.0, 2.0]]


def test_one_minus_the_cosine_by_hand() -> None:
    targets = torch.tensor([[0.0, 5.0], [0.0, 0.25]])
    found = vectors.loss(STATES, targets, MASK)
    assert found.tolist() == pytest.approx([1 - 1 / math.sqrt(2), 0.0], abs=1e-6)


def test_its_gradient_turns_the_vector_and_leaves_pads_alone() -> None:
    states = STATES.clone().requires_grad_()
    total = vectors.loss(states, torch.tensor([[0.0, 5.0], [0.0, 1.0]]), MASK).sum()
    (gradient,) = torch.autograd.grad(total, states)
    # of -cos = -v1/|v| at v = (2, 2): (v0 v1, -v0^2)/|v|^3 = (4, -4)/16 sqrt(2), halved for each of two tokens
    by_hand = 4 / (16 * math.sqrt(2)) / 2
    assert gradient[0, :2].flatten().tolist() == pytest.approx([by_hand, -by_hand] * 2)
    assert not gradient[0, 2].any() and not gradient[1, 1:].any()


@given(st.integers(0, 99), st.integers(1, 5), st.sampled_from([math.nan, math.inf, 1e30]))
def test_neither_pads_nor_lengths_count(seed: int, n_pads: int, junk: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    states, targets = torch.randn(2, 3, 4, generator=generator), torch.randn(2, 4, generator=generator)
    plain = vectors.loss(states, targets, torch.ones(2, 3))
    padded = torch.cat([states, torch.full((2, n_pads, 4), junk)], dim=1)
    mask = torch.cat([torch.ones(2, 3), torch.zeros(2, n_pads)], dim=1)
    assert torch.allclose(vectors.loss(padded, 7 * targets, mask), plain, atol=1e-6)
    assert ((plain >= -1e-6) & (plain <= 2 + 1e-6)).all()


def test_bf16_states_are_averaged_in_float32() -> None:
    states = torch.full((1, 301, 1), 1.0, dtype=torch.bfloat16)  # a sum of 301 ones is no number of bfloat16
    assert vectors.vector(states, torch.ones(1, 301)).item() == 1.0
