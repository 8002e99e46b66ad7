"""Weights of classes, focal loss and smoothed labels: numbers by hand, and their combination."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.losses.classify import loss

LOGITS = torch.tensor([[0.0, math.log(3.0)], [0.0, math.log(3.0)]])  # probabilities 1/4 and 3/4
TARGETS = torch.tensor([0, 1])


def test_weights_by_hand() -> None:
    found = loss(LOGITS, TARGETS, weights=torch.tensor([2.0, 0.5]))
    assert found.tolist() == pytest.approx([2 * math.log(4), 0.5 * math.log(4 / 3)])


def test_focal_by_hand() -> None:
    found = loss(LOGITS, TARGETS, focal=2.0)
    assert found.tolist() == pytest.approx([(3 / 4) ** 2 * math.log(4), (1 / 4) ** 2 * math.log(4 / 3)])


def test_label_smoothing_by_hand() -> None:
    found = loss(LOGITS, TARGETS, label_smoothing=0.2)  # labels 0.9 and 0.1
    own, other = math.log(4), math.log(4 / 3)
    assert found.tolist() == pytest.approx([0.9 * own + 0.1 * other, 0.9 * other + 0.1 * own])
    torch.testing.assert_close(found, F.cross_entropy(LOGITS, TARGETS, label_smoothing=0.2, reduction="none"))


def test_all_three_by_hand() -> None:
    found = loss(LOGITS[:1], TARGETS[:1], weights=torch.tensor([3.0, 100.0]), focal=1.0, label_smoothing=0.2)
    expected = 3 * (0.9 * (3 / 4) * math.log(4) + 0.1 * (1 / 4) * math.log(4 / 3))
    assert found.item() == pytest.approx(expected)


def test_a_weight_is_the_texts_where_torch_gives_each_term_its_own() -> None:
    weights = torch.tensor([1.0, 100.0])
    ours = loss(LOGITS[:1], TARGETS[:1], weights=weights, label_smoothing=0.2)
    torchs = F.cross_entropy(LOGITS[:1], TARGETS[:1], weight=weights, label_smoothing=0.2, reduction="none")
    own, other = math.log(4), math.log(4 / 3)
    assert ours.item() == pytest.approx(0.9 * own + 0.1 * other)
    assert torchs.item() == pytest.approx(0.9 * own + 0.1 * 100 * other)  # class 1 pulls at a text of class 0


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_what_is_certain_has_a_finite_slope(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0.0], [-200.0, 0.0]], requires_grad=True)
    found = loss(logits, torch.tensor([0, 0]), focal=gamma, label_smoothing=0.1)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert torch.isfinite(found).all() and torch.isfinite(gradient).all()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.integers(0, 2),
    st.floats(0, 4),
    st.floats(0, 0.9),
)
def test_options_at_rest_are_the_plain_loss_and_focus_only_lowers(
    logits: list[float], target: int, gamma: float, smoothing: float
) -> None:
    rows, targets = torch.tensor([logits], dtype=torch.float64), torch.tensor([target])
    plain = loss(rows, targets)
    torch.testing.assert_close(loss(rows, targets, weights=torch.ones(3), focal=0.0, label_smoothing=0.0), plain)
    assert loss(rows, targets, focal=gamma).item() <= plain.item() + 1e-6
    smoothed = loss(rows, targets, label_smoothing=smoothing).item()
    reference = F.cross_entropy(rows.float(), targets, label_smoothing=smoothing).item()
    assert smoothed == pytest.approx(reference, rel=1e-4, abs=1e-5)


def test_the_focal_gradient_is_that_of_a_slow_reference() -> None:
    random = np.random.default_rng(2)
    logits = torch.tensor(random.normal(size=(4, 3)), dtype=torch.float32, requires_grad=True)
    targets = torch.tensor([0, 2, 1, 1])
    probs = torch.softmax(logits, dim=1)[torch.arange(4), targets]
    expected = torch.autograd.grad((-((1 - probs) ** 1.5) * probs.log()).sum(), logits)[0]
    found = torch.autograd.grad(loss(logits, targets, focal=1.5).sum(), logits)[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
