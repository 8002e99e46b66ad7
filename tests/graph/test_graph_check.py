"""onnx accepts every graph, and onnxruntime fuses as many nodes as it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph_models import TINY, tiny

import limbeck.graph.check as check
from limbeck.errors import ModelError
from limbeck.graph import blocks, emit
from limbeck.graph.builder import Graph


@pytest.mark.parametrize("first_token", [True, False])
@pytest.mark.parametrize("family", sorted(TINY))
def test_every_family_is_valid_and_fuses(family: str, first_token: bool) -> None:
    _, config, weights = tiny(family)
    model = emit(config, weights, first_token=first_token)
    check.validate(model)
    expected = check.expected_fusions(config)
    assert expected == {"SkipLayerNormalization": 4, "Gelu": 2}
    check.require_fusions(model, expected)
    ops = check.optimised_ops(model)
    assert ops["BiasGelu"] >= 2
    assert ops["Erf"] == 0
    # The fifth norm is that of the embeddings, fused or not.
    assert ops["SkipLayerNormalization"] + ops["LayerNormalization"] == 5


@pytest.mark.parametrize("activation", ["gelu_new", "gelu_pytorch_tanh"])
def test_the_other_gelu_is_fused_too(activation: str) -> None:
    _, config, weights = tiny("bert", hidden_act=activation)
    model = emit(config, weights)
    check.require_fusions(model, check.expected_fusions(config))
    assert check.optimised_ops(model)["Pow"] == 0


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "bert", "num_hidden_layers": 6}, {check.NORM: 12, check.GELU: 6}),
        ({"model_type": "bert", "num_hidden_layers": 1, "hidden_act": "relu"}, {check.NORM: 2, check.GELU: 0}),
        ({"model_type": "distilbert"}, {check.NORM: 12, check.GELU: 6}),
        ({"model_type": "distilbert", "n_layers": 3, "activation": "silu"}, {check.NORM: 6, check.GELU: 0}),
        ({"model_type": "roberta"}, {check.NORM: 24, check.GELU: 12}),
    ],
)
def test_what_is_expected_of_a_config(config: dict[str, Any], expected: dict[str, int]) -> None:
    assert check.expected_fusions(config) == expected


def test_a_lost_fusion_is_an_error() -> None:
    _, config, weights = tiny("bert")
    model = emit(config, weights)
    with pytest.raises(ModelError) as caught:
        check.require_fusions(model, {check.NORM: 5, check.GELU: 3, "Attention": 1})
    assert str(caught.value).splitlines() == [
        "3 problems:",
        "  - onnxruntime fused 4 SkipLayerNormalization of 5 in the bert graph: it would run slower",
        "  - onnxruntime fused 2 Gelu of 3 in the bert graph: it would run slower",
        "  - onnxruntime fused 0 Attention of 1 in the bert graph: it would run slower",
    ]


def test_the_declared_shape_is_what_lets_the_norms_fuse() -> None:
    """The trap this module is for: the same nodes, one shape less, and the norms run unfused."""
    _, config, weights = tiny("bert")
    model = emit(config, weights, first_token=False)
    assert len(model.graph.value_info) == 1
    del model.graph.value_info[:]
    check.validate(model)
    with pytest.raises(ModelError, match="SkipLayerNormalization of 4"):
        check.require_fusions(model, check.expected_fusions(config))


def test_an_invalid_graph_is_refused() -> None:
    _, config, weights = tiny("bert")
    model = emit(config, weights)
    model.graph.node[3].op_type = "Nonsense"
    with pytest.raises(ModelError, match="onnx refuses the graph 'bert'"):
        check.validate(model)


def test_a_constant_asked_for_twice_is_stored_once() -> None:
    graph = Graph("bert", {"w": np.ones((2, 3), dtype=np.float32)})
    assert graph.ints(0, -1) == graph.ints(0, -1) == "ints.0_-1"
    assert graph.scalar(1.0) != graph.int_scalar(1)
    assert len({graph.scalar(0.5), graph.scalar(0.5), graph.scalar(0.25)}) == 2
    assert graph.weight("w", (None, 3)).shape == (2, 3)
    assert graph.problems == []


def test_masked_is_nothing_in_float32_and_finite_in_float16() -> None:
    assert np.exp(np.float32(blocks.MASKED)) == 0.0
    assert np.isfinite(np.float16(blocks.MASKED))
