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

    Raises:
        ValueError: the rows of the two are not of the same lengths.

    >>> pad([np.array([5, 6]), np.array([7])], [np.array([0, 1]), np.array([0])], 9)["input_ids"].tolist()
    [[5, 6], [7, 9]]
    """
    lengths = np.array(list(map(len, rows)), np.int64)
    if lengths.tolist() != list(map(len, type_rows)):
        raise ValueError("rows of token ids and of segment ids come in pairs of one length")
    is_token = np.arange(lengths.max(initial=0)) < lengths[:, None]
    ids, types = np.full(is_token.shape, pad_id, np.int64), np.zeros(is_token.shape, np.int64)
    if len(rows):
        ids[is_token], types[is_token] = np.concatenate(rows), np.concatenate(type_rows)
    return {"input_ids": ids, "attention_mask": is_token.astype(np.int64), "token_type_ids": types}
