"""Rows whose labels a model has classes for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from limbeck.data.dataset import Dataset
from limbeck.data.rows import n_of
from limbeck.data.spelling import by_spelling, meant
from limbeck.errors import PROBLEMS_SHOWN, DataError, closest, nearest, quoted, together


def of_classes(dataset: Dataset, classes: Sequence[str], *, skip: bool = False, headings_of: str = "") -> Dataset:
    """Give ``dataset`` with ``classes`` as its classes, every label being one of them, and spelt as that one is.

    Args:
        dataset: labelled rows; those of a regression, and rows without labels, come back as they are.
        classes: what the labels may be.
        skip: leave rows with other labels out, with a notice, instead of raising.
        headings_of: the file whose headings the classes are, where they are: one may be misspelt there.

    Raises:
        DataError: labels that are no class (each with its rows and the nearest class), or no row is left.
    """
    if dataset.task != "classify" or dataset.targets is None:
        return dataset
    found: dict[str, list[int]] = {}
    names = by_spelling(classes)
    labels = [str(label) for label in dataset.targets]
    targets = [meant(label, names) for label in labels]
    for n, (label, name) in enumerate(zip(labels, targets, strict=True)):
        if name is None:
            found.setdefault(label, []).append(n)
    dataset = replace(dataset, targets=[name or label for label, name in zip(labels, targets, strict=True)])
    if not found:
        return replace(dataset, classes=tuple(classes))
    misspelt = _misspelt(sorted(found), set(classes).difference(filter(None, targets)), headings_of)
    unknown = {row for rows in found.values() for row in rows}
    if not skip or len(unknown) == len(dataset):
        shown = [  # of a wrong column there are as many as rows, and the nearest of each is sought
            f"label {quoted(label)} is none of the classes: {nearest(label, classes)}; {dataset.name}: "
            f"{dataset.where(found[label])}"
            for label in sorted(found)[:PROBLEMS_SHOWN]
        ]
        more = [f"and {len(found) - len(shown)} more labels"] if len(found) > len(shown) else []
        advice = "mend them, or leave these rows out with --skip-bad-rows"
        if len(unknown) == len(dataset):
            advice = "no row is left: is this the column of labels? (--label-column names another)"
            if headings_of:
                advice += f"; the classes are the columns of {headings_of}, which may need the labels' names"
        raise DataError(f"{together([*shown, *more])}; {advice}{misspelt}")
    kept = dataset.take(row for row in range(len(dataset)) if row not in unknown)
    left_out = ", ".join(map(quoted, sorted(found)[:PROBLEMS_SHOWN]))
    notice = (
        f"{dataset.name}: {n_of(sorted(unknown))} left out, whose label is none of the classes: {left_out} "
        f"({dataset.where(sorted(unknown))}){misspelt}"
    )
    return replace(kept, classes=tuple(classes), notices=(*dataset.notices, notice))


def _misspelt(labels: Sequence[str], unused: Collection[str], headings_of: str) -> str:
    """Ask whether headings are misspelt that no row has as its label, and that are near to labels of rows."""
    near = [name for label in labels[:PROBLEMS_SHOWN] for name in closest(label, sorted(unused))] if headings_of else []
    if not near:
        return ""
    columns = [quoted(name) for name in dict.fromkeys(near)]
    if len(columns) == 1:
        return f"; no row has the label {columns[0]}, which is a column of {headings_of}: is it misspelt there?"
    return f"; no row has the labels {', '.join(columns)}, which are columns of {headings_of}: are they misspelt there?"
