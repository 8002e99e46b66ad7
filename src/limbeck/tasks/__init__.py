"""What the extra output layer learns: one file a task, numpy only, since the torch-free predictor decodes with it.

A task's module defines ``Task`` with the methods of :class:`TaskLike`. The loss that trains it is the file of the
same name in ``limbeck.losses``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import ArtefactError
from limbeck.table import Table

TASKS = Table("limbeck.tasks", noun="task", flag="--task")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """What a task makes of logits."""

    predicted: list[str] | list[float]
    """The answer to each row: a class name, or a number."""
    columns: dict[str, Array] = field(default_factory=dict)
    """Further columns of an answer in their order, such as ``p_<class>``: shape ``(N,)`` each."""

    @property
    def compared(self) -> dict[str, Array]:
        """The columns that tell how far two models are apart: probabilities where there are such, else all.

        A ``score``, the difference of two probabilities, moves by up to twice as much as they do.
        """
        return {name: values for name, values in self.columns.items() if name.startswith("p_")} or self.columns


class TaskLike(Protocol):
    """The contract of a task."""

    name: str
    classes: tuple[str, ...]

    @property
    def n_outputs(self) -> int:
        """Width of the output layer."""
        ...

    def encode(self, targets: Sequence[Any]) -> NDArray[Any]:
        """Targets of a dataset as numbers that :meth:`loss` and the training loss take: shape ``(N,)``."""
        ...

    def output_scale(self, targets: NDArray[Any]) -> tuple[float, float]:
        """Factor and offset to fold into the trained output layer, so that logits are in the targets' units."""
        ...

    def decode(self, logits: Array) -> Answers:
        """Answers from logits of shape ``(N, n_outputs)``."""
        ...

    def loss(self, logits: Array, targets: NDArray[Any]) -> Array:
        """Loss of each row: shape ``(N,)``."""
        ...

    def metrics(self, logits: Array, targets: NDArray[Any]) -> dict[str, float]:
        """Measures by name; the first is the one to quote."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What ``limbeck.json`` records: ``name`` and what the task's constructor takes."""
        ...


def make_task(name: str, **arguments: Any) -> TaskLike:
    """Build the task called ``name``.

    Raises:
        SettingsError: there is none of that name.
    """
    task: TaskLike = TASKS.module(name).Task(**arguments)
    return task


def task_from_json(record: dict[str, Any]) -> TaskLike:
    """Build the task that ``limbeck.json`` records.

    Raises:
        ArtefactError: the record lacks a name, or does not hold what the task of that name takes.
        SettingsError: there is no task of that name.
    """
    arguments = dict(record)
    name = arguments.pop("name", None)
    if not isinstance(name, str):
        raise ArtefactError(
            f"limbeck.json records the task {record!r}, without a name; train or export the folder again"
        )
    try:
        return make_task(name, **arguments)
    except TypeError as error:
        raise ArtefactError(f"limbeck.json records the task {record!r}: {error}; upgrade limbeck") from None
