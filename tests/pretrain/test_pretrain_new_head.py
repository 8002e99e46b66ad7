"""A new head begins as what is known: states as they are, pieces as often as they occur."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck.pretrain.masked import open_masked
from limbeck.pretrain.new_head import begin_head, log_shares
from limbeck.pretrain.trainer import Pretrainer
from support.encoders import folder
from support.pretraining import corpus_of, quick


def test_shares_by_hand() -> None:
    found = np.exp(log_shares(np.array([0, 1, 81, 16]), smoothing=0.75))  # roots of the fourth degree: 1, 1, 3, 2
    assert found.tolist() == pytest.approx([1 / 7, 1 / 7, 3 / 7, 2 / 7])


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet", "distilbert"])
def test_the_transform_hands_states_on(family: str) -> None:
    model = open_masked(folder(family)).model
    begin_head(model, np.arange(20), smoothing=0.7)
    (dense,) = model.transform_layers()
    torch.testing.assert_close(dense(torch.eye(32)), torch.eye(32))
    bias = model.decoder.bias.detach()
    assert torch.allclose(bias[:20].double(), torch.from_numpy(log_shares(np.arange(20), smoothing=0.7)))
    assert (bias[20:] == bias[:20].min()).all()


def test_a_transform_to_another_width_stays() -> None:
    model = open_masked(folder("electra"), seed=3).model
    (before,) = [layer.weight.clone() for layer in model.transform_layers()]
    begin_head(model, np.arange(20), smoothing=0.7)
    assert torch.equal(model.transform_layers()[0].weight, before)


def test_it_begins_better_than_chance(tmp_path: Path) -> None:
    model = open_masked(folder("bert")).model
    corpus = corpus_of(tmp_path, model)
    pretrainer = Pretrainer(model, corpus, quick())
    before = pretrainer.measure()["loss"]
    begin_head(model, corpus.counts, smoothing=0.7)
    assert pretrainer.measure()["loss"] < before
