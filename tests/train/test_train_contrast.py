"""Fine-tuning by pairs: partners, the step, the updates aimed at, and that classes come apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from limbeck.losses import contrastive
from limbeck.models import Batch, Output
from limbeck.train import contrast
from limbeck.train.contrast import PairCollator
from limbeck.train.settings import FitSettings
from limbeck.train.step import Collator, MicroBatch


def collator(targets: list[int], seed: int = 1) -> PairCollator:
    """Rows whose only token is their number."""
    ids = [np.array([row], np.int32) for row in range(len(targets))]
    return PairCollator(Collator(ids, [np.zeros(1, np.int32)] * len(ids), np.array(targets), pad_id=0), seed)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 5))
def test_a_partner_is_another_row_of_the_class_where_there_is_one(targets: list[int], seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(targets))
    micro = collator(targets, seed)(rows)
    texts = micro.batch.input_ids[:, 0].tolist()
    assert texts[: len(rows)] == rows.tolist()
    assert micro.targets.tolist() == [targets[text] for text in texts]
    for row, partner in zip(rows.tolist(), texts[len(rows) :], strict=True):
        assert targets[row] == targets[partner]
        assert (row == partner) is (targets.count(targets[row]) == 1)


def test_partners_are_drawn_by_the_rows_and_the_seed() -> None:
    targets = [0, 1] * 20
    rows = np.arange(10)

    def partners(seed: int, rows: np.ndarray) -> list[int]:
        texts: list[int] = collator(targets, seed)(rows).batch.input_ids[:, 0].tolist()
        return texts[len(rows) :]

    assert partners(1, rows) == partners(1, rows)
    assert partners(1, rows) != partners(2, rows)
    assert partners(1, rows) != partners(1, rows[::-1])[::-1]


class Table(nn.Module):
    """A vector for each token, under a layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.vectors, self.layer = nn.Embedding(8, 4), nn.Linear(4, 2)

    def forward(self, batch: Batch) -> Output:
        return Output(logits=self.layer(self.vectors(batch.input_ids[:, 0])))


def test_a_step_is_the_loss_of_all_pairs_of_the_batch() -> None:
    model, rows = Table(), np.array([0, 1, 2])
    micro = collator([0, 0, 1, 1, 0, 1])(rows)
    found = contrast.step(model.layer)(model, micro)
    texts = micro.batch.input_ids[:, 0]
    losses = contrastive.loss(model.vectors.weight[texts], micro.targets)
    torch.testing.assert_close(found.losses, (losses[:3] + losses[3:]) / 2)
    torch.testing.assert_close(found.logits, model.layer(model.vectors.weight[:3]))
    found.losses.sum().backward()  # type: ignore[no-untyped-call]
    assert model.layer.weight.grad is None  # no layer is learnt
    assert model.vectors.weight.grad is not None


def test_classes_come_apart() -> None:
    model, collate = Table(), collator([0, 1] * 4)
    optimizer = torch.optim.AdamW(model.vectors.parameters(), lr=0.1)
    seen = []
    for _ in range(60):
        micro: MicroBatch = collate(np.arange(8))
        loss = contrast.step(model.layer)(model, micro).losses.mean()
        seen.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert seen[-1] < 0.01 < 0.5 < seen[0]
    assert sum(after > before for before, after in pairwise(seen)) < 10


@pytest.mark.parametrize(("n_rows", "epochs"), [(16, 40), (64, 10), (192, 3), (800, 2)])
def test_the_updates_aimed_at(n_rows: int, epochs: int) -> None:
    asked, lengths = FitSettings(patience=3), np.full(n_rows, 10)
    fit = replace(asked, epochs=3, lr=5e-5, batch_tokens=1024)
    found = contrast.settings_of(fit, asked, lengths)
    assert (found.epochs, found.batch_size, found.batch_tokens, found.patience) == (epochs, 8, None, None)
    assert contrast.settings_of(fit, replace(asked, epochs=7, batch_size=4), lengths).epochs == 7


def test_batches_of_pairs_are_what_they_are_and_no_layer_joins_late() -> None:
    asked = FitSettings(batch_size=1, accumulate=3, gradual=True)
    found = contrast.settings_of(replace(asked, epochs=3, lr=5e-5), asked, np.full(40, 500))
    assert (found.batch_size, found.batch_tokens, found.accumulate, found.gradual) == (8, None, 1, False)
