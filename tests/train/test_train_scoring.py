"""Logits of rows while a model is trained: every row's, in their order, on any processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from limbeck.models import Batch, Output
from limbeck.text import Encoded
from limbeck.train.scoring import logits_of
from support.train_data import learner, rows


class WithoutFloat64:
    """Logits as a Mac's GPU holds them."""

    def __init__(self, values: Tensor) -> None:
        self.values = values

    def cpu(self) -> Tensor:
        return self.values


class FirstPiece(nn.Module):
    """Says the number of each text's second token, and remembers whether it was in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.was_training: list[bool] = []

    def forward(self, batch: Batch) -> Output:
        self.was_training.append(self.training)
        logits: Any = WithoutFloat64(batch.input_ids[:, 1:2].float())
        return Output(logits)


def encoded() -> Encoded:
    return learner(rows(12)).encoded


def test_every_row_in_its_order_and_the_mode_put_back() -> None:
    module, found = FirstPiece().train(), encoded()
    logits = logits_of(module, found, pad_id=0, precision="float32")
    assert logits.dtype == np.float64
    assert logits[:, 0].tolist() == [float(ids[1]) for ids in found.ids]
    assert module.training and not any(module.was_training)


@pytest.mark.parametrize("n", [1, 5])
def test_some_rows_are_theirs_of_all(n: int) -> None:
    made = learner(rows(12))
    np.testing.assert_allclose(made.forward(np.arange(n)), made.forward(np.arange(12))[:n], atol=1e-6)
