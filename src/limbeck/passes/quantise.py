"""Quantise: the weights as int8, a quarter of the bytes; ``limbeck.graph.int8`` has the form.

Promise: the graph takes a byte a weight and a little, a text's answer does not depend on its company, and the same file
answers in float32 where int8 goes wrong. Probes are answered in either precision, so that both can be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck import graph
from limbeck.artefact import probes
from limbeck.artefact.copies import copy_into, files_of, licences_of
from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH, TOKENIZER, WEIGHTS_SUFFIX, Manifest
from limbeck.artefact.save import seal
from limbeck.artefact.verify import verify
from limbeck.errors import ModelError, SettingsError, require, together
from limbeck.graph.equalise import equalise
from limbeck.graph.int8 import quantise
from limbeck.graph.write import note_weights, write_folder
from limbeck.runtime.check import difference
from limbeck.runtime.precision import PRECISIONS, PREFERRED, Precision
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.session import answer_probes

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCES: dict[Precision, float] = {"float32": probes.TOLERANCE, "int8": 0.02}
"""Largest difference of a probability between machines; int8 kernels round activations each in its own way."""
_WEIGHTS = "model.safetensors"
_CONFIG = "config.json"
_RUNTIME = (TOKENIZER, _CONFIG, "tokenizer_config.json")
"""What a folder for the runtime alone keeps, beside the graph and what its licence asks for."""


def apply(folder: Path, out: Path, *, overwrite: bool = False, keep_float: bool = False) -> Manifest:
    """Save ``folder`` at ``out`` with its weights as int8.

    Args:
        folder: a saved model in float32.
        out: where the quantised one goes; the folder itself, with ``overwrite``, to change it in place.
        overwrite: replace a model that stands at ``out``.
        keep_float: keep the float graph and ``model.safetensors`` beside; int8 answers all the same.

    Raises:
        SettingsError: the model is int8 already, or its weights are not in the folder.
        ModelError: its graph cannot be made without torch.
        ArtefactError: ``folder`` has damaged files, or something stands at ``out`` that may not be replaced.
        MissingExtra: onnx is not installed.
    """
    manifest = verify(folder)  # what is made of damaged files would carry new hashes
    config, weights = _source(folder, manifest)

    def fill(staging: Path) -> Manifest:
        _copy(folder, staging, keep_float=keep_float)
        even = equalise(weights, graph.layers(config))
        write_folder(staging, quantise(graph.emit(config, even)), INT8_GRAPH)
        return _described(staging, folder, manifest, keep_float=keep_float)

    return seal(out, fill=fill, probe=answer_probes, overwrite=overwrite)


def check(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """See that a saved model can be quantised, before any work; give its configuration.

    Raises:
        SettingsError: it is int8 already, or its weights are not in the folder.
        ModelError: its graph cannot be made without torch.
        MissingExtra: onnx or safetensors is not installed.
    """
    for module in ("onnx", "safetensors"):
        require(module, "compress")
    if INT8_GRAPH in manifest.files:
        raise SettingsError(f"{str(folder)!r} is int8 already ({INT8_GRAPH}); give the folder of the float model")
    if _WEIGHTS not in manifest.files:
        raise SettingsError(f"{str(folder)!r} has no {_WEIGHTS}, and int8 is made from it; give the folder as trained")
    config: dict[str, Any] = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    reasons = graph.obstacles(config)
    if reasons:
        raise ModelError(f"{str(folder)!r} cannot be quantised: {together(reasons)}")
    return config


def _source(folder: Path, manifest: Manifest) -> tuple[dict[str, Any], Mapping[str, Any]]:
    config = check(folder, manifest)
    return config, require("safetensors.numpy", "compress").load_file(folder / _WEIGHTS)


def _copy(folder: Path, staging: Path, *, keep_float: bool) -> None:
    """What the quantised folder keeps of the float one, but its manifest and its card, which are written anew."""
    lean = [path for path in folder.iterdir() if path.is_file() and path.name in _RUNTIME]
    copy_into(staging, folder, files_of(folder) if keep_float else [*lean, *licences_of(folder)])
    if not keep_float:
        note_weights(staging, beside=False)


def _described(staging: Path, folder: Path, before: Manifest, *, keep_float: bool) -> Manifest:
    """The manifest of the staged folder, with what it says of the probes in each precision."""
    listed: dict[str, dict[str, Any]] = {INT8_GRAPH: {}, **({FLOAT_GRAPH: {}} if keep_float else {})}
    manifest = replace(before, files=listed, probes={})
    texts = probes.draw(staging, seed=manifest.seed or 0, pairs=manifest.is_pairs)
    said: dict[Precision, NDArray[np.float64]] = {}
    for precision in PRECISIONS:
        predictor = Predictor(staging, manifest, precision=precision)
        said[precision] = predictor.logits(texts, refuse=False)[0].astype(np.float64)
    note = {
        "name": "quantise",
        "weights": "int8",
        "bytes_before": _graph_bytes(folder, FLOAT_GRAPH),
        "bytes_after": _graph_bytes(staging, INT8_GRAPH),
        "difference_on_probes": difference(predictor.task, said["float32"], said["int8"]),
        "measured": False,
    }
    recorded: dict[str, Any] = {
        name: {"logits": said[name].tolist(), "tolerance": TOLERANCES[name]} for name in PRECISIONS
    }
    recorded["tolerance"] = TOLERANCES[PREFERRED]
    return replace(manifest, probes=recorded, passes=[*manifest.passes, note])


def _graph_bytes(folder: Path, name: str) -> int:
    """Bytes of a graph, with those of its weights where they stand beside it."""
    paths = (folder / name, folder / (name + WEIGHTS_SUFFIX))
    return sum(path.stat().st_size for path in paths if path.exists())
