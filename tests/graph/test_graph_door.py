"""The door: which models are emitted, what is said of the others, what a graph looks like from outside."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from graph_models import TINY, batch, onnx_session, tiny

from limbeck import graph
from limbeck.errors import MissingExtra, ModelError
from limbeck.graph import builder, can_emit, emit, families, obstacles

LAST = {"bert": "classifier", "distilbert": "classifier"}


def dims(value: Any) -> list[Any]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def test_importing_loads_neither_torch_nor_onnx() -> None:
    code = (
        "import sys, limbeck.graph as g; g.can_emit({'model_type': 'bert'}); g.families();"
        "print([m for m in ('torch', 'onnx', 'onnxruntime', 'transformers', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_families_are_the_files_of_the_folder() -> None:
    assert families() == (
        *("bert", "camembert", "distilbert", "electra", "limbeck-static", "mpnet", "roberta", "xlm-roberta"),
    )
    assert callable(graph.families)  # no module of that name may hide it once a family was loaded


@pytest.mark.parametrize("family", sorted(TINY))
def test_a_bare_config_takes_the_defaults_and_can_be_emitted(family: str) -> None:
    assert can_emit({"model_type": family})
    assert obstacles({"model_type": family}) == []


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"model_type": "robrta"}, "model_type is 'robrta', accepted are 'roberta' (nearest), 'bert'"),
        ({}, "model_type is None"),
        ({"model_type": "bert", "is_decoder": True}, "is_decoder is True: only encoders that read both ways"),
        ({"model_type": "electra", "add_cross_attention": True}, "add_cross_attention is True"),
        ({"model_type": "roberta", "is_encoder_decoder": True}, "is_encoder_decoder is True"),
        (
            {"model_type": "bert", "position_embedding_type": "relative_key"},
            "is 'relative_key', accepted is 'absolute'",
        ),
        ({"model_type": "bert", "hidden_act": "mish"}, "hidden_act is 'mish', accepted are"),
        ({"model_type": "distilbert", "activation": "gelu_nw"}, "activation is 'gelu_nw', accepted are 'gelu_new' (n"),
        ({"model_type": "bert", "num_hidden_layers": 0}, "num_hidden_layers is 0, accepted are whole numbers from 1"),
        ({"model_type": "bert", "hidden_size": "64"}, "hidden_size is '64'"),
        ({"model_type": "bert", "hidden_size": 100}, "hidden_size 100 is not a multiple of num_attention_heads 12"),
        ({"model_type": "distilbert", "n_heads": 7}, "dim 768 is not a multiple of n_heads 7"),
        ({"model_type": "camembert", "pad_token_id": None}, "pad_token_id is None, positions start behind it"),
        ({"model_type": "mpnet", "relative_attention_num_buckets": 16}, "is 16, accepted are 32 and more"),
    ],
)
def test_what_cannot_be_emitted_and_why(config: dict[str, Any], reason: str) -> None:
    assert not can_emit(config)
    with pytest.raises(ModelError) as caught:
        emit(config, {})
    assert reason in str(caught.value)


def test_all_reasons_come_in_one_message() -> None:
    with pytest.raises(ModelError, match="2 problems"):
        emit({"model_type": "bert", "is_decoder": True, "hidden_act": "mish"}, {})


def test_absolute_positions_said_aloud_are_fine() -> None:
    assert can_emit({"model_type": "bert", "position_embedding_type": "absolute"})


@pytest.mark.parametrize("family", sorted(TINY))
def test_inputs_and_output_are_named_and_dynamic(family: str) -> None:
    _, config, weights = tiny(family)
    model = emit(config, weights)
    assert [value.name for value in model.graph.input] == list(graph.INPUTS)
    assert all(dims(value) == ["batch", "sequence"] for value in model.graph.input)
    assert {value.type.tensor_type.elem_type for value in model.graph.input} == {7}  # int64
    assert [(value.name, dims(value)) for value in model.graph.output] == [("logits", ["batch", 3])]
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert model.ir_version <= 10
    assert {node.domain for node in model.graph.node} == {""}
    session = onnx_session(model)
    assert [value.name for value in session.get_inputs()] == list(graph.INPUTS)
    longest = 40 if family in ("bert", "distilbert", "electra") else 38  # the others' positions start at 2
    for lengths in ([1], [longest], [2, 7, longest]):
        assert session.run(None, batch(lengths, pad=1))[0].shape == (len(lengths), 3)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("family", sorted(TINY))
def test_the_last_layer_keeps_names_and_layout(family: str, n_outputs: int) -> None:
    onnx = pytest.importorskip("onnx")
    _, config, weights = tiny(family, num_labels=n_outputs)
    model = emit(config, weights)
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    last = LAST.get(family, "classifier.out_proj")
    np.testing.assert_array_equal(stored[f"{last}.weight"], weights[f"{last}.weight"])
    np.testing.assert_array_equal(stored[f"{last}.bias"], weights[f"{last}.bias"])
    assert stored[f"{last}.weight"].shape == (n_outputs, 32)
    node = model.graph.node[-1]
    assert node.op_type == "Gemm"
    assert list(node.input[1:]) == [f"{last}.weight", f"{last}.bias"]
    assert [(attribute.name, attribute.i) for attribute in node.attribute] == [("transB", 1)]


@pytest.mark.parametrize("family", sorted(TINY))
def test_a_missing_tensor_is_named_with_its_family(family: str) -> None:
    _, config, weights = tiny(family)
    prefix = {"camembert": "roberta", "xlm-roberta": "roberta"}.get(family, family)
    name = f"{prefix}.embeddings.word_embeddings.weight"
    del weights[name]
    with pytest.raises(ModelError) as caught:
        emit(config, weights)
    assert f"tensor '{name}' is missing, a {family} model needs it" in str(caught.value)


def test_several_bad_tensors_come_in_one_message() -> None:
    _, config, weights = tiny("bert")
    weights["bert.pooler.bias"] = weights.pop("bert.pooler.dense.bias")
    weights["classifier.weight"] = weights["classifier.weight"][:, :5]
    weights["bert.embeddings.LayerNorm.bias"] = weights["bert.embeddings.LayerNorm.bias"].astype(np.int8)
    weights["bert.embeddings.position_embeddings.weight"] = np.zeros(3, dtype=np.float32)
    with pytest.raises(ModelError) as caught:
        emit(config, weights)
    message = str(caught.value)
    assert "4 problems" in message
    assert (
        "'bert.pooler.dense.bias' is missing, a bert model needs it; there is 'bert.pooler.bias' (nearest)" in message
    )
    assert "'classifier.weight' has shape (3, 5), config.json asks for (any, 32)" in message
    assert "'bert.embeddings.LayerNorm.bias' holds int8, accepted are float32" in message
    assert "'bert.embeddings.position_embeddings.weight' has shape (3,), config.json asks for (any, 32)" in message


def test_no_weights_at_all_is_a_short_message() -> None:
    with pytest.raises(ModelError) as caught:
        emit({"model_type": "mpnet", **TINY["mpnet"]}, {})
    lines = str(caught.value).splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("  - and ")
    assert lines[-1].endswith("more like these")


def test_of_hundreds_of_tensors_under_other_names_those_that_are_told_alone_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, config, weights = tiny("bert")
    asked: list[str] = []

    def closest(name: str, *_: object, **__: object) -> list[str]:
        asked.append(name)
        return []

    monkeypatch.setattr(builder, "closest", closest)
    with pytest.raises(ModelError, match="more like these"):
        emit(config, {name.removeprefix("bert."): values for name, values in weights.items()})
    assert len(asked) == builder.MOST_PROBLEMS


def test_without_onnx_the_message_is_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    _, config, weights = tiny("bert")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match=r"onnx is not installed.*limbeck\[compress\]"):
        emit(config, weights)


def test_a_tensor_beyond_what_a_graph_holds_is_refused_and_many_below_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    _, config, weights = tiny("bert")
    largest = max(array.nbytes for array in weights.values())
    assert sum(array.nbytes for array in weights.values()) > 2 * largest
    monkeypatch.setattr(builder, "TENSOR_LIMIT_BYTES", largest)
    emit(config, weights)
    monkeypatch.setattr(builder, "TENSOR_LIMIT_BYTES", largest - 1)
    with pytest.raises(ModelError, match=r"tensor '.*' takes .* GB in float32, and a graph holds"):
        emit(config, weights)


def test_emission_leaves_config_and_weights_alone() -> None:
    _, config, weights = tiny("xlm-roberta")  # its one token type is added to the positions
    before, keys = {name: array.copy() for name, array in weights.items()}, dict(config)
    emit(config, weights)
    assert config == keys
    for name, array in before.items():
        np.testing.assert_array_equal(weights[name], array)
