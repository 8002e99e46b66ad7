"""What a trained model leaves in its folder: weights, tokenizer, graph, the log of the training."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from limbeck import models
from limbeck.artefact.card import AGREEMENT
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.data.record import data_record
from limbeck.passes import calibrate as calibration
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.score import score
from limbeck.runtime.session import answer_probes
from limbeck.settings import record
from limbeck.train.processes import join
from limbeck.train.rounds import log_of, training_of

if TYPE_CHECKING:
    from limbeck.train.learner import Learner


Finish = Callable[[Path, Manifest], Manifest]
"""Adds to the manifest of a folder that is measured and not yet sealed."""


def save(
    learner: Learner, out: Path | str, *, calibrated: bool, overwrite: bool, finish: Finish | None = None
) -> Manifest:
    """Save a learner's model; see :meth:`limbeck.train.learner.Learner.save`."""

    def fill(folder: Path) -> Manifest:
        manifest = _fill(learner, folder)
        labelled = None if learner.taught.get("valid") == AGREEMENT else learner.valid
        if calibrated and labelled is not None and learner.task.name == "classify":
            manifest = calibration.fold(folder, manifest, labelled)
        else:
            manifest = _measured(learner, folder, manifest)
        return manifest if finish is None else finish(folder, manifest)

    def write() -> Manifest:
        return seal(out, fill=fill, probe=answer_probes, overwrite=overwrite)

    processes = join()
    if processes.count == 1:
        return write()
    return Manifest.from_bytes(processes.first(lambda: write().to_bytes().decode()).encode())


def _fill(learner: Learner, folder: Path) -> Manifest:
    """Write weights, tokenizer, graph and the log of the training."""
    family, log = models.family_of(learner.source), log_of(learner.rounds)
    write_model(folder, learner.model, family=family, scale=learner.scale, log=log)
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    manifest = manifest_of(learner)
    return replace(manifest, model={**manifest.model, "model_type": kind})


def _measured(learner: Learner, folder: Path, manifest: Manifest) -> Manifest:
    """Add what the graph in ``folder`` gets on the validation rows, where there are any."""
    if learner.valid is None:
        return manifest
    scores = score(Predictor(folder, manifest), learner.valid, cache=False)
    kept, targets = scores.answerable, learner.task.encode(learner.valid.targets or [])
    return replace(manifest, metrics=learner.task.metrics(scores.logits[kept].astype(np.float64), targets[kept]))


def write_model(
    folder: Path,
    model: models.TextModel,
    *,
    family: str,
    scale: tuple[float, float],
    log: Sequence[Mapping[str, Any]],
) -> None:
    """Write all files of a model but the manifest and the card.

    Args:
        folder: an empty folder.
        model: the trained model; it is left as it was.
        family: whose file in ``limbeck.models`` exports it.
        scale: factor and offset that bring logits into the targets' units, folded into the last layer.
        log: what ``metrics.jsonl`` will hold, an entry a line.
    """
    with folded(model.output_layer(), *scale):
        model.write(folder)
    models.write_graph(folder, family)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in log), encoding="utf-8")


class folded:  # noqa: N801 - reads as a verb in a with statement
    """While it is open, a factor and an offset are folded into a linear layer; the layer is put back after."""

    def __init__(self, layer: torch.nn.Linear, scale: float, offset: float) -> None:
        self.layer, self.scale, self.offset = layer, scale, offset
        self._before = (layer.weight.detach().clone(), layer.bias.detach().clone())

    def __enter__(self) -> None:
        with torch.no_grad():
            self.layer.weight.mul_(self.scale)
            self.layer.bias.mul_(self.scale).add_(self.offset)

    def __exit__(self, *_: object) -> None:
        with torch.no_grad():
            self.layer.weight.copy_(self._before[0])
            self.layer.bias.copy_(self._before[1])


def manifest_of(learner: Learner) -> Manifest:
    """What is known of a learner's model before anything of it is measured."""
    train, valid = learner.train, learner.valid
    return Manifest(
        task=learner.task.to_json(),
        text=record(learner.text),
        model={
            "family": models.family_of(learner.source),
            "source": models.shown(models.origin(learner.source)),
            "parameters": learner.n_parameters(),
            "output_layer": output_name(learner.model),
        },
        inputs="pair" if train.is_pairs else "text",
        **learner.inherited.record,
        settings=learner.settings,
        seed=learner.fit_settings.seed,
        versions=versions(),
        data=data_record(train, valid),
        training={
            **training_of(learner.rounds),
            "precision": learner.fit_settings.precision,
            **({"chosen": learner.chosen} if learner.chosen else {}),
            **({"taught": learner.taught} if learner.taught else {}),
        },
    )


def output_name(model: models.TextModel) -> str:
    """Name of the output layer in ``model.safetensors``."""
    layer = model.output_layer()
    return str(next(name for name, part in saved_part(model).named_modules() if part is layer))


def saved_part(model: models.TextModel) -> torch.nn.Module:
    """The module whose weights ``model.safetensors`` holds; a step may hang more on the model while it is trained."""
    part: torch.nn.Module = getattr(model, "inner", model.module)
    return part


def versions() -> dict[str, str]:
    """Versions of what decides a result."""
    names = ("limbeck", "torch", "transformers", "tokenizers", "onnx", "onnxruntime", "numpy")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
