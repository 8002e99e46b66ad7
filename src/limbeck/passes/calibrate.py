"""Calibrate: one temperature, fitted on held-back rows and folded into the last layer.

Promise: no label changes (all logits of a text are divided by one positive number), and the loss on those rows does
not rise: where it would, or where the rows are too few to tell, the weights stay as they are (temperature 1).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limbeck import models
from limbeck.artefact.copies import copy_into, files_of
from limbeck.artefact.manifest import INT8_GRAPH, Manifest
from limbeck.artefact.save import seal
from limbeck.artefact.verify import verify
from limbeck.data.dataset import Dataset
from limbeck.errors import DataError, SettingsError, require
from limbeck.inspect.calibrate import BOUNDS, temperature
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.score import score
from limbeck.runtime.session import answer_probes

MIN_ROWS = 50
"""Fewer rows cannot tell a temperature: fitted to 16, it made the loss on other rows worse than a coin's."""


def apply(folder: Path, out: Path, dataset: Dataset, *, overwrite: bool = False) -> Manifest:
    """Save ``folder`` calibrated on ``dataset`` at ``out``.

    Args:
        folder: a saved classifier.
        out: where the calibrated one goes.
        dataset: labelled rows that the weights were not fitted to.
        overwrite: replace a model that stands at ``out``.

    Raises:
        SettingsError: the model is no classifier, or is int8.
        ArtefactError: ``folder`` has damaged files, or something stands at ``out`` that may not be replaced.
        DataError: no row has an answer, or a label is none of the classes.
    """
    manifest = verify(folder)  # what is made of damaged files would carry new hashes
    if INT8_GRAPH in manifest.files:
        raise SettingsError(f"{str(folder)!r} is int8 already; calibrate the float model, then export it with --int8")

    def fill(staging: Path) -> Manifest:
        copy_into(staging, folder, files_of(folder))
        return fold(staging, replace(manifest, files={}, probes={}), dataset)

    return seal(out, fill=fill, probe=answer_probes, overwrite=overwrite)


def fold(staging: Path, manifest: Manifest, dataset: Dataset) -> Manifest:
    """Calibrate an unsealed folder in place, and give its manifest with the measures of the new graph.

    ``metrics.jsonl`` gets a line with the loss of the graph before and after.

    Raises:
        SettingsError: the model is no classifier.
        DataError: no row has an answer, or a label is none of the classes.
    """
    predictor = Predictor(staging, manifest)
    if predictor.task.name != "classify":
        raise SettingsError(f"the task is {predictor.task.name!r}; only classifiers have a temperature")
    scores = score(predictor, dataset, cache=False)
    kept = scores.answered
    if not kept.any():
        raise DataError(f"{dataset.name}: no row has an answer to calibrate by; give labelled rows that it can read")
    targets = predictor.task.encode(dataset.targets or [])[kept]
    logits = scores.logits[kept].astype(np.float64)
    found = temperature(logits, targets)
    before = float(predictor.task.loss(logits, targets).mean())
    tells = len(targets) >= MIN_ROWS and found > BOUNDS[0]  # at the bound the rows are all right, and say no more
    if not tells or float(predictor.task.loss(logits / found, targets).mean()) > before:
        found = 1.0
    if found != 1.0:
        scale_output(staging, manifest.model["output_layer"], 1 / found)
        models.write_graph(staging, manifest.model["family"])
        logits = score(Predictor(staging, manifest), dataset, cache=False).logits[kept].astype(np.float64)
    metrics = predictor.task.metrics(logits, targets)
    note = {
        "name": "calibrate",
        "temperature": found,
        "rows": len(targets),
        "data": dataset.fingerprint,
        "loss_before": before,
        "loss_after": metrics["loss"],
    }
    with (staging / "metrics.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"pass": note}) + "\n")
    return replace(manifest, metrics=metrics, passes=[*manifest.passes, note])


def scale_output(folder: Path, layer: str, factor: float) -> None:
    """Multiply weight and bias of the linear layer called ``layer`` in ``model.safetensors``."""
    _change_output(folder, layer, lambda values: values * factor)


def map_output(folder: Path, layer: str, matrix: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
    """Have the linear layer called ``layer`` in ``model.safetensors`` give ``matrix @ logits + bias``.

    Args:
        folder: it has the file.
        layer: name of the layer; it gives ``C`` logits.
        matrix: shape ``(C, C)``.
        bias: shape ``(C,)``.
    """
    _change_output(folder, layer, lambda values: matrix @ values + (bias if values.ndim == 1 else 0.0))


def _change_output(folder: Path, layer: str, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
    """Change weight ``(C, width)`` and bias ``(C,)`` of a linear layer in ``model.safetensors``."""
    safetensors = require("safetensors.numpy", "compress")
    path = folder / "model.safetensors"
    weights = safetensors.load_file(path)
    for name in (f"{layer}.weight", f"{layer}.bias"):
        weights[name] = change(weights[name].astype(np.float64)).astype(weights[name].dtype)
    safetensors.save_file(weights, path, metadata={"format": "pt"})
