"""The mean of all tokens before the output layer: what it says, by hand, and what it leaves alone."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from limbeck import models
from limbeck.models import Batch, Request, transformer
from limbeck.models._average import averaged
from limbeck.models._features import features_of, features_of_both
from limbeck.models._trunk import trunk_of
from limbeck.runtime.progress import Progress
from limbeck.tasks import make_task
from limbeck.text import Encoded, Encoder, TextSettings
from support.encoders import EMITTED, TRACED, folder

TASK = make_task("classify", classes=["bad", "good", "so so"])
TEXTS = ["film", "a truly lovely film for everyone", "an awful boring room", "the meal was excellent at the river"]
SHIFTED = {"distilbert": 8.0, "electra": 8.0}


def prepared(family: str) -> transformer.TransformerModel:
    made = models.prepare(Request(str(folder(family)), TEXTS, TASK, 32, 0)).model
    assert isinstance(made, transformer.TransformerModel)
    return made


def encode(model: transformer.TransformerModel) -> tuple[Encoded, int]:
    encoder = Encoder.from_string(model.tokenizer, TextSettings(max_length=32))
    return encoder.encode(TEXTS), encoder.pad_id


def both(model: transformer.TransformerModel) -> tuple[transformer.TransformerModel, Any, Any]:
    """The twin, and features of the first token and of the mean."""
    twin = averaged(model)
    assert twin is not None
    encoded, pad_id = encode(model)
    return twin, *features_of_both(model, twin, encoded, pad_id=pad_id, watch=Progress)


def states(model: transformer.TransformerModel, encoded: Encoded, row: int) -> torch.Tensor:
    """All tokens' last states of one text by transformers' own forward: shape ``(T, D)``."""
    ids = torch.from_numpy(encoded.ids[row].astype(np.int64))[None]
    with torch.inference_mode():
        found: torch.Tensor = model.inner.base_model.eval()(input_ids=ids).last_hidden_state[0]
    return found


@pytest.mark.parametrize("family", [*EMITTED, "xlm-roberta"])
def test_the_mean_is_what_the_output_layer_reads(family: str) -> None:
    model = prepared(family)
    _, first, mean = both(model)
    encoded, pad_id = encode(model)
    np.testing.assert_allclose(first, features_of(model, encoded, pad_id=pad_id, watch=Progress), atol=2e-5)
    if family == "mpnet":  # its own bias by distance weighs the tokens
        assert np.ptp(mean, axis=0).max() > 1e-3
        return
    for row in range(len(TEXTS)):
        tokens = states(model, encoded, row)
        normed = torch.nn.functional.layer_norm(16 * tokens.mean(dim=0) + tokens[0], tokens.shape[1:])
        shift = SHIFTED.get(family)
        expected = (0.01 * normed).tanh() if shift is None else normed + shift
        np.testing.assert_allclose(mean[row], expected, atol=1e-4 if shift is None else 2e-3)


@pytest.mark.parametrize("family", EMITTED)
def test_the_encoder_is_shared_and_stays_as_it_is(family: str) -> None:
    model = prepared(family)
    before = copy.deepcopy(model.inner.state_dict())
    config = model.inner.config.to_dict()
    torch.manual_seed(3)
    state = torch.get_rng_state()
    twin, _, _ = both(model)
    assert torch.equal(torch.get_rng_state(), state)
    with torch.no_grad():
        twin.output_layer().weight.fill_(7.0)
    assert model.inner.config.to_dict() == config
    assert all(torch.equal(value, model.inner.state_dict()[name]) for name, value in before.items())
    own = dict(model.inner.named_parameters())
    apart = [name for name, value in twin.inner.named_parameters() if own.get(name) is not value]
    hidden = {"bert": "bert.pooler.dense", "distilbert": "pre_classifier"}.get(family, "classifier.dense")
    added = [name for name in apart if ".layer.2." in name]
    output = "classifier" if family in ("bert", "distilbert") else "classifier.out_proj"
    parts = [f"{part}.{kind}" for part in (hidden, output) for kind in ("weight", "bias")]
    assert sorted(apart) == sorted(added + parts)
    assert len(added) == 16


@pytest.mark.parametrize("family", [*EMITTED, "camembert"])
def test_the_saved_twin_answers_by_transformers_and_by_the_graph(family: str, tmp_path: Path) -> None:
    twin, _, mean = both(prepared(family))
    with torch.no_grad():  # an output layer with weights as large as a fitted one's
        twin.output_layer().weight.mul_(100)
    twin.write(tmp_path)
    models.write_graph(tmp_path, "transformer")
    expected = mean @ twin.output_layer().weight.detach().numpy().T + twin.output_layer().bias.detach().numpy()
    encoded, _ = encode(twin)
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert theirs.config.num_hidden_layers == 3
    with torch.inference_mode():
        alone = [
            theirs(input_ids=torch.from_numpy(ids.astype(np.int64))[None]).logits[0].numpy() for ids in encoded.ids
        ]
    np.testing.assert_allclose(np.stack(alone), expected, atol=2e-3)
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "onnx" / "model.onnx")
    for row, ids in enumerate(encoded.ids):
        wide = ids.astype(np.int64)[None]
        inputs = {"input_ids": wide, "attention_mask": np.ones_like(wide), "token_type_ids": np.zeros_like(wide)}
        np.testing.assert_allclose(session.run(None, inputs)[0][0], expected[row], atol=2e-3)


def test_padding_is_not_in_the_mean() -> None:
    twin, _, mean = both(prepared("bert"))
    encoded, pad_id = encode(twin)
    for row in range(len(TEXTS)):
        alone = features_of(twin, encoded.take(np.array([row])), pad_id=pad_id, watch=Progress)
        np.testing.assert_allclose(alone[0], mean[row], atol=1e-6)


def test_segments_reach_it() -> None:
    model = prepared("bert")
    twin = averaged(model)
    assert twin is not None
    ids = torch.tensor([[2, 40, 41, 3]])
    with torch.inference_mode():
        one, other = (
            twin.eval()(Batch(ids, torch.ones_like(ids), torch.full_like(ids, kind))).logits for kind in (0, 1)
        )
    assert not torch.allclose(one, other)


def test_a_family_that_is_not_known_has_no_twin() -> None:
    model = prepared(TRACED)
    assert trunk_of(model.inner) is None
    assert averaged(model) is None


def test_reading_puts_the_mode_back_and_takes_its_taps_off() -> None:
    model = prepared("bert")
    model.train()
    both(model)
    assert model.training
    assert not model.output_layer()._forward_pre_hooks
