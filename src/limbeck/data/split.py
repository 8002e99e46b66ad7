"""Cut a validation part off a dataset: stratified, seeded, and without one text on both sides.

Rows with the same input move together, so a text seen in training is never scored in validation. Every class keeps a
row in the training part, and one that occurs once is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.errors import PROBLEMS_SHOWN, SettingsError, quoted

_BINS = 10
_BIN_ROWS = 5
"""Regression: at most ten quantile bins, of at least five rows."""


def split(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Give the training and the validation part, both in the order of ``dataset``, with its classes.

    Args:
        dataset: classes are cut in proportion; numbers in quantile bins; unlabelled rows at random.
        fraction: the share of rows for validation, 0 (an empty part) up to below 1.
        seed: the same seed cuts the same way.

    Raises:
        SettingsError: ``fraction`` or ``seed`` is out of range.
    """
    if not 0 <= fraction < 1:
        raise SettingsError(f"the validation fraction is {fraction}; it must be at least 0 and below 1")
    if seed < 0:
        raise SettingsError(f"the seed is {seed}; it must be at least 0")
    strata = _strata(dataset)
    quotas = _quotas([sum(map(len, groups)) for groups in strata], fraction)
    rng = np.random.default_rng(seed)
    chosen: list[list[int]] = []
    for groups, quota in zip(strata, quotas, strict=True):
        order = [groups[place] for place in rng.permutation(len(groups))]
        chosen.extend(_fill(order, quota))
    chosen = _give_back(dataset, chosen)
    valid_rows = sorted(row for group in chosen for row in group)
    taken = set(valid_rows)
    train = dataset.take(row for row in range(len(dataset)) if row not in taken)
    notices = _notices(dataset, strata, len(valid_rows), fraction)
    return replace(train, notices=notices), dataset.take(valid_rows)


def _strata(dataset: Dataset) -> list[list[list[int]]]:
    """Group rows of the same input, and the groups by the class or quantile bin of their first row."""
    groups: dict[bytes, list[int]] = {}
    for row, key in enumerate(dataset.ids):
        groups.setdefault(key, []).append(row)
    stratum_of = _stratum_of_rows(dataset)
    strata: dict[int, list[list[int]]] = {}
    for group in groups.values():
        strata.setdefault(stratum_of[group[0]], []).append(group)
    return [strata[key] for key in sorted(strata)]


def _stratum_of_rows(dataset: Dataset) -> list[int]:
    if dataset.targets is None or not len(dataset):
        return [0] * len(dataset)
    if dataset.task != "regress":
        place = {name: index for index, name in enumerate(dataset.classes)}
        return [place[str(target)] for target in dataset.targets]
    n_rows = len(dataset)
    n_bins = max(1, min(_BINS, n_rows // _BIN_ROWS))
    ranks = np.empty(n_rows, dtype=np.int64)
    ranks[np.argsort(np.asarray(dataset.targets, dtype=np.float64), kind="stable")] = np.arange(n_rows)
    return [int(rank) * n_bins // n_rows for rank in ranks]


def _quotas(sizes: Sequence[int], fraction: float) -> list[int]:
    """Share ``fraction`` of all rows out over the strata: the whole parts, then the largest remainders."""
    exact = [size * fraction for size in sizes]
    quotas = [int(share) for share in exact]
    order = sorted(range(len(sizes)), key=lambda index: (quotas[index] - exact[index], -sizes[index]))
    for index in order[: max(0, round(sum(exact)) - sum(quotas))]:
        quotas[index] += 1
    return quotas


def _fill(groups: Sequence[list[int]], quota: int) -> list[list[int]]:
    """Take groups until ``quota`` rows are there; one group stays behind."""
    taken: list[list[int]] = []
    n_rows = 0
    for group in groups[:-1]:
        if n_rows + len(group) <= quota:
            taken.append(group)
            n_rows += len(group)
    return taken


def _give_back(dataset: Dataset, chosen: list[list[int]]) -> list[list[int]]:
    """Return groups to training whose rows are the last of a class (a text that stands under two labels)."""
    if dataset.targets is None or dataset.task == "regress":
        return chosen
    left = dataset.counts()
    for group in chosen:
        for row in group:
            left[str(dataset.targets[row])] -= 1
    kept = []
    for group in chosen:
        labels = [str(dataset.targets[row]) for row in group]
        if any(left[label] == 0 for label in labels):
            for label in labels:
                left[label] += 1
        else:
            kept.append(group)
    return kept


def _notices(dataset: Dataset, strata: Sequence[Sequence[list[int]]], n_valid: int, fraction: float) -> tuple[str, ...]:
    if not fraction:
        return ()
    single = [name for name, n_rows in dataset.counts().items() if n_rows == 1]
    notices = []
    if len(single) == 1:
        notices.append(
            f"class {quoted(single[0])} has 1 row: it stays in the training part, and validation says nothing about it"
        )
    elif single:
        more = f" and {len(single) - PROBLEMS_SHOWN} more" if len(single) > PROBLEMS_SHOWN else ""
        notices.append(
            f"{len(single)} classes have 1 row each: these stay in the training part, and validation says nothing "
            f"about them ({', '.join(map(quoted, single[:PROBLEMS_SHOWN]))}{more})"
        )
    if not n_valid:
        n_groups = sum(map(len, strata))
        notices.append(f"no row for validation: {fraction} of {len(dataset)} rows ({n_groups} distinct texts)")
    return tuple(notices)
