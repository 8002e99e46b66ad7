"""What changes an output layer, by hand; that a training calibrates what it saves is tested where it trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from limbeck.passes.calibrate import map_output, scale_output

safetensors = pytest.importorskip("safetensors.numpy")

WEIGHT = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
BIAS = np.array([0.25, -1.0], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    other = np.ones(2, np.float32)
    weights = {"classifier.weight": WEIGHT, "classifier.bias": BIAS, "other.weight": other}
    safetensors.save_file(weights, tmp_path / "model.safetensors")
    return tmp_path


def read(folder: Path) -> dict[str, list[object]]:
    found = safetensors.load_file(folder / "model.safetensors")
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}
    assert found["other.weight"].tolist() == [1.0, 1.0]
    return {name: values.tolist() for name, values in found.items()}


def test_an_output_layer_is_multiplied(folder: Path) -> None:
    scale_output(folder, "classifier", 0.5)
    found = read(folder)
    assert found["classifier.weight"] == [[0.5, -1.0], [0.25, 1.5]]
    assert found["classifier.bias"] == [0.125, -0.5]


def test_an_output_layer_gives_logits_that_are_mapped(folder: Path) -> None:
    matrix, bias = np.array([[1.0, 2.0], [-1.0, 0.0]]), np.array([10.0, 20.0])
    map_output(folder, "classifier", matrix, bias)
    found = read(folder)
    assert found["classifier.weight"] == [[2.0, 4.0], [-1.0, 2.0]]  # of hidden states alone: no bias twice
    assert found["classifier.bias"] == [0.25 - 2.0 + 10.0, -0.25 + 20.0]
