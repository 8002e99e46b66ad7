"""Which columns of a teacher's file are classes, where nobody says so: those whose rows add up to 1.

A column that may be a class is never left out in silence. Counts and percentages whose other columns happen to add up
to 1 are refused, and what is left out beside classes is told. Who calls the columns ``p_<class>`` says what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from limbeck.data.columns import LABEL_NAMES, words_in
from limbeck.data.dataset import class_order
from limbeck.data.spelling import looks, spelling
from limbeck.distil.figures import (
    NEARLY_ALL,
    PREFIX,
    Figures,
    listed,
    refuse_what_is_none,
    told_of_counts,
    told_of_total,
)
from limbeck.errors import DataError, shown_number, together

NUMBER_COLUMNS = ("predicted", "prediction", "score")
"""Columns of a teacher's numbers, in the order of preference: a score may be what people gave."""
_OF_THE_BEST = ("confidence", "probability", "prob")
"""What the probability of the best class is called beside its name."""
_NO_CLASS = re.compile(
    "ids?|index|idx|row|line|year|month|day|date|time|hour|age|price|stars|rating|rank|score|level|page|position|fold|"
    "split|version|batch|epoch|seed|likes|retweets|views|upvotes|downvotes|length|len|size|words|tokens|characters|"
    "chars|letters|sentences|confidence|certainty|agreement|n|no|num|number|counts?|total|sum|votes|annotations|"
    "annotators?|raters?|workers?|judges?|reviewers?|users?"
)
"""Words of headings that tell of something else than a class, unless those of classes have them too."""
_BEHIND_PREFIX = re.compile(rf"(.*?[^A-Za-z0-9]{PREFIX}).")
"""What ``predict --prefix x_`` writes: ``x_p_<class>``; a class may well be called ``shop_a`` or ``top_up_failed``."""
_MANY = 8
"""Among more columns than these one that is no class is looked for, and not several."""
_SEVERAL = 3
_FEW_VOTES = 20
_A_FEW = 5
"""Of so many rows one may be damaged."""


@dataclass(frozen=True)
class Found:
    """The columns of classes."""

    columns: dict[str, str]
    """The column of each class, in the order of the logits."""
    notices: tuple[str, ...] = ()
    """Which other columns of numbers were not read, and why."""


@dataclass(frozen=True)
class _Choice:
    """Columns that hold probabilities, with their classes behind a prefix, and others that do not."""

    kept: list[str]
    prefix: str
    empty: list[str]
    """Columns that give no row anything."""
    others: list[str]
    """Columns without which the rows add up to 1, and with which they do not."""


def guess(figures: Figures) -> Found:
    """The columns called ``p_<class>``, or so behind a prefix that all have; without such all that hold probabilities.

    Raises:
        DataError: there are none, it cannot be told which, or the numbers are something else.
    """
    named = [name for name in figures.columns if name.startswith(PREFIX)]
    if not len(figures) and len(named) < 2:
        raise DataError(f"{figures.name} says nothing, it has a header and no rows")
    for group in _groups(figures, named):
        choices = [one for names, prefix in group if (one := _chosen(figures, names, prefix)) is not None]
        if len(choices) > 1:
            sets = " and ".join(f"{one.prefix}<class>" for one in choices)
            raise DataError(f"{figures.name} has probabilities under several prefixes, {sets}: leave one set in")
        if choices:
            return _found(figures, choices[0], [] if choices[0].prefix else _rest(figures, choices[0]))
    may_be = [name for name in named if _holds_any(figures, name)]
    if len(may_be) > 1 or len(named) > 1:
        names = may_be if len(may_be) > 1 else named
        refuse_what_is_none(figures, names)
        return _found(figures, _Choice(names, PREFIX, [], []), [])
    return _found(figures, _doubtful(figures), [])


def _groups(figures: Figures, named: Sequence[str]) -> Iterator[list[tuple[list[str], str]]]:
    """Columns that may be the classes, with the prefix of their names, the likeliest first; some exclude each other."""
    numbers = [name for name in figures.columns if figures.are_numbers(name) or figures.are_shares(name)]
    yield [([name for name in numbers if name in named], PREFIX)]
    behind: dict[str, list[str]] = {}
    for name in numbers:
        if name not in named and (found := _BEHIND_PREFIX.match(name)):
            behind.setdefault(found[1], []).append(name)
    yield [(names, prefix) for prefix, names in behind.items()]
    plain = [name for name in numbers if not _is_label(name)]
    yield [(plain, "")]
    if len(plain) < len(numbers):
        yield [(numbers, "")]


def _chosen(figures: Figures, names: Sequence[str], prefix: str) -> _Choice | None:
    """Those out of ``names`` whose rows add up to 1; None where they do not.

    Raises:
        DataError: several choices would do, or with what is left out the numbers are counts or percentages.
    """
    shares = [name for name in names if figures.are_shares(name)]
    empty = [] if prefix else [name for name in shares if figures.are_none(name)]
    if len(shares) - len(empty) > 1:
        shares = [name for name in shares if name not in empty]
    else:
        empty = []
    kept = _adding_up(figures, shares) if len(shares) > 1 else None
    if kept is None:
        return None
    others = [name for name in names if name not in kept and name not in empty]
    tell = not any(_is_other(name, kept) for name in kept)  # of a topic called "date" another may be called "number"
    doubtful = [name for name in others if not (tell and _is_other(name, kept)) and not figures.has_negative(name)]
    for more in _fewer_and_fewer(doubtful):
        if told := _told_of_left_out(figures, kept, more):
            are, them = ("is", "it") if len(more) == 1 else ("are", "them")
            call = "" if prefix else f", or call the classes {PREFIX}<class>"
            raise DataError(
                f"{figures.name} has {told} (where {listed(more)} {are} no class, take {them} out of the file{call})"
            )
    return _Choice(kept, prefix, empty, [name for name in others if name in shares or prefix])


def _told_of_left_out(figures: Figures, kept: Sequence[str], more: Sequence[str]) -> str:
    """In words what the numbers are where ``more`` are classes as well; empty where nothing speaks for it."""
    names, speaks = [*kept, *more], figures.speaks(kept)
    n_rows, n_percent = int(speaks.sum()), int((speaks & figures.adds_up(names, 100.0)).sum())
    if figures.sums(more).max() > _FEW_VOTES and 2 * n_percent <= n_rows:
        return ""
    n_off = int((speaks & ~figures.adds_up(kept) & (figures.sums(names) > 1)).sum())
    is_off = n_off > max(n_rows >= _A_FEW, (1 - NEARLY_ALL) * n_rows)  # a file may have some damaged rows
    return told_of_total(figures, names) or (told_of_counts(figures, names) if is_off else "")


def _fewer_and_fewer(names: Sequence[str]) -> Iterator[list[str]]:
    """All names, and all but one of them, two, three; of many names only all but one, and each by itself."""
    for n_out in range(min(len(names), 1 + (_SEVERAL if len(names) <= _MANY else 1))):
        for out in combinations(names, n_out):
            yield [name for name in names if name not in out]
    if len(names) > _MANY:
        yield from ([name] for name in names)


def _adding_up(figures: Figures, shares: Sequence[str]) -> list[str] | None:
    """The columns with which most rows add up to 1, as many as can be; None where too few rows do.

    A column is left out where it is what keeps the rows that it says something of from adding up.
    """
    n_rows, n_whole = int(figures.speaks(shares).sum()), int(figures.adds_up(shares).sum())
    ways: list[list[str]] = []
    for n_out in range(1, 1 + (_SEVERAL if len(shares) <= _MANY else 1)):
        if n_whole == n_rows or ways or len(shares) - n_out < 2:
            break
        for out in combinations(shares, n_out):
            kept = [name for name in shares if name not in out]
            n_now, n_held = int(figures.adds_up(kept).sum()), int((np.nan_to_num(figures.of(out)) != 0).any(1).sum())
            if n_now >= NEARLY_ALL * n_rows and 2 * (n_now - n_whole) > n_held:
                ways.append(kept)
    known = [kept for kept in ways if all(_is_other(name, kept) for name in shares if name not in kept)]
    ways = known if len(known) == 1 else ways
    if len(ways) > 1:
        raise DataError(
            f"{figures.name} does not tell which columns are the classes: rows add up to 1 with "
            f"{' and with '.join(listed(kept) for kept in ways)}; call the columns of the classes {PREFIX}<class>, or "
            "take the others out"
        )
    if ways:
        return ways[0]
    return list(shares) if 2 * n_whole >= n_rows else None


def _doubtful(figures: Figures) -> _Choice:
    """The columns of numbers from 0 to 1 whose rows do not add up, for the rows to be told.

    Raises:
        DataError: there are none, or the numbers are something else.
    """
    numbers = [name for name in figures.columns if _holds_any(figures, name)]
    plain = [name for name in numbers if not _is_label(name) and not _is_other(name, numbers)]
    names = plain if len(plain) > 1 else numbers
    if whole := [some for some in _fewer_and_fewer(names) if told_of_total(figures, some)]:
        closest = min(whole, key=lambda some: _spread(figures, some))
        raise DataError(f"{figures.name} has {told_of_total(figures, closest)}")
    refuse_what_is_none(figures, names, guessed=True)
    shares = [name for name in figures.columns if figures.are_shares(name)]
    own = [name for name in shares if not _is_label(name)]
    shares = own if len(own) > 1 else shares
    if len(shares) > 1:
        return _Choice(shares, "", [], [])
    held = figures.of(names)
    example = held[~np.isnan(held) & ((held < 0) | (held > 1))][:1]
    none = f"; {shown_number(example[0])} is none (of logits take the softmax of each row)" if len(example) else ""
    has = f"one column of probabilities alone, {own[0]!r}" if own else "no columns of probabilities"
    best = next((name for name in shares if _is_label(name) or looks(name) in _OF_THE_BEST), None)
    labels = [name for name in figures.headings if looks(name) in (*LABEL_NAMES, *NUMBER_COLUMNS) and name != best]
    if labels == list(figures.columns):
        none += f" ({labels[0]!r} may hold labels alone, from which limbeck train learns)"
    elif best is not None and labels:
        none += f" ({best!r} may be that of the best class alone: ask for all; transformers' pipelines take top_k=None)"
    raise DataError(
        f"{figures.name} has {has}: give one a class, called as the class or {PREFIX}<class>, with numbers from 0 to "
        f'1; or all of a row in one cell, {{"<class>": 0.9, ...}}; or --task regress, for numbers; it has '
        f"{listed(figures.headings)}{none}"
    )


def _spread(figures: Figures, names: Sequence[str]) -> float:
    """How far from each other most rows' sums are."""
    sums = figures.sums(names)
    return round(float(np.median(np.abs(sums - np.median(sums)))), 6)


def _rest(figures: Figures, choice: _Choice) -> list[str]:
    """Further columns of numbers, which are not read."""
    told = {*choice.kept, *choice.empty, *choice.others}
    return [name for name in figures.columns if name not in told and figures.are_numbers(name)]


def _found(figures: Figures, choice: _Choice, rest: Sequence[str]) -> Found:
    """The classes of a choice.

    Raises:
        DataError: two columns are called as one class.
    """
    by_class: dict[str, list[str]] = {}
    for name in choice.kept:
        by_class.setdefault(spelling(name.removeprefix(choice.prefix)), []).append(name)
    twins = [
        f"{figures.name} has {len(names)} columns for the class {label!r}, {listed(names)}: leave one in"
        for label, names in by_class.items()
        if len(names) > 1
    ]
    if twins:
        raise DataError(together(twins))
    notices = []
    if choice.empty:
        give, are = ("gives", "is") if len(choice.empty) == 1 else ("give", "are")
        notices.append(
            f"{listed(choice.empty)} {give} no row any probability and {are} taken for no class (columns called "
            f"{PREFIX}<class> always are)"
        )
    if choice.others:
        are, them = ("is", "it") if len(choice.others) == 1 else ("are", "them")
        notices.append(f"{listed(choice.others)} {are} taken for no class: the rows add up to 1 without {them}")
    if rest:
        notices.append(f"numbers in {listed(rest)} are not read: the others are the classes, and add up to 1")
    columns = {label: by_class[label][0] for label in class_order(by_class)}
    return Found(columns, tuple(f"{figures.name}: {notice}" for notice in notices))


def _holds_any(figures: Figures, name: str) -> bool:
    """Whether a column holds numbers, written in any way."""
    return figures.are_numbers(name) or figures.are_shares(name) or figures.are_marked(name)


def _is_label(name: str) -> bool:
    return looks(name) in (*LABEL_NAMES, *NUMBER_COLUMNS)


def _is_other(name: str, beside: Sequence[str]) -> bool:
    """Whether a heading tells of something else than a class, and is not the like of those beside it.

    >>> _is_other("n_votes", ["bad", "good"]), _is_other("n_bad", ["n_bad", "n_good"])
    (True, False)
    """
    words, *others = map(words_in, (name, *(one for one in beside if one != name)))
    own = words.difference(*others)
    return _is_label(name) or any(map(_NO_CLASS.fullmatch, own))
