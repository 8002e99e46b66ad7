"""What to look at, in an order that pays: the rows of ``--corrections``, likeliest wrong labels first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from limbeck.data.corrections import COLUMNS, CORRECTED, ID, PAIR_COLUMN
from limbeck.data.dataset import Dataset
from limbeck.inspect.duplicates import Group
from limbeck.inspect.errors import Errors
from limbeck.inspect.label_errors import LabelCheck
from limbeck.text import Input

_FAR = 3.0
"""Numbers are listed that are as many deviations away from what the model says."""
_NORMAL = 1.4826
"""Turns a median absolute deviation into a normal distribution's standard deviation."""
_SHOWN = 3
"""Lines of equal or near texts that a reason names."""


def to_look_at(errors: Errors, dataset: Dataset) -> list[dict[str, Any]]:
    """The rows to look at, as the corrections file has them: see :data:`limbeck.data.corrections.COLUMNS`.

    A row is listed where its label is likely wrong, where the model and the second opinion together would rather have
    another one, and where an equal or near text stands under another label. Rows of the same text and label are listed
    once, since one correction holds for all of them.
    """
    reasons = _reasons(errors, dataset)
    classes = errors.report.classes  # the model's: a file may lack some of them, or list them in another order
    listed: set[tuple[bytes, Any]] = set()
    found = []
    for row in _order(errors, dataset, reasons):
        assert dataset.targets is not None
        target = dataset.targets[row]
        if (key := (dataset.ids[row], target)) in listed:
            continue
        listed.add(key)
        entry: dict[str, Any] = dict.fromkeys(columns_of(dataset))
        entry |= {"line": dataset.place(row), "label": target}
        entry |= _texts(dataset.inputs[row])
        if errors.labels is not None and np.isfinite(errors.labels.suspicion[row]):
            suggested = int(errors.labels.suggested[row])
            entry["suggested"] = classes[suggested]
            entry["p"] = round(float(errors.labels.probs[row, suggested]), 4)
            entry["p_label"] = round(float(errors.labels.probs[row, classes.index(str(target))]), 4)
        elif errors.labels is None and np.isfinite(errors.report.losses[row]):
            entry["suggested"] = errors.report.predicted[row]
        entry |= {"reason": "; ".join(reasons[row]), CORRECTED: "", ID: dataset.ids[row].hex()}
        found.append(entry)
    return found


def columns_of(dataset: Dataset) -> list[str]:
    """The columns of the file, in order."""
    return [name for name in COLUMNS if dataset.is_pairs or name != PAIR_COLUMN]


def _order(errors: Errors, dataset: Dataset, reasons: dict[int, list[str]]) -> Iterator[int]:
    ranked = (errors.report.greatest if errors.labels is None else errors.labels.order).tolist()
    yield from (row for row in ranked if row in reasons)
    unranked = set(range(len(dataset))) - set(ranked)
    yield from (row for row in sorted(unranked) if row in reasons)


def _reasons(errors: Errors, dataset: Dataset) -> dict[int, list[str]]:
    """Row -> why it is worth a look."""
    found: dict[int, list[str]] = {}
    if errors.labels is not None:
        likely = set(errors.labels.likely.tolist())
        for row in errors.labels.order.tolist():
            if reason := "likely label error" if row in likely else _of_another(row, errors, errors.labels, dataset):
                found.setdefault(row, []).append(reason)
    elif dataset.task == "regress":
        for row in _far(errors, dataset):
            found.setdefault(row, []).append("far from what the model says")
    for group in errors.duplicates:
        if group.contradicts:
            for row, others in _against(group, dataset):
                kind = "same" if group.is_exact else "nearly the same"
                found.setdefault(row, []).append(f"{kind} text under {_shown(others, dataset)}")
    return found


def _of_another(row: int, errors: Errors, labels: LabelCheck, dataset: Dataset) -> str:
    """Who would rather have the label that is suggested than a row's; empty where only equal texts would, or nobody."""
    assert dataset.targets is not None
    label = dataset.targets[row]
    if errors.report.classes[labels.suggested[row]] == label:
        return ""
    if errors.report.predicted[row] != label:
        return "the model has another answer"
    if errors.report.classes[labels.probs[row].argmax()] != label:  # the model pooled with the regression on pieces
        return "words like these stand under another label"
    return ""


def _far(errors: Errors, dataset: Dataset) -> list[int]:
    apart = np.asarray(dataset.targets, np.float64) - np.asarray(errors.report.predicted, np.float64)
    kept = errors.report.greatest
    middle = float(np.median(apart[kept]))
    spread = _NORMAL * float(np.median(np.abs(apart[kept] - middle)))
    return [row for row in kept.tolist() if abs(apart[row] - middle) > _FAR * spread]


def _against(group: Group, dataset: Dataset) -> Iterator[tuple[int, list[int]]]:
    """Each row of a group, and the first few rows of it that stand under another label."""
    assert dataset.targets is not None
    first_of: dict[Any, int] = {}
    for row in group.rows:
        first_of.setdefault(dataset.targets[row], row)
    for row in group.rows:  # numbers may be as many labels as there are rows: no row looks at more than it names
        others = (first for label, first in first_of.items() if label != dataset.targets[row])
        yield row, list(islice(others, _SHOWN))


def _shown(rows: list[int], dataset: Dataset) -> str:
    assert dataset.targets is not None
    named = []
    for row in rows:
        where = f" ({dataset.where([row])})" if dataset.rows is not None else ""
        named.append(f"{dataset.targets[row]}{where}")
    return ", ".join(named)


def _texts(item: Input) -> dict[str, str]:
    return {"text": item} if isinstance(item, str) else {"text": item[0], PAIR_COLUMN: item[1]}
