"""A graph in one file, or with its weights beside it: the same answers, and one name in the folder's fingerprint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import limbeck.graph.write as graph_write
from limbeck import models
from limbeck.artefact.copies import copy_into, files_of
from limbeck.artefact.manifest import INT8_GRAPH
from limbeck.artefact.save import seal
from limbeck.errors import ArtefactError
from limbeck.graph import weights
from limbeck.graph.write import note_weights
from limbeck.passes import quantise
from limbeck.runtime import load
from limbeck.runtime.session import answer_probes
from support.train_data import learner, rows

BIG = np.arange(2_000, dtype=np.float32).reshape(4, 500)
SMALL = np.arange(4, dtype=np.float32)


def product() -> Any:
    """x (batch, 4) times 8,000 bytes of weights, scaled by 16 bytes: one tensor for each file."""
    scaled = helper.make_node("Mul", ["x", "small"], ["scaled"])
    node = helper.make_node("MatMul", ["scaled", "big"], ["y"])
    graph = helper.make_graph(
        [scaled, node],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 500])],
        [numpy_helper.from_array(BIG, "big"), numpy_helper.from_array(SMALL, "small")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def answer(path: Path) -> np.ndarray[Any, Any]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": np.ones((2, 4), np.float32)})[0])


def test_small_weights_stay_in_the_graph(tmp_path: Path) -> None:
    assert graph_write.write(product(), tmp_path / "model.onnx") is False
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert np.array_equal(answer(tmp_path / "model.onnx"), np.tile(SMALL @ BIG, (2, 1)))


def test_large_weights_stand_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    assert graph_write.write(product(), path, one_file_bytes=8_015) is True  # of 8,016
    beside = tmp_path / "model.onnx_data"
    assert beside.stat().st_size >= BIG.nbytes > path.stat().st_size
    assert np.array_equal(answer(path), np.tile(SMALL @ BIG, (2, 1)))


def test_a_graph_written_again_leaves_nothing_of_the_former(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    for _ in range(2):
        graph_write.write(product(), path, one_file_bytes=0)
    assert (tmp_path / "model.onnx_data").stat().st_size < 2 * BIG.nbytes
    graph_write.write(product(), path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_saved_folder_with_weights_beside_its_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    fitted = learner(rows(8))
    fitted.save(tmp_path / "one", calibrated=False)
    monkeypatch.setattr(graph_write, "ONE_FILE_BYTES", 1000)
    fitted.save(tmp_path / "two", calibrated=False)
    assert "onnx/model.onnx_data" in load(tmp_path / "two").manifest.files
    config = json.loads((tmp_path / "two" / "config.json").read_text())
    assert config["transformers.js_config"] == {"use_external_data_format": {"model.onnx": True}}
    texts = ["a lovely film", "a dull room"]
    one, two = (load(tmp_path / name) for name in ("one", "two"))
    assert np.array_equal(one.logits(texts)[0], two.logits(texts)[0])
    assert one.fingerprint != two.fingerprint
    manifest = two.manifest

    def scaled(staging: Path) -> Any:
        from limbeck.passes.calibrate import scale_output

        copy_into(staging, tmp_path / "two", files_of(tmp_path / "two"))
        scale_output(staging, manifest.model["output_layer"], 0.5)
        models.write_graph(staging, manifest.model["family"])
        return manifest

    seal(tmp_path / "half", fill=scaled, probe=answer_probes)
    half = load(tmp_path / "half")
    assert np.allclose(half.logits(texts)[0] * 2, two.logits(texts)[0], atol=1e-6)
    assert half.fingerprint != two.fingerprint


def test_a_flipped_bit_in_the_weights_beside_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(graph_write, "ONE_FILE_BYTES", 1000)
    learner(rows(8)).save(tmp_path / "model", calibrated=False)
    beside = tmp_path / "model" / "onnx" / "model.onnx_data"
    content = bytearray(beside.read_bytes())
    content[len(content) // 2] ^= 1
    beside.write_bytes(content)
    with pytest.raises(ArtefactError, match=r"onnx/model\.onnx_data"):
        load(tmp_path / "model")
    beside.unlink()
    with pytest.raises(ArtefactError, match=r"onnx/model.onnx_data.* missing"):
        load(tmp_path / "model")


def test_config_says_where_the_weights_stand_as_long_as_it_is_so(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_type": "bert", "transformers.js_config": {"dtype": "q8"}}')
    note_weights(tmp_path, beside=True)
    told = json.loads(path.read_text())["transformers.js_config"]
    assert told == {"dtype": "q8", "use_external_data_format": {"model.onnx": True}}
    note_weights(tmp_path, beside=False)
    assert json.loads(path.read_text())["transformers.js_config"] == {"dtype": "q8"}
    path.write_text('{"transformers.js_config": {"use_external_data_format": {"model.onnx": true}}}')
    note_weights(tmp_path, beside=False)
    assert json.loads(path.read_text()) == {}


def test_config_says_so_of_each_graph_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    note_weights(tmp_path, beside=True)
    note_weights(tmp_path, beside=True, graph=INT8_GRAPH)
    both = {"model.onnx": True, "model_quantized.onnx": True}
    assert json.loads(path.read_text())["transformers.js_config"] == {"use_external_data_format": both}
    note_weights(tmp_path, beside=False)
    left = {"model_quantized.onnx": True}
    assert json.loads(path.read_text())["transformers.js_config"] == {"use_external_data_format": left}


def test_int8_weights_beside_their_graph_answer_and_are_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    learner(rows(8)).save(tmp_path / "model", calibrated=False)
    quantise.apply(tmp_path / "model", tmp_path / "one")
    monkeypatch.setattr(graph_write, "ONE_FILE_BYTES", 1000)
    quantise.apply(tmp_path / "model", tmp_path / "two")
    files = load(tmp_path / "two").manifest.files
    assert files[INT8_GRAPH + "_data"]["bytes"] > 10_000
    config = json.loads((tmp_path / "two" / "config.json").read_text())
    assert config["transformers.js_config"] == {"use_external_data_format": {"model_quantized.onnx": True}}
    texts = ["a lovely film", "a dull room"]
    for options in ({}, {"precision": "int8"}, {"quick": True}):
        one, two = (load(tmp_path / name, **options).logits(texts)[0] for name in ("one", "two"))
        assert np.array_equal(one, two)
    before, after = (weights.read(tmp_path / name) for name in ("one", "two"))
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
