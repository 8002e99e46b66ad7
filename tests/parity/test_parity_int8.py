"""Every family that ``limbeck.graph`` emits, and ``small``, as int8: near the float model, whole, and free of onnx."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH
from limbeck.graph.weights import read as weights_of
from limbeck.metrics import softmax
from limbeck.passes import quantise
from limbeck.runtime import load
from limbeck.runtime.check import check
from limbeck.runtime.precision import PREFERRED
from support.encoders import EMITTED
from support.saved import TEXTS, saved

MODELS = (*EMITTED, "small")

ANSWER = """
import sys
for name in ("onnx", "safetensors", "torch", "transformers"):
    sys.modules[name] = None
import limbeck
for folder in sys.argv[1:]:
    assert limbeck.load(folder).predict("a lovely film").probs
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("int8")
    for model in MODELS:
        quantise.apply(saved(model), home / model)
    return {model: home / model for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_answers_are_near_those_of_float(exported: dict[str, Path], model: str) -> None:
    int8 = softmax(load(exported[model], precision="int8").logits(list(TEXTS))[0].astype(np.float64))
    float32 = softmax(load(saved(model)).logits(list(TEXTS))[0].astype(np.float64))
    assert 0 < np.abs(int8 - float32).max() < 0.02


@pytest.mark.parametrize("model", MODELS)
def test_probes_agree(exported: dict[str, Path], model: str) -> None:
    report = check(exported[model])
    assert (report.ok, report.precision) == (True, PREFERRED)
    assert report.difference < 1e-5


@pytest.mark.parametrize("model", MODELS)
def test_the_weights_come_back(exported: dict[str, Path], model: str) -> None:
    from safetensors.numpy import load_file

    weights, own = weights_of(exported[model]), load_file(saved(model) / "model.safetensors")
    assert own.keys() - weights.keys() <= {name for name in own if "position_ids" in name}
    assert all(weights[name].shape == own[name].shape for name in weights)
    before, after = saved(model) / FLOAT_GRAPH, exported[model] / INT8_GRAPH
    assert after.stat().st_size < 0.6 * before.stat().st_size  # names and biases weigh in models so small


def test_the_base_install_answers(exported: dict[str, Path]) -> None:
    command = [sys.executable, "-W", "error", "-c", ANSWER, *map(str, exported.values())]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
