"""Score a dataset with a predictor; what was scored once is never scored again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import DataError
from limbeck.runtime.predictor import Predictor
from limbeck.scores import Scores, cache_path, standing

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.tasks import TaskLike
    from limbeck.text import Encoded


def score(predictor: Predictor, dataset: Dataset, *, cache: bool = True, file: Path | None = None) -> Scores:
    """Logits of every input of ``dataset``, in its order, with its targets.

    Args:
        predictor: answers.
        dataset: what to ask.
        cache: look in the user's cache first and keep the result there, by the fingerprints of model and data.
        file: stands in for the cache; other scores in it are replaced, and nothing else is.

    Raises:
        DataError: inputs of the wrong kind, labels that the model has no class for, or ``file`` has a suffix that
            scores are not kept in, holds no scores or cannot be written.
        MissingExtra: ``file`` is parquet, and pyarrow is not installed.
    """
    targets = encode_targets(dataset, predictor.task)  # before the work: labels may fit no class
    model, data = predictor.fingerprint, dataset.fingerprint
    path = cache_path(model, data) if file is None and cache else file
    known = _told(standing(file), model, data) if file is not None else _known(path, model, data)
    if known is not None:
        return known
    logits, encoded = predictor.logits(dataset.inputs)
    scores = scores_of(dataset, predictor.task, logits, targets, encoded, model=model)
    if file is not None:
        scores.write(file)
    elif path is not None:
        with contextlib.suppress(DataError):  # a cache that cannot be written costs time only
            scores.write(path)
    return scores


def remembered(model: str) -> list[Scores]:
    """Whatever the model of that fingerprint said, from the user's cache; nothing where that is not there."""
    found = []
    for path in sorted(cache_path(model, "").parent.glob(f"{model[:32]}-*.npz")):
        with contextlib.suppress(DataError):  # a damaged file is no loss
            found.append(Scores.open(path))
    return [scores for scores in found if scores.model == model]


def encode_targets(dataset: Dataset, task: TaskLike) -> NDArray[Any] | None:
    """Targets as ``task`` encodes them, shape ``(N,)``; None for texts without labels."""
    return None if dataset.targets is None else task.encode(dataset.targets)


def scores_of(
    dataset: Dataset,
    task: TaskLike,
    logits: NDArray[Any],
    targets: NDArray[Any] | None,
    encoded: Encoded,
    *,
    model: str,
) -> Scores:
    """The table of what ``model`` said about the inputs of ``dataset``."""
    return Scores(
        ids=np.frombuffer(b"".join(dataset.ids), np.uint8).reshape(-1, 16),
        logits=logits.astype(np.float32, copy=False),
        targets=targets,
        read=encoded.read,
        dropped=encoded.dropped,
        answerable=encoded.answerable,
        model=model,
        data=dataset.fingerprint,
        task=task.to_json(),
    )


def _known(path: Path | None, model: str, data: str) -> Scores | None:
    """The scores in a cache where they are of this model and this dataset; a damaged file is no loss there."""
    try:
        return None if path is None else _told(Scores.open(path), model, data)
    except DataError:
        return None


def _told(scores: Scores | None, model: str, data: str) -> Scores | None:
    """The scores where they are what this model said of this dataset."""
    return scores if scores is not None and (scores.model, scores.data) == (model, data) else None
