from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from limbeck.artefact.manifest import Manifest
from limbeck.errors import ArtefactError
from limbeck.runtime import session as room
from limbeck.runtime.session import Session, answer_probes
from support.tiny import predictor, shared, tiny_graph


def graph_of(tmp_path: Path, inputs: dict[str, int]) -> Path:
    """A graph that gives, for each row, the sum of all its inputs as every logit."""
    declared = [helper.make_tensor_value_info(name, kind, ["b", "t"]) for name, kind in inputs.items()]
    nodes = [helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT) for name in inputs]
    nodes.append(helper.make_node("Sum", [f"{name}_f" for name in inputs], ["total"]))
    nodes.append(helper.make_node("ReduceSum", ["total", "axis"], ["one"], keepdims=1))
    nodes.append(helper.make_node("Concat", ["one"] * 2, ["logits"], axis=1))
    axis = onnx.numpy_helper.from_array(np.array([1], np.int64), "axis")
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", 2])]
    graph = helper.make_graph(nodes, "sum", declared, outputs, [axis])
    path = tmp_path / "graph.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def rows(*lengths: int) -> list[Any]:
    return [np.full(length, 10, np.int32) for length in lengths]


def test_the_declared_inputs_are_fed_and_no_other(tmp_path: Path) -> None:
    ids, ones = rows(3, 1), [np.ones(3, np.int32), np.ones(1, np.int32)]
    all_three = dict.fromkeys(room.INPUTS, TensorProto.INT64)
    assert Session(graph_of(tmp_path, all_three)).run(ids, ones)[:, 0].tolist() == [36.0, 12.0]
    two = {"attention_mask": TensorProto.INT64, "input_ids": TensorProto.INT64}
    assert Session(graph_of(tmp_path, two)).run(ids, ones)[:, 0].tolist() == [33.0, 11.0]
    narrow = {"input_ids": TensorProto.INT32, "attention_mask": TensorProto.FLOAT}
    assert Session(graph_of(tmp_path, narrow)).run(ids, ones)[:, 0].tolist() == [33.0, 11.0]


def test_short_rows_are_filled_with_the_padding_token(tmp_path: Path) -> None:
    session = Session(graph_of(tmp_path, {"input_ids": TensorProto.INT64}))
    types = [np.zeros(3, np.int32), np.zeros(1, np.int32)]
    assert session.run(rows(3, 1), types, pad_id=100)[:, 0].tolist() == [30.0, 210.0]
    assert session.run(rows(3, 1), types, pad_id=100, batch_tokens=1)[:, 0].tolist() == [30.0, 10.0]


def test_another_input_is_refused(tmp_path: Path) -> None:
    path = graph_of(tmp_path, {"pixels": TensorProto.FLOAT})
    with pytest.raises(ArtefactError, match="wants the input 'pixels'; a text model has"):
        Session(path)


def test_a_graph_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "graph.onnx").write_bytes(b"not a graph")
    with pytest.raises(ArtefactError, match=r"onnxruntime [\d.]+ cannot load .*graph\.onnx"):
        Session(tmp_path / "graph.onnx")
    with pytest.raises(ArtefactError, match="cannot load"):
        Session(tmp_path / "missing.onnx")


def test_a_graph_without_a_fixed_width_is_refused(tmp_path: Path) -> None:
    assert Session(graph_of(tmp_path, {"input_ids": TensorProto.INT64})).n_outputs == 2
    declared = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "t"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "t"])]
    node = helper.make_node("Cast", ["input_ids"], ["logits"], to=TensorProto.FLOAT)
    graph = helper.make_graph([node], "cast", declared, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "g.onnx")
    with pytest.raises(ArtefactError, match=r"gives logits of the shape \['b', 't'\]; a classifier's width is fixed"):
        Session(tmp_path / "g.onnx")


def test_no_rows_give_no_logits(tmp_path: Path) -> None:
    onnx.save(tiny_graph(10, 3), tmp_path / "graph.onnx")
    assert Session(tmp_path / "graph.onnx").run([], []).shape == (0, 3)


def test_threads_follow_the_cores_that_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7}, raising=False)
    assert room._options(None).intra_op_num_threads == 3
    assert room._options(2).intra_op_num_threads == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert room._cores() == 1


def test_probes_are_answered_by_the_folder_that_is_about_to_be_sealed() -> None:
    manifest = Manifest.read(shared())
    texts = manifest.probes["texts"]
    assert answer_probes(shared(), manifest, texts) == manifest.probes["logits"]
    assert predictor().logits(texts)[0].tolist() == manifest.probes["logits"]


def test_a_quick_session_gives_the_same_answers(tmp_path: Path) -> None:
    onnx.save(tiny_graph(10, 3), tmp_path / "graph.onnx")
    ids, types = [np.array([1, 4, 7], np.int32)], [np.zeros(3, np.int32)]
    usual, quick = (Session(tmp_path / "graph.onnx", quick=quick) for quick in (False, True))
    np.testing.assert_allclose(usual.run(ids, types), quick.run(ids, types), atol=1e-6)
    assert room._options(1, quick=True).get_session_config_entry("session.disable_prepacking") == "1"
