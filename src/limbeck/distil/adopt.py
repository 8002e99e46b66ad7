"""A fine-tuned classifier as transformers saves it, made into a folder that limbeck asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.errors import ModelError
from limbeck.models import _hub
from limbeck.models.transformer import has_output_layer, load, max_positions
from limbeck.runtime.session import answer_probes
from limbeck.settings import record
from limbeck.tasks import TaskLike, make_task
from limbeck.text import TextSettings
from limbeck.train.saving import output_name, versions, write_model

MOST_TOKENS = 512
"""Tokens that it reads of a text, where its positions reach so far: as many as transformers' pipeline gives it."""


def adopt(source: Path, out: Path, *, pairs: bool = False) -> Path:
    """Write the classifier in ``source`` as a saved model at ``out``, its weights as they are.

    Its task and its classes are those of ``config.json``: one output is a number, several are classes by their names.

    Args:
        source: the folder.
        out: what is written.
        pairs: it was fine-tuned on pairs of texts, of which ``config.json`` says nothing.

    Raises:
        ModelError: the folder holds no classifier that transformers loads, or one that limbeck has no task for.
    """
    folder = _hub.find(str(source))
    _see_that_it_judges(folder)
    model = load(folder, judges=True)
    text = TextSettings(max_length=min(MOST_TOKENS, max_positions(model.inner.config)))
    manifest = Manifest(
        task=_task(model.inner.config, folder).to_json(),
        text=record(text),
        model={
            "family": "transformer",
            "source": folder.resolve().name,
            "parameters": sum(value.numel() for value in model.parameters()),
            "output_layer": output_name(model),
        },
        inputs="pair" if pairs else "text",
        versions=versions(),
        seed=0,
    )

    def fill(staging: Path) -> Manifest:
        write_model(staging, model, family="transformer", scale=(1.0, 0.0), log=[])
        return manifest

    seal(out, fill=fill, probe=answer_probes, overwrite=True)
    return out


def _see_that_it_judges(folder: Path) -> None:
    """See that the folder has an output layer: transformers would put a random one on an encoder.

    Raises:
        ModelError: it has none, or its configuration cannot be read.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is damaged: {error}; copy the model's folder again") from None
    if not isinstance(config, dict):
        raise ModelError(f"{path} holds no json object; copy the model's folder again")
    kinds = [str(kind) for kind in config.get("architectures") or []]
    if not has_output_layer(kinds):
        raise ModelError(
            f"{folder} is no classifier but {', '.join(kinds) or 'an encoder'}: it has no judgement to teach. "
            f"Fine-tune it first: limbeck train FILE --model {folder} --out teacher/"
        )


def _task(config: Any, folder: Path) -> TaskLike:
    """The task of the output layer that a configuration of transformers tells of.

    Raises:
        ModelError: it is none that limbeck has.
    """
    names = [str(config.id2label[n]) for n in sorted(config.id2label)]
    kind = config.problem_type
    if kind == "multi_label_classification":
        raise ModelError(
            f"{folder} gives several labels to a text (problem_type {kind!r}); a teacher gives one of them"
        )
    if len(names) == 1:
        return make_task("regress")
    if kind == "regression":
        raise ModelError(f"{folder} gives {len(names)} numbers to a text; a teacher gives one number, or classes")
    if len(set(names)) < len(names):
        raise ModelError(f"{folder / 'config.json'} names two classes alike: {names}; mend its id2label")
    return make_task("classify", classes=names)
