"""What a trained model leaves in its folder: weights, tokenizer, graph, the log of the training."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from limbeck import models
from limbeck.artefact.manifest import Manifest
from limbeck.data.record import data_record
from limbeck.settings import record
from limbeck.train.rounds import training_of

if TYPE_CHECKING:
    from limbeck.train.learner import Learner


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
