"""Masked language modelling by hand."""

from __future__ import annotations

import math

import pytest
import torch

from limbeck.losses import IGNORED, mlm


def test_by_hand() -> None:
    logits = torch.tensor([[[0.0, math.log(3.0)], [0.0, 0.0]], [[math.log(7.0), 0.0], [0.0, 50.0]]], requires_grad=True)
    found = mlm.loss(logits, torch.tensor([[0, 1], [0, IGNORED]]))
    assert found.shape == (2, 2)
    assert found.flatten().tolist() == pytest.approx([math.log(4), math.log(2), math.log(8 / 7), 0.0], rel=1e-6)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient[0, 0].tolist() == pytest.approx([0.25 - 1, 0.75])  # softmax less 1 at the target
    assert gradient[1, 1].tolist() == [0.0, 0.0]  # an ignored place teaches nothing


def test_half_precision_is_computed_in_float32() -> None:
    logits = torch.tensor([[[0.0, 6.0]]], dtype=torch.bfloat16)
    found = mlm.loss(logits, torch.tensor([[1]]))
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(math.log1p(math.exp(-6.0)), rel=1e-4)


def test_what_is_ignored_may_be_anything() -> None:
    logits = torch.full((1, 1, 3), math.nan)
    assert mlm.loss(logits, torch.tensor([[IGNORED]])).tolist() == [[0.0]]
