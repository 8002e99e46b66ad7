"""Heads taken apart: the same logits as transformers', at the places that are asked for and at no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

from limbeck.errors import ArtefactError, ModelError
from limbeck.models import Batch
from limbeck.passes import quantise
from limbeck.pretrain.masked import MaskedModel, open_masked
from support.encoders import FAMILIES, folder, make, tokenizer_json
from support.folders import LICENCES, licences_of, licensed
from support.masked import loaded
from support.saved import saved

AT = torch.tensor([[1, 3], [0, 2]])
IDS = torch.tensor([[2, 9, 12, 20, 3], [2, 30, 31, 8, 3]])
BATCH = Batch(IDS, torch.ones_like(IDS), torch.zeros_like(IDS))


@pytest.fixture(params=FAMILIES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return make(tmp_path / "encoder", request.param, masked_lm=True)


@torch.no_grad()
def test_logits_are_transformers_own(source: Path) -> None:
    opened = open_masked(source)
    assert opened.has_head
    model = opened.model.eval()
    full = loaded(source)(input_ids=IDS, attention_mask=BATCH.attention_mask).logits
    wanted = torch.stack([full[row, AT[row]] for row in range(2)])
    alone, beside = model(BATCH, AT), model(BATCH, AT, states=True)
    torch.testing.assert_close(model.logits(alone.chosen), wanted)
    torch.testing.assert_close(model.logits(beside.chosen), wanted)
    assert len(beside.states) == 3
    assert beside.states[-1].shape == (2, 5, 32)
    assert alone.states == ()
    pieces = torch.tensor([4, 30, 7])
    torch.testing.assert_close(model.logits(alone.chosen, pieces), wanted[..., pieces])


def test_a_padded_row_is_not_looked_at(tmp_path: Path) -> None:
    model = open_masked(make(tmp_path / "encoder", "mpnet", masked_lm=True)).model.eval()
    ids = torch.cat([IDS, torch.full((2, 3), 1)], dim=1)
    padded = Batch(ids, (torch.arange(8) < 5).long().expand(2, 8), torch.zeros_like(ids))
    torch.testing.assert_close(model(padded, AT).chosen, model(BATCH, AT).chosen)


def test_what_is_written_is_what_transformers_loads(source: Path, tmp_path: Path) -> None:
    model = open_masked(source).model
    (tmp_path / "out").mkdir()
    model.write(tmp_path / "out")
    again = loaded(tmp_path / "out")
    before = loaded(source)
    for name, value in before.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)
    assert transformers.AutoTokenizer.from_pretrained(tmp_path / "out", local_files_only=True).tokenize("lovely film")


def test_tied_weights_are_in_the_state_once(source: Path) -> None:
    model = open_masked(source).model
    state = {name: value.clone() for name, value in model.state_dict().items()}
    assert sum(value.numel() for value in state.values()) <= model.n_parameters() + 200  # buffers of positions
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
    model.load_state_dict(state)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name])
    decoder, words = model.inner.get_output_embeddings(), model.inner.get_input_embeddings()
    assert decoder.weight is words.weight
    with pytest.raises(RuntimeError, match="missing"):
        model.load_state_dict({})


def test_an_encoder_without_a_head_is_told_from_one_with(tmp_path: Path) -> None:
    bare = open_masked(folder("bert"), seed=1)
    assert not bare.has_head
    same, other = open_masked(folder("bert"), seed=1).model, open_masked(folder("bert"), seed=2).model
    name = "inner.cls.predictions.transform.dense.weight"
    assert torch.equal(bare.model.state_dict()[name], same.state_dict()[name])
    assert not torch.equal(bare.model.state_dict()[name], other.state_dict()[name])
    words = load_file(folder("bert") / "model.safetensors")["embeddings.word_embeddings.weight"]
    torch.testing.assert_close(bare.model.inner.get_input_embeddings().weight.detach(), words)
    anew = open_masked(folder("bert"), scratch=True)
    assert not torch.allclose(anew.model.inner.get_input_embeddings().weight.detach(), words)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_dropout_of_the_training_is_not_written(tmp_path: Path, family: str) -> None:
    source = make(tmp_path / "encoder", family, masked_lm=True, dropout=True)
    before = json.loads((source / "config.json").read_text())
    model = open_masked(source, dropout=0.0).model.train()
    torch.testing.assert_close(model(BATCH, AT).chosen, model(BATCH, AT).chosen)
    (tmp_path / "out").mkdir()
    model.write(tmp_path / "out")
    after = json.loads((tmp_path / "out" / "config.json").read_text())
    rates = {name for name in before if "dropout" in name and before[name]}
    assert rates
    assert all(after[name] == before[name] for name in rates)
    torch.testing.assert_close(model(BATCH, AT).chosen, model(BATCH, AT).chosen)
    other = open_masked(source).model.train()
    assert not torch.equal(other(BATCH, AT).chosen, other(BATCH, AT).chosen)


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere.*is not a configuration that can be used"):
        open_masked(tmp_path / "nowhere")
    config = transformers.GPT2Config(vocab_size=200, n_embd=8, n_layer=1, n_head=2, n_positions=16)
    with pytest.raises(ModelError, match=r"'gpt2' has no masked-LM head that limbeck knows"):
        MaskedModel(transformers.GPT2LMHeadModel(config), tokenizer_json("bert"))
    small = make(tmp_path / "small", "bert", masked_lm=True, vocab_size=20)
    with pytest.raises(ModelError, match=r"the tokenizer's pieces need \d+ embeddings, the model has 20"):
        open_masked(small)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"num_attention_heads": 0}, "cannot be loaded as an encoder with a masked-LM head: ZeroDivisionError"),
        ({"hidden_size": "x"}, r"config\.json is not a configuration that can be used"),
        ({"intermediate_size": 40}, r"lacks weights of the encoder .*: bert\.encoder\.layer\.0\.intermediate"),
    ],
)
def test_a_damaged_configuration_is_told(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    source = make(tmp_path / "encoder", "bert", masked_lm=True)
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(ModelError, match=told):
        open_masked(source)


def test_a_model_for_the_runtime_alone_is_dequantised(tmp_path: Path) -> None:
    whole = saved("bert")
    quantise.apply(whole, tmp_path / "int8")
    opened, before = open_masked(tmp_path / "int8"), open_masked(whole)
    assert not opened.has_head
    assert not before.has_head
    close = [model.model.eval()(BATCH, AT).chosen for model in (opened, before)]
    torch.testing.assert_close(close[0], close[1], rtol=0.05, atol=0.05)
    (tmp_path / "int8" / "config.json").write_text("{}")
    with pytest.raises(ArtefactError, match=r"config\.json"):
        open_masked(tmp_path / "int8")


def test_a_head_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    inner = loaded(make(tmp_path / "encoder", "bert", masked_lm=True))
    honest = inner.forward
    inner.forward = lambda **inputs: type("Output", (), {"logits": honest(**inputs).logits + 1.0})
    with pytest.raises(ModelError, match=r"of the family 'bert' is not understood: its logits are .* off"):
        MaskedModel(inner, tokenizer_json("bert"))


@pytest.mark.parametrize("scratch", [False, True])
def test_the_licence_goes_along(scratch: bool, tmp_path: Path) -> None:
    source = make(tmp_path / "encoder", "bert", masked_lm=True)
    licensed(source)
    (tmp_path / "out").mkdir()
    open_masked(source, scratch=scratch).model.write(tmp_path / "out")
    assert licences_of(tmp_path / "out") == LICENCES
