"""Score a dataset with a predictor; what was scored once is never scored again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from limbeck.errors import DataError
from limbeck.runtime.predictor import Predictor
from limbeck.scores import Scores, cache_path

if TYPE_CHECKING:
    from limbeck.data import Dataset


def score(predictor: Predictor, dataset: Dataset, *, cache: bool = True) -> Scores:
    """Logits of every input of ``dataset``, in its order, with its targets.

    Args:
        predictor: answers.
        dataset: what to ask.
        cache: look in the user's cache first and keep the result there, by the fingerprints of model and data.

    Raises:
        DataError: inputs of the wrong kind, or labels that the model has no class for.
    """
    targets = None if dataset.targets is None else predictor.task.encode(dataset.targets)
    path = cache_path(predictor.fingerprint, dataset.fingerprint)
    if cache and path.exists():
        with contextlib.suppress(DataError):  # a damaged file in the cache is no loss
            return Scores.open(path)
    logits, encoded = predictor.logits(dataset.inputs)
    scores = Scores(
        ids=np.frombuffer(b"".join(dataset.ids), np.uint8).reshape(-1, 16),
        logits=logits,
        targets=targets,
        read=encoded.read,
        dropped=encoded.dropped,
        answerable=encoded.answerable,
        model=predictor.fingerprint,
        data=dataset.fingerprint,
        task=predictor.task.to_json(),
    )
    if cache:
        with contextlib.suppress(DataError):  # a cache that cannot be written costs time only
            scores.write(path)
    return scores
