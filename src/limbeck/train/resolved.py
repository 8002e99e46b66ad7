"""What a training's task is, and its settings with every default put in."""

from __future__ import annotations

from dataclasses import replace

from limbeck import models
from limbeck.data.dataset import Dataset
from limbeck.errors import DataError
from limbeck.tasks import TaskLike, make_task
from limbeck.train.precision import resolve
from limbeck.train.settings import FitSettings


def task_of(train: Dataset) -> TaskLike:
    """The task that the labels of ``train`` ask for.

    Raises:
        DataError: there is no labelled row, or no classes are told for labels that are names.
    """
    if train.targets is None or not len(train):
        raise DataError(f"{train.name} has no labelled row; name the column of labels with --label-column")
    if train.task == "classify" and not train.classes:
        raise DataError(f"{train.name} tells no classes; limbeck.read finds them, in lists and frames too")
    return make_task(train.task, **({"classes": train.classes} if train.classes else {}))


def resolved(fit: FitSettings, model: str) -> FitSettings:
    """The settings with every default put in; no epochs and no rate for a family that fits itself."""
    likes = models.defaults(model)
    return replace(
        fit,
        epochs=likes.epochs and (fit.epochs or likes.epochs),
        lr=likes.lr and (fit.lr or likes.lr),
        precision=resolve(fit.precision),  # type: ignore[arg-type]
    )
