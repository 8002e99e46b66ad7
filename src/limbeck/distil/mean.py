"""What several teachers say together, and what was said of each text: pure functions of Scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.data import Dataset
from limbeck.distil.given import table_of
from limbeck.distil.rows import loose_id
from limbeck.metrics import log_softmax
from limbeck.scores import Scores


def mean_of(said: Sequence[Scores]) -> Scores:
    """What several teachers say together: the mean of their probabilities, or numbers, for each input that any knows.

    All teachers that know an input count alike; of one that says several things of it, their mean counts. The classes
    must be the same, in one order.
    """
    if len(said) == 1 and len(np.unique(_keys(said[0]))) == len(said[0]):
        return said[0]
    task = said[0].task
    is_number = task.get("name") == "regress"
    each = [_by_input(*_known(one, is_number=is_number), is_number=is_number) for one in said]
    keys, logits = _by_input(*(np.concatenate(parts) for parts in zip(*each, strict=True)), is_number=is_number)
    model = hashlib.sha256("".join(one.model for one in said).encode()).hexdigest()
    return table_of([key.tobytes() for key in keys], logits, task=task, model=model)


def targets_for(dataset: Dataset, scores: Scores) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What was said of each input: logits of shape ``(N, C)``, and of which inputs something was said, ``(N,)``."""
    logits = np.zeros((len(dataset), scores.logits.shape[1]), np.float32)
    rows = table_of(dataset.ids, logits, task=scores.task, model="").join(scores)
    found = rows >= 0
    found[found] = scores.answered[rows[found]]
    logits[found] = scores.logits[rows[found]]
    return logits, found


def joined(scores: Scores, texts: Dataset | None, dataset: Dataset) -> Scores:
    """What was said, and the same under the ids of inputs that are its own but for what nobody sees (``loose_id``).

    Files that people, spreadsheets and APIs had in their hands are seldom the same to the byte.

    Args:
        scores: what was said.
        texts: of what, a row each; of scores without texts only the inputs are known that are plain already.
        dataset: the inputs that are asked about.
    """
    rows = [int(row) for row in np.flatnonzero(scores.answered)]
    own = {row: scores.ids[row].tobytes() for row in rows}
    known = set(own.values())
    unknown = {key: item for key, item in zip(dataset.ids, dataset.inputs, strict=True) if key not in known}
    if not unknown:
        return scores
    alike: dict[bytes, list[int]] = {}  # all rows of a text, whose mean counts
    for row in rows:
        alike.setdefault(own[row] if texts is None else loose_id(texts.inputs[row]), []).append(row)
    more = [(key, row) for key, item in unknown.items() for row in alike.get(loose_id(item), [])]
    if not more:
        return scores
    taken = [*rows, *(row for _, row in more)]
    keys = [*own.values(), *(key for key, _ in more)]
    return table_of(keys, scores.logits[taken], task=scores.task, model=scores.model)


def _known(scores: Scores, *, is_number: bool) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Ids of the rows that have an answer, and their log-probabilities or numbers, shape ``(N, C)``."""
    rows = scores.answered
    logits = scores.logits[rows].astype(np.float64)
    return _keys(scores)[rows], logits if is_number else log_softmax(logits)


def _by_input(
    keys: NDArray[Any], values: NDArray[np.float64], *, is_number: bool
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Each id once, in the order of their first rows, and the mean of its rows: of logarithms that of what they are of.

    What is next to nothing keeps its logarithm: at a higher temperature it is told from less.
    """
    distinct, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    order, shape = np.argsort(first), (len(distinct), values.shape[1])
    summed, largest = np.zeros(shape), np.full(shape, 0.0 if is_number else -np.inf)
    if not is_number:
        np.maximum.at(largest, inverse, values)
    np.add.at(summed, inverse, values if is_number else np.exp(values - largest[inverse]))
    mean = summed / counts[:, None]
    return distinct[order], (mean if is_number else np.log(mean) + largest)[order]


def _keys(scores: Scores) -> NDArray[Any]:
    return np.ascontiguousarray(scores.ids).view("V16").reshape(-1)
