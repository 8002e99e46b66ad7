"""Teachers and lessons for tests of distillation: a random classifier, and what it says of a few dozen rows."""

from __future__ import annotations

import atexit
import functools
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limbeck.data import Dataset
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.given import table_of
from limbeck.distil.lesson import Lesson
from limbeck.distil.settings import DistilSettings
from limbeck.distil.taught import learner_of
from limbeck.models.transformer import load
from limbeck.text import TextSettings
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.encoders import make, scatter
from support.train_data import rows

ALL = BesideSettings(hidden=1.0, cosine=0.5, relations=0.25)
"""All losses over tokens, each with a weight of its own."""
PARTS = ("soft", "hard", "hidden", "cosine", "relations")


def classifier(family: str = "bert", **changes: Any) -> Path:
    """A folder with a random classifier of good and bad, as transformers saves it; tests read it and never change it.

    Args:
        family: of :mod:`support.encoders`.
        changes: further entries of the configuration, or ``dropout=True``.
    """
    return _classifier(family, tuple(sorted(changes.items())))


def wide() -> Path:
    """A teacher of twice the width and twice the layers."""
    return classifier(hidden_size=64, num_hidden_layers=4, intermediate_size=96)


def said_by(folder: Path, inputs: Sequence[Any]) -> NDArray[np.float32]:
    """Logits of a classifier, by torch: shape ``(N, C)``."""
    data = Dataset(list(inputs), ["bad"] * len(inputs), "classify", ("bad", "good"))
    made = Learner(data, model=str(folder), text=TextSettings(max_length=32), fit=FitSettings(precision="float32"))
    return made.forward(np.arange(len(inputs))).astype(np.float32)


def lesson(
    train: Dataset,
    valid: Dataset | None = None,
    *,
    teacher: Path | None = None,
    logits: NDArray[np.float32] | None = None,
    unlabelled: Sequence[int] = (),
) -> Lesson:
    """What a teacher says of all rows; some of them count as unlabelled."""
    folder = teacher or classifier()
    logits = said_by(folder, train.inputs) if logits is None else logits
    is_labelled = np.ones(len(train), np.bool_)
    is_labelled[list(unlabelled)] = False
    task: dict[str, Any] = {"name": train.task}
    if train.classes:
        task["classes"] = list(train.classes)
    said_of_valid = None
    if valid is not None and train.task == "classify":
        said_of_valid = table_of(valid.ids, said_by(folder, valid.inputs), task=task, model="ab")
    return Lesson(
        train=train,
        logits=logits,
        is_labelled=is_labelled,
        valid=valid,
        valid_is_labelled=valid is not None,
        said_of_valid=said_of_valid,
        scores=table_of(train.ids, logits, task=task, model="ab"),
        teachers=({"name": folder.name, "fingerprint": "ab"},),
    )


def learner(
    taught: Lesson,
    student: Path | str | None = None,
    *,
    teacher: Path | None = None,
    distil: DistilSettings | None = None,
    beside: BesideSettings | None = None,
    **fit: Any,
) -> Learner:
    """A learner of a student with the lesson before it, in float32, rows of four a batch."""
    settings = {"batch_size": 4, "epochs": 2, "lr": 1e-3, "precision": "float32", **fit}
    return learner_of(
        taught,
        str(student or classifier()),
        text=TextSettings(max_length=32),
        fit=FitSettings(**settings),
        distil=distil,
        beside=beside,
        teacher=teacher,
    )


def with_all_parts(taught: Lesson | None = None, **fit: Any) -> Learner:
    """A student beside a teacher of another width, of some rows that have labels and some that have none."""
    taught = taught or lesson(rows(30), rows(40).take(range(30, 40)), teacher=wide(), unlabelled=range(0, 30, 3))
    distil = DistilSettings(temperature=2.0, hard=0.25)
    return learner(taught, teacher=wide(), distil=distil, beside=ALL, **fit)


def hashes(path: Path) -> dict[str, str]:
    """The hash of each file under a folder."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def weights(made: Learner) -> dict[str, Tensor]:
    """A copy of all weights of the learner's module, the projection's among them."""
    return {name: value.clone() for name, value in made.model.module.state_dict().items()}


def log_of(made: Learner) -> list[dict[str, Any]]:
    """What the loop wrote down."""
    assert made.progress is not None
    return made.progress.log


def updates(made: Learner) -> list[dict[str, Any]]:
    """The entries of updates whose loss has parts."""
    return [entry for entry in log_of(made) if "parts" in entry]


def fitted(made: Learner, *arguments: Any, **options: Any) -> Learner:
    """The learner, after its fit."""
    made.fit(*arguments, **options)
    return made


@functools.cache
def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="limbeck-taught-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


@functools.cache
def _classifier(family: str, changes: tuple[tuple[str, Any], ...]) -> Path:
    name = "-".join([family, *(f"{key}-{value}" for key, value in changes)])
    out = make(_home() / name, family, classes=("bad", "good"), **dict(changes))
    model = load(out)
    scatter(model.inner)
    with torch.no_grad():
        model.write(out)
    return out
