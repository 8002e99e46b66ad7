"""Every family's graph answers as transformers does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph_models import TINY, batch, onnx_logits, onnx_session, tiny, torch_logits

from limbeck.graph import emit, families

CLOSE = 1e-5
LENGTHS = [9, 3, 17, 1, 12]
FAMILIES = sorted(TINY)


def pad_of(config: dict[str, Any]) -> int:
    return int(config["pad_token_id"])


def test_every_family_of_transformers_has_a_tiny_model() -> None:
    assert [name for name in families() if not name.startswith("limbeck-")] == FAMILIES


@pytest.mark.parametrize("first_token", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_of_a_padded_batch_equal_transformers(family: str, first_token: bool) -> None:
    model, config, weights = tiny(family)
    inputs = batch(LENGTHS, pad=pad_of(config), segments=config.get("type_vocab_size", 1))
    want = torch_logits(model, inputs)
    got = onnx_logits(emit(config, weights, first_token=first_token), inputs)
    assert got.dtype == np.float32
    assert got.shape == (5, 3)
    assert np.ptp(want, axis=0).min() > 0.01  # the rows do differ, so that the comparison says something
    np.testing.assert_allclose(got, want, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_output(family: str) -> None:
    model, config, weights = tiny(family, num_labels=1)
    inputs = batch([6, 4], pad=pad_of(config))
    got = onnx_logits(emit(config, weights), inputs)
    assert got.shape == (2, 1)
    np.testing.assert_allclose(got, torch_logits(model, inputs), atol=CLOSE, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_alone_answers_as_in_a_padded_batch(family: str) -> None:
    _, config, weights = tiny(family)
    session = onnx_session(emit(config, weights))
    together = batch(LENGTHS, pad=pad_of(config), segments=config.get("type_vocab_size", 1))
    logits = session.run(None, together)[0]
    for row, length in enumerate(LENGTHS):
        alone = session.run(None, {name: array[row : row + 1, :length] for name, array in together.items()})[0]
        np.testing.assert_allclose(alone[0], logits[row], atol=CLOSE, rtol=0)


@pytest.mark.parametrize("family", ["bert", "mpnet", "roberta"])
def test_a_masked_hole_in_the_middle(family: str) -> None:
    model, config, weights = tiny(family)
    inputs = batch([10, 8], pad=pad_of(config))
    inputs["attention_mask"][0, 4:6] = 0
    inputs["input_ids"][0, 4:6] = pad_of(config)
    np.testing.assert_allclose(onnx_logits(emit(config, weights), inputs), torch_logits(model, inputs), atol=CLOSE)


@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
def test_segments_change_the_answer(family: str) -> None:
    _, config, weights = tiny(family)
    graph = emit(config, weights)
    one, two = (onnx_logits(graph, batch([8], pad=pad_of(config), segments=n)) for n in (1, 2))
    assert np.abs(one - two).max() > 1e-3


@pytest.mark.parametrize("family", ["camembert", "distilbert", "mpnet", "xlm-roberta"])
def test_families_without_segments_ignore_them(family: str) -> None:
    _, config, weights = tiny(family)
    graph = emit(config, weights)
    one, two = (onnx_logits(graph, batch([8], pad=pad_of(config), segments=n)) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_roberta_counts_positions_from_its_own_padding_id() -> None:
    model, config, weights = tiny("roberta", pad_token_id=3)
    inputs = batch(LENGTHS, pad=3)
    np.testing.assert_allclose(onnx_logits(emit(config, weights), inputs), torch_logits(model, inputs), atol=CLOSE)


def test_electra_without_projection() -> None:
    model, config, weights = tiny("electra", embedding_size=32)
    assert "electra.embeddings_project.weight" not in weights
    inputs = batch(LENGTHS, pad=pad_of(config))
    np.testing.assert_allclose(onnx_logits(emit(config, weights), inputs), torch_logits(model, inputs), atol=CLOSE)


@pytest.mark.parametrize("first_token", [True, False])
def test_mpnet_beyond_its_farthest_bucket(first_token: bool) -> None:
    model, config, weights = tiny("mpnet", max_position_embeddings=300)
    inputs = batch([260, 200], pad=1)
    got = onnx_logits(emit(config, weights, first_token=first_token), inputs)
    np.testing.assert_allclose(got, torch_logits(model, inputs), atol=CLOSE)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh"])
def test_activations(activation: str) -> None:
    model, config, weights = tiny("bert", hidden_act=activation)
    inputs = batch(LENGTHS, pad=0)
    np.testing.assert_allclose(onnx_logits(emit(config, weights), inputs), torch_logits(model, inputs), atol=CLOSE)


@pytest.mark.parametrize("eps", [1e-12, 0.5])
def test_the_norm_takes_the_epsilon_of_the_config(eps: float) -> None:
    model, config, weights = tiny("bert", layer_norm_eps=eps)
    inputs = batch([5], pad=0)
    np.testing.assert_allclose(onnx_logits(emit(config, weights), inputs), torch_logits(model, inputs), atol=CLOSE)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_any_number_of_layers(n_layers: int) -> None:
    model, config, weights = tiny("distilbert", n_layers=n_layers)
    inputs = batch(LENGTHS, pad=0)
    np.testing.assert_allclose(onnx_logits(emit(config, weights), inputs), torch_logits(model, inputs), atol=CLOSE)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_weights_are_emitted_in_float32(kind: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    _, config, weights = tiny("bert")
    halves = {name: array.astype(getattr(ml_dtypes, kind, kind)) for name, array in weights.items()}
    back = {name: array.astype(np.float32) for name, array in halves.items()}
    assert emit(config, halves).SerializeToString() == emit(config, back).SerializeToString()


def test_the_last_layer_alone_differs_with_first_token() -> None:
    _, config, weights = tiny("bert", num_hidden_layers=1)
    inputs = batch(LENGTHS, pad=0, segments=2)
    short, full = emit(config, weights), emit(config, weights, first_token=False)
    assert len(short.graph.node) == len(full.graph.node) + 1  # the Gather
    np.testing.assert_allclose(onnx_logits(short, inputs), onnx_logits(full, inputs), atol=CLOSE)
