"""A fine-tuned classifier as transformers saves it, made into a folder that limbeck asks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from limbeck import models
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.errors import ModelError
from limbeck.models import _hub
from limbeck.runtime.session import answer_probes
from limbeck.settings import record
from limbeck.tasks import TaskLike, make_task
from limbeck.text import TextSettings
from limbeck.train.saving import output_name, versions, write_model


def adopt(source: Path, out: Path) -> Path:
    """Write the classifier in ``source`` as a saved model at ``out``, its weights as they are.

    Its task and its classes are those of ``config.json``: one output is a number, several are classes by their names.

    Raises:
        ModelError: the folder holds no classifier that transformers loads.
    """
    task = _task(_hub.find(str(source)))
    text = TextSettings()
    prepared = models.prepare(models.Request(str(source), [], task, text.max_length, seed=0))
    text = replace(text, max_length=prepared.max_length)
    manifest = Manifest(
        task=task.to_json(),
        text=record(text),
        model={
            "family": "transformer",
            "source": source.name,
            "parameters": sum(value.numel() for value in prepared.model.module.parameters()),
            "output_layer": output_name(prepared.model),
        },
        versions=versions(),
        seed=0,
    )

    def fill(folder: Path) -> Manifest:
        write_model(folder, prepared.model, family="transformer", scale=(1.0, 0.0), log=[])
        return manifest

    seal(out, fill=fill, probe=answer_probes, overwrite=True)
    return out


def _task(folder: Path) -> TaskLike:
    """The task of the output layer that ``config.json`` tells of.

    Raises:
        ModelError: it tells of none.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kinds = config.get("architectures") or []
    if not any("ForSequenceClassification" in kind for kind in kinds):
        raise ModelError(
            f"{folder} is no classifier but {', '.join(kinds) or 'an encoder'}: it has no judgement to teach. "
            f"Fine-tune it first: limbeck train FILE --model {folder} --out teacher/"
        )
    names = {int(n): str(name) for n, name in (config.get("id2label") or {}).items()}
    if len(names) == 1 or config.get("problem_type") == "regression":
        return make_task("regress")
    return make_task("classify", classes=[names[n] for n in sorted(names)])
