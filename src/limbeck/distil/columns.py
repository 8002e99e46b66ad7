"""Which columns of a file hold what a teacher said: one a class, or one of numbers, beside those of the texts."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from limbeck.data import Columns, RowSource, guess_columns
from limbeck.data.columns import find_column
from limbeck.data.spelling import looks, spelling
from limbeck.distil.figures import PREFIX, Figures, refuse_what_is_none
from limbeck.distil.guessed import NUMBER_COLUMNS, Found, guess
from limbeck.errors import DataError, nearest, together

_CLASSES_SHOWN = 10


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


def class_columns(figures: Figures, classes: Sequence[str] | None, *, classes_of: str = "") -> Found:
    """The column of each class, in the order of the logits.

    Args:
        figures: the file's columns that hold no text.
        classes: in the order of the logits; None takes the file's own.
        classes_of: who else has these classes, for messages.

    Raises:
        DataError: a class without a column, a column of a class that is none, no columns of probabilities, or columns
            of other numbers.
    """
    if classes is None:
        return guess(figures)
    columns, prefix, problems = _of(figures, classes)
    if lacking := [label for label in classes if label not in columns]:
        for label in lacking:
            taken = [columns.get(other) for other in classes[: classes.index(label)]]
            left = [name.removeprefix(PREFIX) for name in figures.columns if name not in taken]
            close = nearest(label, left) if left else "no other column"
            problems.append(f"{figures.name} has no column for the class {label!r}; there is {close}")
        called = f"\n(a column is called as its class, or {PREFIX} and its class)"
        raise DataError(together(problems) + called + whose(classes, classes_of))
    if problems:
        raise DataError(together(problems))
    refuse_what_is_none(figures, list(columns.values()))
    notices = _told_of_more(figures, columns, prefix, whose(classes, classes_of))
    return Found(columns, tuple(notices))


def whose(classes: Sequence[str], classes_of: str) -> str:
    """Where classes come from that another file lacks, a line for a message; empty where nobody says so."""
    if not classes_of:
        return ""
    listed = ", ".join(map(repr, classes[:_CLASSES_SHOWN])) + (", ..." if len(classes) > _CLASSES_SHOWN else "")
    return f"\n(the classes are those of {classes_of}: {listed}; the two must have the same, and one may be misspelt)"


def number_column(name: str, free: Sequence[str]) -> tuple[str, str]:
    """The column of a teacher's numbers, and what to tell where others might be it.

    Raises:
        DataError: there is none.
    """
    found = [hit for wanted in NUMBER_COLUMNS if (hit := find_column(wanted, free)) is not None]
    if not found:  # as ``limbeck predict --prefix x_`` writes it
        found = [one for one in free if looks(one).endswith(NUMBER_COLUMNS[0])]
        found = found if len(found) == 1 else []
    if not found:
        raise DataError(
            f"{name} has no column of a teacher's numbers: call it {' or '.join(map(repr, NUMBER_COLUMNS))}; "
            f"it has {', '.join(map(repr, free)) or 'no other column'}"
        )
    first, *others = found
    told = f"{name}: the teacher's numbers are read from {first!r}, and not from {', '.join(map(repr, others))}"
    return first, told if others else ""


def _of(figures: Figures, classes: Sequence[str]) -> tuple[dict[str, str], str, list[str]]:
    """The columns of these classes, as far as there are any, what stands before their names, and problems."""
    headings = _Headings(figures.columns)
    columns = _by_names(headings, classes)
    prefixed = [name.startswith(PREFIX) for name in columns.values()]
    prefix = PREFIX if prefixed and all(prefixed) else ""
    ways = _behind_prefixes(headings, classes) if len(columns) < len(classes) else {}
    if len(ways) > 1:
        sets = " and ".join(f"{before}{PREFIX}<class>" for before in ways)
        raise DataError(f"{figures.name} has probabilities under several prefixes, {sets}: leave one set in")
    for before, found in ways.items():
        columns, prefix = found, before + PREFIX
    problems = []
    for label, column in columns.items():
        like_it = headings.alike[looks(column)]
        twins = [name for name in like_it if name != column and spelling(name) == spelling(column)]
        if twins:
            names = ", ".join(map(repr, [column, *twins]))
            problems.append(
                f"{figures.name} has {1 + len(twins)} columns for the class {label!r}, {names}: leave one in"
            )
    return columns, prefix, problems


def _by_names(headings: _Headings, classes: Sequence[str]) -> dict[str, str]:
    """The column of each class that has one, called as the class or ``p_`` and it: all of them in one way, if they can
    be, since a class may itself be called ``p_good``.

    >>> _by_names(_Headings(["good", "p_good"]), ["good", "p_good"])
    {'good': 'good', 'p_good': 'p_good'}
    """
    for before in (PREFIX, ""):
        found = {label: headings.find(before + label) for label in classes}
        columns = {label: name for label, name in found.items() if name is not None}
        if len(set(columns.values())) == len(classes):
            return columns
    columns, taken = {}, set[str]()
    for label in classes:
        name = headings.find(PREFIX + label, taken) or headings.find(label, taken)
        if name is not None:
            columns[label] = name
            taken.add(name)
    return columns


class _Headings:
    """Headings that are found by name, as :func:`find_column` does, where there are thousands of each."""

    def __init__(self, names: Sequence[str]) -> None:
        self.own = frozenset(names)
        self.alike: dict[str, list[str]] = {}
        for name in names:
            self.alike.setdefault(looks(name), []).append(name)

    def find(self, wanted: str, taken: Container[str] = ()) -> str | None:
        """The column of that name, or the only one that looks like it; none that is ``taken``."""
        if wanted in self.own and wanted not in taken:
            return wanted
        alike = [name for name in self.alike.get(looks(wanted), ()) if name not in taken]
        return alike[0] if len(alike) == 1 else None


def _behind_prefixes(headings: _Headings, classes: Sequence[str]) -> dict[str, dict[str, str]]:
    """The columns of all classes behind each prefix, as ``limbeck predict --prefix x_`` writes them.

    >>> _behind_prefixes(_Headings(["x_p_bad", "x_p_good", "x_score"]), ["bad", "good"])
    {'x_': {'bad': 'x_p_bad', 'good': 'x_p_good'}}
    """
    first = looks(PREFIX + classes[0])
    prefixes = dict.fromkeys(name[: -len(first)] for name in headings.alike if name.endswith(first))
    ways = {}
    for before in filter(None, prefixes):
        found = {label: headings.find(before + PREFIX + label) for label in classes}
        columns = {label: name for label, name in found.items() if name is not None}
        if len(set(columns.values())) == len(classes):
            ways[before] = columns
    return ways


def _told_of_more(figures: Figures, columns: dict[str, str], prefix: str, others: str) -> list[str]:
    """Columns that may be of further classes, in words for notices.

    Raises:
        DataError: they surely are: by their names, or because more rows add up with them.
    """
    own = list(columns.values())
    rest = [name for name in figures.columns if name not in own]
    shares = [name for name in rest if figures.are_shares(name) and not figures.are_none(name)]
    alike = [name for name in shares if prefix and name.startswith(prefix)]
    alone = figures.adds_up(own)
    n_off = int((figures.speaks(own) & ~alone).sum())
    for some in filter(None, (alike, shares, *([name] for name in shares))):
        n_gained = int(figures.adds_up([*own, *some]).sum() - alone.sum())
        if (n_gained > 0 and 2 * n_gained > n_off) or (some is alike and n_gained == 0):
            names = ", ".join(repr(name.removeprefix(prefix)) for name in some)
            raise DataError(
                f"{figures.name} has probabilities of {names} too, which is none of the classes {list(columns)}; take "
                f"the column out and divide the others by their sum, or give a teacher of the same classes{others}"
            )
    notices = []
    for some in filter(None, (shares, *([name] for name in shares))):
        off, off_with = (float(np.abs(figures.sums(names) - 1).mean()) for names in (own, [*own, *some]))
        if 2 * off_with < off:
            are, them = ("is", "it") if len(some) == 1 else ("are", "them")
            notices = [
                f"{', '.join(map(repr, some))} {are} none of the classes and not read, though the rows add up to 1 "
                f"with {them}; the others are divided by their sum"
            ]
            break
    if odd := [name for name in rest if name.startswith(PREFIX) and figures.are_numbers(name)]:
        notices.append(f"numbers in {', '.join(map(repr, odd))} are not read: no class is called so")
    return [f"{figures.name}: {notice}" for notice in notices]
