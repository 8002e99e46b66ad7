"""What is minimised: the task's loss, and for classes its weights, focus and smoothed labels, all of them by name.

Class weights weigh whole texts, and a step's loss is divided by its number of texts, not by the sum of their weights
(torch's mean), so that every text of a run keeps one weight whatever step it falls into. For a rate to mean the same
with weights and without, they are divided by their mean over the training rows: only their ratios matter.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.data.spelling import by_spelling, spelling
from limbeck.errors import SettingsError, nearest, refuse
from limbeck.losses import Loss, classify, get_loss
from limbeck.train.loss_settings import BALANCED, LossSettings

if TYPE_CHECKING:
    from limbeck.tasks import TaskLike


_MOST = 1e30
"""A weight is counted in float32, and so is their sum over the rows."""


@dataclass(frozen=True)
class Objective:
    """A loss with what it was made of."""

    loss: Loss
    class_weights: dict[str, float] | None
    """As given or as balanced, by class name; None where all texts count alike."""
    mean_weight: float
    """Mean of the weights over the training rows, by which the loss divides them."""
    is_plain: bool = True
    """Whether it is the task's loss and nothing else."""

    def record(self, settings: LossSettings) -> dict[str, Any]:
        """What an artefact keeps of it."""
        kept = {"class_weights": self.class_weights, "focal": settings.focal}
        return {**kept, "label_smoothing": settings.label_smoothing}


def make_objective(
    settings: LossSettings, task: TaskLike, targets: NDArray[Any], *, source: str, own: bool
) -> Objective:
    """The loss of ``task`` under ``settings``.

    Args:
        settings: as the user gave them.
        task: with its classes.
        targets: of the training rows, encoded, shape ``(N,)``.
        source: the model's name, for messages.
        own: whether the model's family fits itself, by a loss of its own.

    Raises:
        SettingsError: a class that is none, a weight that is no number, a task or a family that takes none of it.
    """
    flags = settings.given()
    plain = get_loss(task.name)
    if not flags:
        return Objective(plain, None, 1.0)
    if task.name != "classify":
        raise SettingsError(
            f"{_list(flags)} {_verb(flags, 'weigh')} errors of classes; the task is {task.name!r}: leave "
            f"{_pronoun(flags)} out, or name a column of classes with --label-column and --task classify"
        )
    if own:
        raise SettingsError(
            f"{_list(flags)} {_verb(flags, 'change')} the loss of the training loop; --model {source} is fitted "
            f"without it: leave {_pronoun(flags)} out, or fine-tune another --model"
        )
    weights, mean = None, 1.0
    if settings.class_weights is not None:
        counts = np.bincount(targets.astype(np.int64), minlength=len(task.classes))
        weights = class_weights(settings.class_weights, task.classes, counts)
        mean = float(np.dot(counts, list(weights.values())) / counts.sum())
    in_force = None if weights is None else torch.tensor([value / mean for value in weights.values()])
    loss = functools.partial(
        classify.loss, weights=in_force, focal=settings.focal, label_smoothing=settings.label_smoothing
    )
    return Objective(loss, weights, mean, is_plain=False)


def class_weights(given: str, classes: Sequence[str], counts: NDArray[np.int64]) -> dict[str, float]:
    """A weight for each class by its name, in the order of ``classes``.

    ``balanced`` is rows / (classes * rows of the class), counted over the classes that have rows; one without has 1.

    >>> class_weights("b=3", ["a", "b"], np.array([9, 1]))
    {'a': 1.0, 'b': 3.0}
    >>> class_weights("balanced", ["a", "b"], np.array([9, 3]))
    {'a': 0.6666666666666666, 'b': 2.0}

    Raises:
        SettingsError: a name that is no class or stands twice, or a weight that is no number above 0.
    """
    if given == BALANCED:
        present = int((counts > 0).sum())
        even = counts.sum() / present
        return {name: float(even / count) if count else 1.0 for name, count in zip(classes, counts, strict=True)}
    parsed, problems = _parse(given, by_spelling(classes))
    unknown = sorted(set(parsed) - set(classes))
    problems += [f"{name!r} in --class-weights is none of the classes: {nearest(name, classes)}" for name in unknown]
    refuse(problems)
    return {name: parsed.get(name, 1.0) for name in classes}


def _parse(given: str, names: Mapping[str, str]) -> tuple[dict[str, float], list[str]]:
    """Names and weights of ``name=w,name=w``, and what is wrong with it.

    Args:
        given: by the user.
        names: the classes under their spellings; they may hold commas and equals signs.
    """
    weights: dict[str, float] = {}
    problems, pieces = [], given.split(",")
    while pieces:
        n_pieces = _n_pieces(pieces, names)
        text, pieces = ",".join(pieces[:n_pieces]), pieces[n_pieces:]
        name, sign, number = text.rpartition("=")
        name = names.get(spelling(name), name.strip())
        if not sign:
            problems.append(
                f"--class-weights {text!r} is no weight; it takes {BALANCED}, or names and numbers as in spam=5,ham=1"
            )
        elif (weight := _weight(number)) is None:
            problems.append(
                f"--class-weights gives {name!r} the weight {number.strip()!r}; give a number above 0, up to {_MOST:g}"
            )
        elif name in weights:
            problems.append(f"--class-weights names {name!r} twice; give it one weight")
        else:
            weights[name] = weight
    return weights, problems


def _n_pieces(pieces: Sequence[str], names: Mapping[str, str]) -> int:
    """How many pieces between commas are the next name and its weight.

    The fewest that are a class and a weight; without such the fewest that are a class and something else, or anything
    with an equals sign; else all.
    """
    known = signed = 0
    for n_pieces in range(1, len(pieces) + 1):
        name, sign, number = ",".join(pieces[:n_pieces]).rpartition("=")
        if sign and spelling(name) in names:
            if _weight(number) is not None:
                return n_pieces
            known = known or n_pieces
        elif sign:
            signed = signed or n_pieces
    return known or signed or len(pieces)


def _weight(text: str) -> float | None:
    """A number above 0 and up to :data:`_MOST`; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= _MOST else None


def _list(flags: Sequence[str]) -> str:
    return flags[0] if len(flags) == 1 else f"{', '.join(flags[:-1])} and {flags[-1]}"


def _verb(flags: Sequence[str], verb: str) -> str:
    return f"{verb}s" if len(flags) == 1 else verb


def _pronoun(flags: Sequence[str]) -> str:
    return "it" if len(flags) == 1 else "them"
