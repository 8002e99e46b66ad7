"""What a dataset is like before training: sizes, balance, lengths, duplicates, leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from limbeck.data.dataset import Dataset
from limbeck.errors import shown_number

_CLASSES_SHOWN = 20


@dataclass(frozen=True)
class DataReport:
    """The figures; :meth:`lines` is their text, :meth:`to_json` their record."""

    task: str
    n_train: int
    n_valid: int
    balance: dict[str, tuple[int, int]]
    """Class -> rows in training and in validation, in class order."""
    target_range: tuple[float, float, float] | None
    """Regression: least, mean and greatest target of the training part."""
    length_tokens: tuple[int, int, int] | None
    """Half of the training texts, 95 % of them, and all of them have at most this many tokens."""
    n_cut: int | None
    """Texts of which tokens are dropped for their length."""
    n_duplicates: int
    """Rows of the training part whose input stands there before."""
    n_conflicting: int
    """Distinct inputs of the training part that stand under more than one target."""
    n_leaks: int
    """Validation rows whose input is in the training part."""

    def lines(self) -> list[str]:
        """Give the report as text, one fact a line; what is nought is left unsaid."""
        out = [f"rows: {self.n_train} train, {self.n_valid} valid"]
        names = list(self.balance)[:_CLASSES_SHOWN]
        if names:
            more = f", and {len(self.balance) - len(names)} more" if len(self.balance) > len(names) else ""
            counts = ", ".join(f"{name} {self.balance[name][0]}+{self.balance[name][1]}" for name in names)
            out.append(f"classes (train+valid): {counts}{more}")
        if self.target_range is not None:
            least, mean, most = map(shown_number, self.target_range)
            out.append(f"target: {least} to {most}, mean {mean}")
        if self.length_tokens is not None:
            cut = f"; {self.n_cut} texts cut" if self.n_cut else ""
            out.append("tokens a text: median {}, p95 {}, longest {}".format(*self.length_tokens) + cut)
        if self.n_duplicates:
            out.append(f"duplicates in train: {self.n_duplicates} rows repeat an earlier text")
        if self.n_conflicting:
            out.append(f"conflicts in train: {self.n_conflicting} texts stand under more than one label")
        if self.n_leaks:
            out.append(f"leaks: {self.n_leaks} valid rows have a text that is in train")
        return out

    def to_json(self) -> dict[str, object]:
        """Give the figures as json holds them."""
        return asdict(self)


def describe(
    train: Dataset,
    valid: Dataset | None = None,
    *,
    lengths: ArrayLike | None = None,
    dropped: ArrayLike | None = None,
) -> DataReport:
    """Describe a training part and its validation part.

    Args:
        train: the training part.
        valid: the validation part, or None.
        lengths: tokens of each training text, before any are dropped.
        dropped: tokens dropped from each training text.
    """
    counts = {} if valid is None else valid.counts()
    targets_of: dict[bytes, set[str | float]] = {}
    for key, target in zip(train.ids, _targets(train), strict=True):
        targets_of.setdefault(key, set()).add(target)
    return DataReport(
        task=train.task,
        n_train=len(train),
        n_valid=0 if valid is None else len(valid),
        balance={name: (n_rows, counts.get(name, 0)) for name, n_rows in train.counts().items()},
        target_range=_target_range(train),
        length_tokens=None if lengths is None else _percentiles(np.asarray(lengths)),
        n_cut=None if dropped is None else int(np.count_nonzero(np.asarray(dropped))),
        n_duplicates=len(train) - len(targets_of),
        n_conflicting=sum(len(targets) > 1 for targets in targets_of.values()),
        n_leaks=0 if valid is None else sum(key in targets_of for key in valid.ids),
    )


def _targets(data: Dataset) -> Sequence[str | float]:
    return [""] * len(data) if data.targets is None else data.targets


def _target_range(data: Dataset) -> tuple[float, float, float] | None:
    if data.task != "regress" or not data.targets:
        return None
    values = np.asarray(data.targets, dtype=np.float64)
    return float(values.min()), float(values.mean()), float(values.max())


def _percentiles(lengths: np.ndarray) -> tuple[int, int, int] | None:
    if not lengths.size:
        return None
    middle, high = np.percentile(lengths, [50, 95], method="inverted_cdf")
    return int(middle), int(high), int(lengths.max())
