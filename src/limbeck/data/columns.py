"""Which columns hold the text, the second text and the label.

A named column wins and must be there, by its exact name or else by the one that differs only in case and in what is
unseen. Names that people give are tried next, then the cells. What cannot be told safely is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limbeck.data.rows import cell_text
from limbeck.data.spelling import looks
from limbeck.errors import DataError, nearest, together

TEXT_NAMES = (
    "text",
    "sentence",
    "review",
    "content",
    "body",
    "tweet",
    "message",
    "comment",
    "document",
    "utterance",
    "post",
    "description",
    "question",
    "ticket",
    "review_text",
    "reviewtext",
    "review_body",
    "tweet_text",
    "text_a",
    "sentence1",
)
TITLE_NAMES = ("headline", "title")
"""A text where nothing else is one: of a review the title says less than its body, and often nothing."""
_TELLING = frozenset(("text", "review", "tweet", "comment", "message", "sentence", "content", "body", "feedback"))
_OF_TEXTS = (
    "id",
    "ids",
    "no",
    "number",
    "date",
    "time",
    "year",
    "url",
    "link",
    "lang",
    "language",
    "type",
    "user",
    "author",
)
_OF_ROWS = (
    "name",
    "rating",
    "score",
    "stars",
    "label",
    "sentiment",
    "class",
    "category",
    "length",
    "count",
    "votes",
    "source",
)
_NO_TEXT = frozenset((*TITLE_NAMES, *_OF_TEXTS, *_OF_ROWS, "at", "by", "in"))
"""Words of a heading ("Customer Review", "review_id") that tell of a text, and that tell of something else about it."""
LABEL_NAMES = (
    "label",
    "labels",
    "sentiment",
    "class",
    "category",
    "target",
    "stars",
    "rating",
    "score",
    "polarity",
    "intent",
    "topic",
    "emotion",
    "airline_sentiment",
    "label_text",
    "class_name",
    "overall",
    "y",
    "gold",
    "tag",
)
PAIR_NAMES = (
    ("sentence1", "sentence2"),
    ("text_a", "text_b"),
    ("text1", "text2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("text", "text_pair"),
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?%?", re.IGNORECASE)
"""As people write them, thousands and percent too: what no text is, where ``dataset.number`` asks what can be read."""
_LONG_CHARACTERS = 20
"""Mean length from which a column without a telling name counts as text."""


@dataclass(frozen=True)
class Columns:
    """The columns that hold what is wanted, by their names in the source."""

    text: str
    text_pair: str | None = None
    label: str | None = None
    why: str = ""
    """How the guessed ones were found, one line; empty when all were named."""


def words_in(heading: str) -> frozenset[str]:
    """The words of a heading, small.

    >>> sorted(words_in("reviewText_2"))
    ['review', 'text']
    """
    return frozenset(map(str.lower, _WORD.findall(heading)))


def guess_columns(
    columns: Sequence[str],
    sample: Sequence[Mapping[str, object]] = (),
    *,
    text_column: str | None = None,
    text_pair_column: str | None = None,
    label_column: str | None = None,
    labelled: bool = True,
    name: str = "the data",
) -> Columns:
    """Find the columns; ``labelled`` False seeks no label unless one is named.

    >>> guess_columns(["id", "Review", "stars"])
    Columns(text='Review', text_pair=None, label='stars', why="text column 'Review' and label column 'stars' by name")

    Raises:
        DataError: a named column is not there, or a guess is not safe. The message names the columns and the flags.
    """
    named = _named(columns, text_column, text_pair_column, label_column, name)
    text, pair, label = named
    reasons: list[str] = []
    free = [column for column in columns if column not in named and not column.startswith("__index_level_")]
    if text is None:
        text, pair, reason = _guess_text(free, sample, pair, labelled and label is None)
        if text is None:
            raise DataError(_ask(name, "text", columns))
        reasons.append(reason)
        free = [column for column in free if column not in (text, pair)]
    if label is None and labelled and not free:
        read = " and ".join(repr(column) for column in (text, pair) if column is not None)
        raise DataError(
            f"{name} has no column of labels: beside {read}, read as text, there is none; add one, or name another "
            "text with --text-column"
        )
    if label is None and labelled:
        label, reason = _guess_label(free, sample)
        if label is None:
            raise DataError(_ask(name, "label", columns))
        reasons.append(reason)
    return Columns(text, pair, label, _joined(reasons))


def find_column(wanted: str, columns: Sequence[str]) -> str | None:
    """Give the column of that name, or the only one that differs in case and in unseen characters alone.

    >>> find_column("label", ["id", " Label "])
    ' Label '
    """
    if wanted in columns:
        return wanted
    form = looks(wanted)
    alike = [column for column in columns if looks(column) == form]
    return alike[0] if len(alike) == 1 else None


def _named(
    columns: Sequence[str], text: str | None, pair: str | None, label: str | None, name: str
) -> tuple[str | None, str | None, str | None]:
    """Find all named columns, or complain about all missing ones at once."""
    problems, found = [], []
    for wanted, flag in ((text, "--text-column"), (pair, "--text-pair-column"), (label, "--label-column")):
        column = None if wanted is None else find_column(wanted, columns)
        if wanted is not None and column is None:
            problems.append(f"{name} has no column {wanted!r}; {flag} takes {nearest(wanted, columns)}")
        elif column is not None and column in found:
            problems.append(f"column {column!r} of {name} is named twice, the second time by {flag}")
        found.append(column)
    if problems:
        raise DataError(together(problems))
    return found[0], found[1], found[2]


def _ask(name: str, what: str, columns: Sequence[str]) -> str:
    return (
        f"cannot tell which column of {name} is the {what}: name it with --{what}-column ({what}_column in Python), "
        "one of " + ", ".join(repr(column) for column in columns)
    )


def _joined(reasons: Sequence[str]) -> str:
    by_name = [reason for reason in reasons if reason.endswith(" by name")]
    if len(by_name) > 1:
        return " and ".join([reason.removesuffix(" by name") for reason in by_name[:-1]] + [by_name[-1]])
    return "; ".join(reasons)


def _by_name(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Give the column whose name comes first in ``names``; None when two columns are alike but for case."""
    return next((found for known in names if (found := find_column(known, columns)) is not None), None)


def _by_words(columns: Sequence[str]) -> str | None:
    """The only column whose heading has a word that tells of a text, and none that tells of something about it.

    >>> _by_words(["Review ID", "Review Title", "Review Text", "Rating"]), _by_words(["a text", "another text"])
    ('Review Text', None)
    """
    words = {column: words_in(column) for column in columns}
    found = [column for column, held in words.items() if held & _TELLING and not held & _NO_TEXT]
    return found[0] if len(found) == 1 else None


def _guess_text(
    columns: Sequence[str], sample: Sequence[Mapping[str, object]], pair: str | None, needs_label: bool
) -> tuple[str | None, str | None, str]:
    if pair is None:
        for first, second in PAIR_NAMES:
            found = (find_column(first, columns), find_column(second, columns))
            if found[0] is not None and found[1] is not None:
                return found[0], found[1], f"text columns {found[0]!r} and {found[1]!r} by name"
    text = _by_name(columns, TEXT_NAMES) or _by_words(columns) or _by_name(columns, TITLE_NAMES)
    if text is not None:
        return text, pair, f"text column {text!r} by name"
    candidates = [column for column in columns if not needs_label or looks(column) not in LABEL_NAMES]
    candidates = [column for column in candidates if not _holds_numbers(sample, column)]
    if len(candidates) == 1 and (len(columns) > 1 or not needs_label):
        return candidates[0], pair, f"text column {candidates[0]!r} as the only one left"
    lengths = sorted(((_mean_length(sample, column), column) for column in candidates), reverse=True)
    if lengths and lengths[0][0] > 0 and (len(lengths) == 1 or lengths[0][0] >= 2 * lengths[1][0]):
        long_enough = lengths[0][0] >= _LONG_CHARACTERS or len(columns) <= 2
        if long_enough:
            return lengths[0][1], pair, f"text column {lengths[0][1]!r} as the one with the longest cells"
    return None, None, ""


def _guess_label(columns: Sequence[str], sample: Sequence[Mapping[str, object]]) -> tuple[str | None, str]:
    label = _by_name(columns, LABEL_NAMES)
    if label is not None:
        return label, f"label column {label!r} by name"
    if len(columns) == 1:
        return columns[0], f"label column {columns[0]!r} as the only one left"
    distinct = sorted((_n_distinct(sample, column), column) for column in columns)
    distinct = [(n_values, column) for n_values, column in distinct if n_values > 1]
    few = max(2, len(sample) // 4)
    if distinct and distinct[0][0] <= few and (len(distinct) == 1 or distinct[1][0] > few):
        return distinct[0][1], f"label column {distinct[0][1]!r} as the one with few distinct values"
    return None, ""


def _mean_length(sample: Sequence[Mapping[str, object]], column: str) -> float:
    return sum(len(cell_text(cells.get(column)) or "") for cells in sample) / max(1, len(sample))


def _holds_numbers(sample: Sequence[Mapping[str, object]], column: str) -> bool:
    """Whether there are cells, and all of them are numbers."""
    cells = [text for row in sample if (text := (cell_text(row.get(column)) or "").strip())]
    return bool(cells) and all(_NUMBER.fullmatch(text) for text in cells)


def _n_distinct(sample: Sequence[Mapping[str, object]], column: str) -> int:
    return len({(cell_text(cells.get(column)) or "").strip() for cells in sample} - {""})
