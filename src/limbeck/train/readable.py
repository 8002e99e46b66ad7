"""The rows that a model can read: a blank text is nothing to learn from."""

from __future__ import annotations

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.errors import DataError
from limbeck.text import Encoded, Encoder


def readable(encoder: Encoder, dataset: Dataset, what: str, mend: str = "") -> tuple[Dataset, Encoded]:
    """The rows of ``dataset`` that have a text, and their token ids.

    Raises:
        DataError: none has one; the message calls a row ``what``, and ends with ``mend``.
    """
    encoded = encoder.encode(dataset.inputs)
    kept = np.flatnonzero(encoded.answerable)
    if not len(kept):
        raise DataError(f"{dataset.name}: no {what} has a text to read{mend}")
    return (dataset, encoded) if len(kept) == len(dataset) else (dataset.take(kept), encoded.take(kept))
