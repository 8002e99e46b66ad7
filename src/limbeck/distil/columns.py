"""Which columns of a file hold what a teacher said: one a class, or one of numbers, beside those of the texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from limbeck.data import Columns, RowSource, cell_text, guess_columns
from limbeck.data.columns import LABEL_NAMES, find_column
from limbeck.data.dataset import class_order, number
from limbeck.data.spelling import spelling
from limbeck.errors import DataError, nearest, together

PREFIX = "p_"
"""How ``limbeck predict`` calls the probability of a class, before its name."""
TOLERANCE = 0.02
"""How far from 1 the probabilities of a row may add up: LLMs and rounded files are not exact."""
NUMBER_COLUMNS = ("predicted", "score", "prediction")
"""Columns of a teacher's numbers, in the order of preference."""


def text_columns(source: RowSource, text: str | None, text_pair: str | None) -> Columns:
    """The columns of the texts: the named ones where the file has them, else guessed.

    A command names columns for its labelled file; a teacher's file, or one of texts alone, may call them otherwise.

    Raises:
        DataError: they cannot be told.
    """
    return guess_columns(
        source.columns,
        source.sample(),
        text_column=present(text, source.columns),
        text_pair_column=present(text_pair, source.columns),
        labelled=False,
        name=source.name,
    )


def present(name: str | None, columns: Sequence[str]) -> str | None:
    """The name where a file has such a column, else None."""
    return None if name is None or find_column(name, columns) is None else name


def class_columns(source: RowSource, free: Sequence[str], classes: Sequence[str] | None) -> dict[str, str]:
    """The column of each class, in the order of the logits.

    Args:
        source: the file.
        free: its columns that hold no text.
        classes: in the order of the logits; None takes the file's own.

    Raises:
        DataError: a class without a column, a column of a class that is none, or no columns of probabilities.
    """
    if classes is None:
        return _guessed(source, free)
    columns: dict[str, str] = {}
    problems = []
    for label in classes:
        left = [name for name in free if name not in columns.values()]
        found = next((hit for name in (PREFIX + label, label) if (hit := find_column(name, left)) is not None), None)
        if found is None:
            close = nearest(label, [name.removeprefix(PREFIX) for name in left]) if left else "no other column"
            problems.append(f"{source.name} has no column for the class {label!r}; there is {close}")
        else:
            columns[label] = found
    if problems:
        raise DataError(together(problems) + f"\n(a column is called as its class, or {PREFIX} and its class)")
    _refuse_more(source, [name for name in free if name not in columns.values()], columns)
    return columns


def number_column(name: str, free: Sequence[str]) -> str:
    """The column of a teacher's numbers.

    Raises:
        DataError: there is none.
    """
    found = next((hit for wanted in NUMBER_COLUMNS if (hit := find_column(wanted, free)) is not None), None)
    if found is None:
        raise DataError(
            f"{name} has no column of a teacher's numbers: call it {' or '.join(map(repr, NUMBER_COLUMNS))}; "
            f"it has {', '.join(map(repr, free)) or 'no other column'}"
        )
    return found


def _refuse_more(source: RowSource, rest: Sequence[str], columns: Mapping[str, str]) -> None:
    """Raise where the file has probabilities of further classes: by their names, or because rows add up with them."""
    more = [name for name in rest if name.startswith(PREFIX)]
    if not more:
        sample = source.sample()
        shares = _share_columns(rest, sample, of_rows=1.0)
        alone, whole = (_add_up(names, sample) for names in (columns.values(), [*columns.values(), *shares]))
        more = shares if whole and not alone else []
    if more:
        names = ", ".join(repr(name.removeprefix(PREFIX)) for name in more)
        raise DataError(
            f"{source.name} has probabilities of {names} too, which is none of the classes {list(columns)}; "
            "take the column out and divide the others by their sum, or give a teacher of the same classes"
        )


def _guessed(source: RowSource, free: Sequence[str]) -> dict[str, str]:
    """The columns called ``p_<class>``, or so behind a prefix that all have; without such all that hold numbers from 0
    to 1, but labels among them."""
    named, prefix = [name for name in free if name.startswith(PREFIX)], PREFIX
    if not named:
        named = _share_columns(free, source.sample(), of_rows=0.5)  # the rows that hold none are told later
        others = [name for name in named if name.strip().casefold() not in (*LABEL_NAMES, *NUMBER_COLUMNS)]
        named = others if len(others) > 1 else named
        prefix = _shared_prefix(named)
    if len(named) < 2 and (percent := _percentages(free, source.sample())):
        raise DataError(
            f"{source.name} has percentages in {', '.join(map(repr, percent))}, which add up to 100, and probabilities "
            "go from 0 to 1: divide them by 100"
        )
    if len(named) < 2:
        raise DataError(
            f"{source.name} has no columns of probabilities: give one a class, called as the class or {PREFIX}<class>, "
            f"with numbers from 0 to 1 (or --task regress, for numbers); it has {', '.join(map(repr, source.columns))}"
        )
    by_class = {spelling(name.removeprefix(prefix)): name for name in named}
    return {label: by_class[label] for label in class_order(by_class)}


def _shared_prefix(names: Sequence[str]) -> str:
    """What stands before the classes in all names, as ``limbeck predict --prefix x_`` writes them; often nothing.

    >>> _shared_prefix(["x_p_bad", "x_p_good"]), _shared_prefix(["bad", "good"])
    ('x_p_', '')
    """
    low, high = min(names, default=""), max(names, default="")
    n_same = next((n for n, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))
    before, found, _ = low[:n_same].rpartition(PREFIX)
    return before + found


def _share_columns(names: Sequence[str], sample: Sequence[Mapping[str, object]], *, of_rows: float) -> list[str]:
    """Those that hold a number from 0 to 1 in so many of the rows, or more."""

    def n_shares(name: str) -> int:
        return sum(_share(cells.get(name)) is not None for cells in sample)

    return [name for name in names if sample and n_shares(name) >= of_rows * len(sample)]


def _percentages(names: Sequence[str], sample: Sequence[Mapping[str, object]]) -> list[str]:
    """The columns of numbers, where those of most rows add up to 100; none where they do not."""
    rows = [{name: number(cell_text(cells.get(name)) or "") for name in names} for cells in sample]
    held = [name for name in names if sum(row[name] is not None for row in rows) * 2 > len(rows) > 0]
    n_whole = sum(abs(sum(row[name] or 0.0 for name in held) - 100) <= 100 * TOLERANCE for row in rows)
    return held if len(held) > 1 and 2 * n_whole > len(rows) else []


def _add_up(names: Iterable[str], sample: Sequence[Mapping[str, object]]) -> bool:
    """Whether the numbers of every row add up to 1."""
    held = list(names)
    return all(abs(sum(_share(cells.get(name)) or 0.0 for name in held) - 1) <= TOLERANCE for cells in sample)


def _share(cell: object) -> float | None:
    value = number(cell_text(cell) or "")
    return value if value is not None and 0 <= value <= 1 else None
