"""Hidden states of a model when they are asked for, and saved models loaded as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import transformers
from torch import Tensor

from limbeck.errors import ArtefactError, ModelError
from limbeck.models import Batch, Output, Request, prepare
from limbeck.models.transformer import TransformerModel, load
from limbeck.tasks import make_task
from support.encoders import FAMILIES, TRACED, folder, make
from support.saved import saved


def batch() -> Batch:
    ids = torch.tensor([[2, 7, 8, 9, 3], [2, 9, 3, 0, 0]])
    return Batch(ids, torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]), torch.zeros_like(ids))


def model_of(family: str) -> TransformerModel:
    prepared = prepare(Request(str(folder(family)), ["a film"], make_task("classify", classes=("a", "b")), 24, 0))
    assert isinstance(prepared.model, TransformerModel)
    return prepared.model.eval()


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_states_are_given_where_they_are_asked_for_and_change_no_logit(family: str) -> None:
    model = model_of(family)
    plain: Output = model(batch())
    whole: Output = model(batch(), states=True)
    assert plain.states == () and plain.attention is None
    torch.testing.assert_close(whole.logits, plain.logits, rtol=1e-5, atol=1e-5)
    assert [tuple(states.shape) for states in whole.states] == [(2, 5, 32)] * 3
    assert (whole.attention is not None) == model.shows_attention == (family != TRACED)


@torch.no_grad()
def test_a_family_without_a_forward_of_ours_gives_transformers_states() -> None:
    model, inputs = model_of(TRACED), batch()
    found: Output = model(inputs, states=True)
    expected: tuple[Tensor, ...] = model.inner(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        token_type_ids=inputs.token_type_ids,
        output_hidden_states=True,
    ).hidden_states
    assert len(found.states) == len(expected) == 3
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found.states, expected, strict=True))
    assert not torch.equal(found.states[1], found.states[2])


@pytest.mark.parametrize("family", ["bert", "mpnet", TRACED])
def test_gradients_go_back_through_every_state(family: str) -> None:
    model = model_of(family).train()
    found: Output = model(batch(), states=True)
    torch.autograd.backward(sum((states.square().sum() for states in found.states), torch.tensor(0.0)))
    lacking = [name for name, value in model.inner.base_model.named_parameters() if value.grad is None]
    assert not [name for name in lacking if "pooler" not in name and not name.endswith(("key.bias", "attn.k.bias"))]


# saved models as they are


@torch.no_grad()
def test_a_saved_model_is_loaded_with_its_output_layer(tmp_path: Path) -> None:
    made = make(tmp_path / "model", "bert", classes=("a", "b", "c"))
    model = load(made)
    assert model.output_layer().out_features == 3
    expected = transformers.AutoModelForSequenceClassification.from_pretrained(made).eval()(**vars(batch())).logits
    torch.testing.assert_close(model.eval()(batch()).logits, expected, rtol=1e-5, atol=1e-5)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a configuration that can be used"):
        load(tmp_path)
    made = make(tmp_path / "model", "bert", classes=("a", "b"))
    (made / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="model cannot be loaded as an encoder"):
        load(made)
    with pytest.raises(ModelError, match="model cannot be loaded as an encoder"):  # so it is for one to be trained
        prepare(Request(str(made), ["a film"], make_task("classify", classes=("a", "b")), 24, 0))


def test_a_damaged_artefact_is_refused(tmp_path: Path) -> None:
    copied = shutil.copytree(saved("bert"), tmp_path / "copied")
    assert load(copied).output_layer().out_features == 5
    path = copied / "config.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(ArtefactError, match=r"config\.json"):
        load(copied)
