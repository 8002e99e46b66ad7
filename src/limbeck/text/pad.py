"""Rows of unlike length as one rectangle, for training's batches and the graph's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pad(
    rows: Sequence[NDArray[np.int32]], type_rows: Sequence[NDArray[np.int32]], pad_id: int
) -> dict[str, NDArray[np.int64]]:
    """Give ``input_ids``, ``attention_mask`` and ``token_type_ids`` of shape ``(B, T)``, T the longest row's length.

    Args:
        rows: token ids of each row.
        type_rows: segment ids of each row.
        pad_id: fills short rows up; the mask is 0 there, and so is the segment.

    >>> pad([np.array([5, 6]), np.array([7])], [np.array([0, 1]), np.array([0])], 9)["input_ids"].tolist()
    [[5, 6], [7, 9]]
    """
    shape = (len(rows), max(map(len, rows), default=0))
    ids, mask, types = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for n, (row, type_row) in enumerate(zip(rows, type_rows, strict=True)):
        ids[n, : len(row)] = row
        mask[n, : len(row)] = 1
        types[n, : len(row)] = type_row
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
