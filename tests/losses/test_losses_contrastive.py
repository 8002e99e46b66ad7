"""Pairs of texts: cosines by hand, and what does not count."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.losses.contrastive import loss


def test_by_hand() -> None:
    # cosines: 0 and 1 0.6, 0 and 2 0.8, 1 and 2 0.96
    features = torch.tensor([[2.0, 0.0], [0.3, 0.4], [4.0, 3.0]])
    found = loss(features, torch.tensor([0, 0, 1]))
    alike = (1 - 0.6) ** 2
    expected = [alike + 0.8**2, alike + 0.96**2, (0.8**2 + 0.96**2) / 2]  # the last has no other of its class
    assert found.tolist() == pytest.approx(expected)


def test_pairs_of_one_kind_are_averaged_however_many_there_are() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert loss(features, torch.tensor([0, 0, 0, 1])).tolist() == pytest.approx([1.0, 0.5 + 1, 0.5 + 1, 2 / 3])


@pytest.mark.parametrize("targets", [[0, 0], [0, 1]])
def test_nothing_is_to_be_learnt_from_what_is_right(targets: list[int]) -> None:
    features = torch.tensor([[3.0, 0.0], [1.0, 0.0] if targets[1] == 0 else [0.0, 1.0]], requires_grad=True)
    found = loss(features, torch.tensor(targets))
    assert found.tolist() == pytest.approx([0.0, 0.0], abs=1e-7)
    (gradient,) = torch.autograd.grad(found.sum(), features)
    np.testing.assert_allclose(gradient.numpy(), 0.0, atol=1e-6)


def test_one_text_has_no_pair() -> None:
    assert loss(torch.ones(1, 3), torch.tensor([0])).tolist() == [0.0]


def test_bfloat16_is_computed_in_float32() -> None:
    features = torch.randn(6, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    targets = torch.tensor([0, 1, 2, 0, 1, 2])
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(features, targets)
    torch.testing.assert_close(found, loss(features.float(), targets))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 10), st.integers(0, 99))
def test_lengths_and_the_order_do_not_count(n_texts: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    features = torch.from_numpy(random.normal(size=(n_texts, 5)))
    targets = torch.from_numpy(random.integers(0, 3, n_texts))
    found = loss(features, targets)
    assert ((found >= 0) & (found <= 5)).all()
    lengths = torch.from_numpy(random.uniform(0.1, 9, size=(n_texts, 1)))
    torch.testing.assert_close(loss(features * lengths, targets), found, rtol=1e-4, atol=1e-5)
    order = torch.from_numpy(random.permutation(n_texts))
    torch.testing.assert_close(loss(features[order], targets[order]), found[order], rtol=1e-4, atol=1e-5)
