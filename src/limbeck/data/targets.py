"""What the collected labels are: classes, or numbers to regress; and what is doubtful about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from limbeck.data.collected import Collected, left_out
from limbeck.data.columns import Columns
from limbeck.data.dataset import Dataset, class_order
from limbeck.data.quantity import is_quantity, no_numbers, quantities
from limbeck.data.rows import RowSource, n_of
from limbeck.data.spelling import alike
from limbeck.errors import PROBLEMS_SHOWN, DataError, quoted

MANY_CLASSES = 20
"""More classes than this, with fewer than two rows each, earn a notice: a column of texts or ids was probably named."""


def targets_of(
    found: Collected, columns: Columns, rows: RowSource, task: str | None, *, one_value_ok: bool = False
) -> Dataset:
    """Give the rows as a dataset; without a label column its targets are None.

    Args:
        found: what was read.
        columns: where it stood.
        rows: the source, for its name and notices.
        task: ``classify`` or ``regress``; guessed when None.
        one_value_ok: False refuses labels that are all the same, from which nothing can be learnt.

    Raises:
        DataError: no row is left, all labels are the same, or one is no number where the task wants numbers.
    """
    missing = [*rows.notices, *left_out(found, columns, rows)]
    notices = [f"{rows.name}: {columns.why}", *missing] if columns.why else missing
    if not found.n_rows:
        raise DataError(f"{rows.name} has a header and no rows")
    if not found.inputs:
        raise DataError("; ".join([f"{rows.name}: no row has all it needs", *notices]))
    data = Dataset(
        found.inputs,
        None,
        task or "classify",
        name=rows.name,
        rows=tuple(found.lines),
        unit=rows.unit,
        places=rows.places,
        columns=(columns.text, columns.text_pair, columns.label),
    )
    if columns.label is None:
        return replace(data, notices=tuple(notices))
    if task is None and is_quantity(found.labels):
        task, n_distinct = "regress", len(set(found.labels))
        notices.append(
            f"{rows.name}: column {columns.label!r} holds {n_distinct} distinct numbers with fractional parts: read as "
            "a regression (--task classify makes classes)"
        )
    if task == "regress":
        data = replace(data, task=task, targets=quantities(found, columns, rows))
    else:
        data = replace(data, targets=found.labels, classes=class_order(found.labels))
        notices.extend(_doubts(data, "" if task else no_numbers(found, rows)))
    if not one_value_ok:
        _refuse_one_value(data, missing)
    return replace(data, notices=tuple(notices))


def _refuse_one_value(data: Dataset, missing: Sequence[str]) -> None:
    """Raise where all rows have the same label; the rows that are missing may be why."""
    values = list(dict.fromkeys(data.targets or ()))
    if len(values) > 1:
        return
    kind, wants = f"class only, class {quoted(values[0])}", "a classifier needs two"
    if data.task == "regress":
        kind, wants = f"number only, {values[0]:g}", "a regression needs two different ones"
    said = f"{data.name}: column {data.columns[2]!r} holds one {kind}, {n_of(range(len(data)))}; {wants}"
    raise DataError("; ".join([f"{said} (--label-column names another column)", *missing]))


def _doubts(data: Dataset, no_numbers: str) -> Iterator[str]:
    """What looks wrong with the classes, a notice each; ``no_numbers`` are those that keep it from being a quantity."""
    column, n_classes = f"{data.name}: column {data.columns[2]!r} holds", len(data.classes)
    for pair in islice(alike(data.classes), PROBLEMS_SHOWN):
        yield f"{data.name}: classes {pair}, and stay apart; spell them alike if they are one"
    if no_numbers:
        yield (
            f"{column} {n_classes} classes, nearly all of them numbers with fractional parts, but not read as such: "
            f"{no_numbers}; if it is a quantity, mend these (a decimal point, no comma) and give --task regress"
        )
    elif n_classes > max(MANY_CLASSES, len(data) // 2):
        yield f"{column} {n_classes} classes in {len(data)} rows; is it the label?"
