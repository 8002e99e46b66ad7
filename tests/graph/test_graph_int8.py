"""Int8 weights in a graph: by hand, against the float graph, what onnxruntime makes of them, and back again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from graph_models import TINY, Array, batch, onnx_logits, tiny
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from limbeck import graph
from limbeck.artefact.manifest import INT8_GRAPH
from limbeck.errors import ModelError
from limbeck.graph import weights
from limbeck.graph.check import optimised_ops, validate
from limbeck.graph.equalise import channel_factors, equalise
from limbeck.graph.int8 import SCALE, quantise, round_to_int8
from limbeck.metrics import softmax

MATRICES = 13
"""Of a tiny model: four of attention and two of the feed-forward in each of two layers, and the head's first."""


def int8(family: str, **changes: Any) -> tuple[Any, dict[str, Any], dict[str, Array]]:
    """A tiny model's int8 graph, its config, its weights."""
    _, config, own = tiny(family, **changes)
    return quantise(graph.emit(config, own)), config, own


def folder_of(model: Any, config: dict[str, Any], home: Path) -> Path:
    (home / INT8_GRAPH).parent.mkdir()
    (home / INT8_GRAPH).write_bytes(model.SerializeToString())
    (home / "config.json").write_text(json.dumps(config))
    return home


def pad_of(family: str) -> int:
    return 0 if family in ("bert", "distilbert", "electra") else 1


# rounding


def test_rounding_by_hand() -> None:
    values, scales = round_to_int8(np.array([[2.54, -1.27, 0.005, 0.0], [0.0, 0.0, 0.0, 0.0]]), axis=1)
    assert values.tolist() == [[127, -64, 0, 0], [0, 0, 0, 0]]  # 1.27 / 0.02 = 63.5, to the even neighbour
    assert scales[:, 0].tolist() == pytest.approx([0.02, 1.0])
    by_column, scales = round_to_int8(np.array([[2.54, 0.5], [-1.0, -1.0]]), axis=0)
    assert by_column.tolist() == [[127, 64], [-50, -127]]
    assert scales.shape == (1, 2)


@given(arrays.arrays(np.float32, (3, 5), elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False)))
def test_no_number_is_off_by_more_than_half_a_step(array: Array) -> None:
    values, scales = round_to_int8(array, axis=1)
    assert values.dtype == np.int8
    assert values.min() >= -127  # both signs reach alike
    assert (np.abs(values * scales - array) <= scales * 0.5001).all()


@pytest.mark.parametrize(("moved", "nearest_keeps"), [(0.05, 0.02), (0.1, 0.02), (0.2, 0.3)])
def test_what_training_moved_from_int8_weights_stays(moved: float, nearest_keeps: float) -> None:
    random = np.random.default_rng(3)
    values, scales = round_to_int8(random.normal(size=(200, 120)).astype(np.float32), axis=1)
    start = (values * scales).astype(np.float32)
    change = (random.normal(size=start.shape) * moved * scales).astype(np.float32)
    again, steps = round_to_int8(start + change, axis=1)
    assert (np.abs(again * steps - start - change) < steps * 1.001).all()

    def kept(rounded: Array) -> float:
        return float(((rounded * steps - start) * change).sum() / (change**2).sum())

    assert kept(again) == pytest.approx(1, abs=0.15)
    assert kept(np.rint((start + change) / steps)) < nearest_keeps  # the fault: training undone


def test_int8_weights_come_back_as_they_were() -> None:
    values, scales = round_to_int8(np.random.default_rng(4).normal(size=(64, 90)).astype(np.float32), axis=1)
    again, steps = round_to_int8((values * scales * np.float32(0.999)).astype(np.float32), axis=1)  # as weights decay
    assert (again == values).all()
    np.testing.assert_allclose(steps, scales * 0.999, rtol=1e-6)


def test_weights_of_no_grid_are_rounded_to_the_nearest() -> None:
    for draw in (np.random.default_rng(5).normal, np.random.default_rng(6).laplace):
        array = draw(size=(80, 100)).astype(np.float32)
        values, scales = round_to_int8(array, axis=0)
        assert (values == np.rint(array / scales)).all()
    small = np.random.default_rng(7).normal(size=(80, 100)).astype(np.float32) / 2000
    small[:, 0] = 1.0  # beside one large number nearly all are 0, which says nothing of a grid
    assert not round_to_int8(small, axis=1)[0][:, 1:].any()


# the graph


@pytest.mark.parametrize("family", sorted(TINY))
def test_a_byte_a_weight_and_nearly_the_same_answers(family: str) -> None:
    model, config, own = int8(family)
    validate(model)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    assert sum(name.endswith(".T" + SCALE) for name in stored) == MATRICES + (family == "electra")
    assert sum(name.endswith("embeddings.weight" + SCALE) for name in stored) == 2  # words and positions
    n_bytes = sum(len(tensor.raw_data) for tensor in stored.values())
    assert n_bytes < 0.45 * sum(len(t.raw_data) for t in graph.emit(config, own).graph.initializer)  # biases weigh here
    fed = batch([9, 4, 17], pad=pad_of(family))
    before, after = onnx_logits(graph.emit(config, own), fed), onnx_logits(model, fed)
    assert np.abs(softmax(before.astype(float)) - softmax(after.astype(float))).max() < 0.02


def test_small_tensors_and_the_last_layer_stay_float() -> None:
    model, _, _ = int8("bert")
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert kinds["classifier.weight"] == kinds["bert.embeddings.token_type_embeddings.weight"] == 1
    assert kinds["bert.pooler.dense.weight.T"] == kinds["bert.embeddings.word_embeddings.weight"] == 3
    untouched = quantise(graph.emit(*tiny("bert")[1:]), small=10**9)
    assert {tensor.data_type for tensor in untouched.graph.initializer} <= {1, 7}


def test_the_table_of_distances_is_not_taken_for_rows() -> None:
    model, _, _ = int8("mpnet", max_position_embeddings=600)
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert kinds["mpnet.encoder.relative_attention_bias.by_distance"] == 1


def session(model: Any, **entries: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for key, value in entries.items():
        options.add_session_config_entry(f"session.{key}", value)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def test_onnxruntime_runs_int8_products_and_still_fuses() -> None:
    ops = optimised_ops(int8("bert")[0])
    assert ops["MatMulNBits"] == MATRICES
    assert ops["DequantizeLinear"] == 0
    assert ops["MatMul"] + ops["FusedMatMul"] == 4  # scores and mixtures: both sides are activations
    assert ops["SkipLayerNormalization"] == 4


@pytest.mark.parametrize("family", sorted(TINY))
def test_one_option_folds_the_weights_back_to_float(family: str) -> None:
    model, config, _ = int8(family)
    fed = batch([9, 4, 17], pad=pad_of(family))
    folded = session(model, disable_quant_qdq="1").run(None, fed)[0]
    rounded = {name: value.astype(np.float32) for name, value in weights_of(model, config).items()}
    assert np.abs(folded - onnx_logits(graph.emit(config, rounded), fed)).max() < 1e-5


def weights_of(model: Any, config: dict[str, Any]) -> dict[str, Array]:
    import onnx

    return weights.as_saved({t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}, config)


def test_an_answer_does_not_depend_on_its_company() -> None:
    model = int8("bert")[0]
    fed = batch([9, 4, 17], pad=0)
    fed["input_ids"][2, :17] = 7  # others in the batch change
    together = session(model).run(None, fed)[0]
    alone = session(model).run(None, {name: value[:1, :9] for name, value in fed.items()})[0]
    assert np.abs(together[0] - alone[0]).max() < 1e-5


def test_products_of_limits_do_not_overflow() -> None:
    """Unsigned by signed products of 16 bits saturate on processors without VNNI (onnxruntime issue 6004)."""
    _, config, own = tiny("bert")
    for name, value in own.items():
        if value.ndim == 2 and ".layer." in name:
            own[name] = np.full_like(value, 0.01)
    model = quantise(graph.emit(config, own))
    fed = batch([9, 4, 17], pad=0)
    folded = session(model, disable_quant_qdq="1").run(None, fed)[0]
    assert np.abs(session(model).run(None, fed)[0] - folded).max() < 0.02 * max(1.0, np.abs(folded).max())


# back to tensors


@pytest.mark.parametrize("family", sorted(TINY))
def test_weights_come_back_by_their_names(family: str, tmp_path: Path) -> None:
    model, config, own = int8(family)
    found = weights.read(folder_of(model, config, tmp_path))
    lacking = {name for name in own if "position_ids" not in name} - found.keys()
    assert not lacking
    for name, value in found.items():
        assert value.dtype == np.float32
        assert value.shape == own[name].shape, name
        if "token_type" not in name and "position_emb" not in name and "relative" not in name:
            assert np.abs(value - own[name]).max() <= np.abs(own[name]).max() / 254 + 1e-7, name


def test_a_single_segment_comes_back_as_part_of_the_positions(tmp_path: Path) -> None:
    model, config, own = int8("camembert")
    found = weights.read(folder_of(model, config, tmp_path))
    name = "roberta.embeddings.{}_embeddings.weight"
    assert not found[name.format("token_type")].any()
    both = own[name.format("position")] + own[name.format("token_type")]
    assert np.abs(found[name.format("position")] - both).max() < 0.01


def test_buckets_of_distance_come_back(tmp_path: Path) -> None:
    model, config, own = int8("mpnet")
    name = "mpnet.encoder.relative_attention_bias.weight"
    found = weights.read(folder_of(model, config, tmp_path))[name]
    reached: Any = found.any(axis=1)
    np.testing.assert_array_equal(found[reached], own[name][reached])
    assert reached[:12].all() and reached[17:28].all()  # 40 positions do not reach the farthest buckets
    again = graph.emit(config, weights_of(model, config))
    fed = batch([9, 4, 17], pad=1)
    assert np.abs(onnx_logits(again, fed) - session(model, disable_quant_qdq="1").run(None, fed)[0]).max() < 1e-5


def test_a_folder_without_an_int8_graph(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no onnx/model_quantized.onnx; give the folder of a model exported with"):
        weights.read(tmp_path)
    (tmp_path / "onnx").mkdir()
    (tmp_path / INT8_GRAPH).write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"model_quantized.onnx cannot be read as a graph: .*; export the model again"):
        weights.read(tmp_path)


# channels


def test_channel_factors_by_hand() -> None:
    value, output = np.array([[512.0, 1.0], [0.5, 0.1], [0.0, 0.0]]), np.array([[1 / 512, 8.0, 1.0]])
    assert channel_factors(value, output).tolist() == [2.0**-9, 4.0, 1.0]  # sqrt(2^-18); sqrt(16); no range


@pytest.mark.parametrize("family", ["bert", "distilbert", "mpnet"])
def test_evened_channels_change_no_bit_of_float(family: str) -> None:
    _, config, own = tiny(family)
    fed = batch([9, 4, 17], pad=pad_of(family))
    even = equalise(own, graph.layers(config))
    assert any(not np.array_equal(even[name], own[name]) for name in own)
    np.testing.assert_array_equal(onnx_logits(graph.emit(config, own), fed), onnx_logits(graph.emit(config, even), fed))


def test_three_channels_512_times_as_large_do_no_harm() -> None:
    """Case X09: the change leaves float as it is and ruins one scale a tensor."""
    _, config, own = tiny("bert")
    spoilt = {name: value.copy() for name, value in own.items()}
    for names in graph.layers(config):
        for channel in (3, 11, 17):
            spoilt[f"{names.value}.weight"][channel] *= 512
            spoilt[f"{names.value}.bias"][channel] *= 512
            spoilt[f"{names.attention_output}.weight"][:, channel] /= 512
    layers = graph.layers(config)
    one, two = (quantise(graph.emit(config, equalise(each, layers))) for each in (own, spoilt))
    fed = batch([9, 4, 17], pad=0)
    np.testing.assert_array_equal(onnx_logits(one, fed), onnx_logits(two, fed))
    left = quantise(graph.emit(config, spoilt))
    assert np.abs(onnx_logits(left, fed) - onnx_logits(graph.emit(config, own), fed)).max() > 0.01  # it would


def test_missing_tensors_are_left_to_the_emitter() -> None:
    _, config, own = tiny("bert")
    name = graph.layers(config)[0].value
    del own[f"{name}.bias"]
    with pytest.raises(ModelError, match=r"value\.bias"):
        graph.emit(config, equalise(own, graph.layers(config)))
