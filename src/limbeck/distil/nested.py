"""A teacher's answers that stand in one cell, as APIs give them: read as a column of probabilities a class.

A cell is ``{"bad": 0.1, "good": 0.9}``, a map of parquet, or labels with scores, ``[{"label": "good", "score": 0.9},
...]``, as pipelines of transformers give them with ``top_k=None``; in csv it is the json of such, or a Python literal.
A pipeline of zero shots gives labels and scores in a list each. Columns of nothing like it stay as they are.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from limbeck.data import RowSource, cell_text
from limbeck.data.dataset import number
from limbeck.data.rows import BadRow, Row, is_nested
from limbeck.data.spelling import looks
from limbeck.distil.figures import MARKED, PREFIX, TOLERANCE, listed, shown_cell
from limbeck.errors import DataError

_LABELS = ("label", "class", "category", "name")
_SCORES = ("score", "probability", "prob", "confidence")
"""What the two parts of an answer are called."""
_LISTS = (("labels", "classes"), ("scores", "probabilities", "probs"))
"""What they are called where each is a list."""
_ENOUGH = 200
"""Filled cells of a column tell what it holds."""
_OF_NUMPY = re.compile(r"np\.float\d+\(([^()]*)\)")
"""How Python writes a number of numpy."""
_LONGEST = 100_000
"""Characters of an answer: beyond, parsing is what someone means to be slow."""


def unfolded(source: RowSource, texts: Iterable[str | None] = ()) -> RowSource:
    """The same rows with a column ``p_<class>`` for each class that a cell tells of, in place of the column of cells.

    Args:
        source: the file; it is given back as it is where the first cells of its columns are no such.
        texts: its columns of texts, where they are known.

    Raises:
        DataError: several columns hold answers.
    """
    whole, source = source, _zipped(source)
    sample = _sample(source, set(texts))
    column = _column(source, sample, set(texts))
    if column is None:
        return whole

    def change(row: Row) -> Row | BadRow:
        cells = {name: cell for name, cell in row.cells.items() if name != column}
        cell = row.cells.get(column)
        found = answers_in(cell)
        if found is None and _is_filled(cell):
            return BadRow(row.line, f"column {column!r} holds {shown_cell(cell)}, which is no answer for classes")
        return Row(row.line, cells | {PREFIX + label: value for label, value in (found or {}).items()})

    found = [answers_in(row.get(column)) or {} for row in sample]
    names = dict.fromkeys(PREFIX + label for answers in found for label in answers)
    return source.changed([*(name for name in source.columns if name != column), *names], change)


def _zipped(source: RowSource) -> RowSource:
    """The same rows with one column in place of two that hold lists, of labels and of their scores."""
    found = [[name for name in source.columns if looks(name) in names] for names in _LISTS]
    if [len(names) for names in found] != [1, 1]:
        return source
    (labels,), (scores,) = found
    if not any(_in_lists({"labels": row.get(labels), "scores": row.get(scores)}) for row in source.sample()):
        return source

    def change(row: Row) -> Row | BadRow:
        cells = {name: cell for name, cell in row.cells.items() if name not in (labels, scores)}
        both = {"labels": row.cells.get(labels), "scores": row.cells.get(scores)}
        if not any(map(_is_filled, both.values())):
            return Row(row.line, cells)
        if (answers := _in_lists(both)) is None:
            shown = f"{labels!r} holds {shown_cell(both['labels'])} and {scores!r} {shown_cell(both['scores'])}"
            return BadRow(row.line, f"{shown}: these are no labels and as many scores")
        return Row(row.line, cells | {labels: answers})

    return source.changed([name for name in source.columns if name != scores], change)


def _sample(source: RowSource, texts: Container[str | None]) -> Sequence[Mapping[str, object]]:
    """The first rows, and the first that say something in a column of which those say nothing: an API may have failed
    for a while."""
    first = source.sample()
    told = {name for row in first for name, cell in row.items() if name in texts or _is_filled(cell)}
    n_more: Counter[str] = Counter()

    def tells_more(cells: Mapping[str, object]) -> bool:
        silent = [name for name, cell in cells.items() if name not in told and _is_filled(cell)]
        new = [name for name in silent if n_more[name] < _ENOUGH]
        n_more.update(new)
        return bool(new)

    return [*first, *source.sample(sys.maxsize, only=tells_more)]


def _column(source: RowSource, sample: Sequence[Mapping[str, object]], texts: Container[str | None]) -> str | None:
    """The column whose cells hold answers; None where there is none.

    Mappings of other numbers stand beside answers too, such as how many tokens an API counted: those that add up to 1
    are answers, and others only where nothing else may be.

    Raises:
        DataError: there are several, or one beside columns that are called as those of classes.
    """
    names = dict.fromkeys([*source.columns, *(name for row in sample for name in row)])
    free = {name: [row.get(name) for row in sample] for name in names if name not in texts}
    plain = [name for name in free if name.startswith(PREFIX)]
    found = {name: answers for name, cells in free.items() if (answers := _answers(cells))}
    whole = [name for name, answers in found.items() if _add_up(answers)]
    if whole and len(whole) + bool(plain) > 1:
        raise DataError(f"{source.name} has probabilities in each of {listed([*whole, *plain])}: leave one set in")
    if whole:
        return whole[0]
    is_alone = len(found) == 1 and not plain and not any(map(_are_shares, free.values()))
    return next(iter(found)) if is_alone else None


def _answers(cells: Iterable[object]) -> list[dict[str, object]]:
    """What the cells of a column hold, where most that are not empty hold answers; else nothing."""
    filled = list(filter(_is_filled, cells))
    answers = [found for found in map(answers_in, filled) if found is not None]
    return answers if 2 * len(answers) > len(filled) else []


def _add_up(answers: Sequence[Mapping[str, object]]) -> bool:
    """Whether the values of most answers add up to 1."""
    sums = [sum(map(_value, answer.values())) for answer in answers]
    return 2 * sum(abs(total - 1) <= TOLERANCE for total in sums) > len(sums)


def _are_shares(cells: Iterable[object]) -> bool:
    """Whether most cells that are not empty are numbers from 0 to 1."""
    filled = list(filter(_is_filled, cells))
    return 2 * sum(_is_number(cell) and 0 <= _value(cell) <= 1 for cell in filled) > len(filled)


def answers_in(cell: object) -> dict[str, object] | None:
    """The value of each class that a cell names; None where it is in no form that is known.

    >>> answers_in({"bad": 0.1, "good": 0.9}), answers_in('[{"label": "good", "score": 0.9}]'), answers_in([0.1, 0.9])
    ({'bad': 0.1, 'good': 0.9}, {'good': 0.9}, None)
    """
    if isinstance(cell, str):
        cell = _parsed(cell)
    if isinstance(cell, Mapping):
        pair = _pair(cell)
        return dict([pair]) if pair else _in_lists(cell) or _all_of(cell)
    if cell is None or isinstance(cell, str | bytes) or not is_nested(cell) or not isinstance(cell, Iterable):
        return None
    parts = list(cell)
    if len(parts) == 1 and not isinstance(parts[0], Mapping) and _entry(parts[0]) is None:
        return answers_in(parts[0])  # of one text a pipeline gives a list of one answer
    pairs = [_pair(part) if isinstance(part, Mapping) else _entry(part) for part in parts]
    whole = [pair for pair in pairs if pair is not None]
    is_each = bool(whole) and len(whole) == len(pairs)
    return dict(whole) if is_each and len(dict(whole)) == len(whole) else None


def _is_filled(cell: object) -> bool:
    return is_nested(cell) or bool((cell_text(cell) or "").strip())


def _parsed(text: str) -> object:
    """What json a text is, or what Python writes of such (a frame's ``to_csv`` does); None where it is neither."""
    if not text.lstrip().startswith(("{", "[")) or len(text) > _LONGEST:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of backslashes in a text
        try:
            return ast.literal_eval(_OF_NUMPY.sub(r"\1", text.strip()))  # which reads literals alone, and runs nothing
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None


def _pair(answer: Mapping[str, object]) -> tuple[str, object] | None:
    """A label and its score."""
    labels = [answer[key] for key in _LABELS if key in answer]
    scores = [answer[key] for key in _SCORES if key in answer]
    if len(labels) != 1 or len(scores) != 1 or not _is_number(scores[0]):
        return None
    label = cell_text(labels[0])
    return None if label is None or is_nested(labels[0]) else (label, scores[0])


def _entry(part: object) -> tuple[str, object] | None:
    """A label and its score as parquet's maps are read, ``("good", 0.9)``."""
    if not isinstance(part, tuple | list) or len(part) != 2 or not isinstance(part[0], str) or not _is_number(part[1]):
        return None
    return part[0], part[1]


def _in_lists(cell: Mapping[str, object]) -> dict[str, object] | None:
    """The scores by their labels, of a list each; None where they are no such lists, of one length."""
    found = [[cell[key] for key in names if key in cell] for names in _LISTS]
    if [len(lists) for lists in found] != [1, 1]:
        return None
    labels, scores = (_list_of(lists[0]) for lists in found)
    names = [cell_text(label) for label in labels if not is_nested(label)]
    whole = bool(names) and len(set(names)) == len(labels) == len(scores) and all(map(_is_number, scores))
    return (
        {str(name): score for name, score in zip(names, scores, strict=True)} if whole and None not in names else None
    )


def _list_of(cell: object) -> list[object]:
    """The parts of a cell that is a list, or the json or the literal of one; nothing where it is none."""
    cell = _parsed(cell) if isinstance(cell, str) else cell
    is_list = is_nested(cell) and isinstance(cell, Iterable) and not isinstance(cell, Mapping)
    return list(cell) if is_list and isinstance(cell, Iterable) else []


def _all_of(cell: Mapping[str, object]) -> dict[str, object] | None:
    """A mapping of classes to numbers; a table of structs holds nothing for those that a row does not name."""
    named = {str(label): value for label, value in cell.items() if value is not None}
    figures = {label: value for label, value in named.items() if _is_figure(value)}
    words = [value for label, value in named.items() if label not in figures and isinstance(value, str)]
    is_answer = len(figures) + len(words) == len(named) and len(figures) > min(1, len(words))
    return figures if figures and is_answer else None  # a model that was asked for reasons gives them beside


def _is_figure(value: object) -> bool:
    """Whether a value is a number, or one with a percent sign or a decimal comma, of which the file is told."""
    return _is_number(value) or (isinstance(value, str) and MARKED.fullmatch(value.strip()) is not None)


def _is_number(value: object) -> bool:
    with contextlib.suppress(ValueError):  # of an integer that is too long to be written
        return not is_nested(value) and number(cell_text(value) or "") is not None
    return False


def _value(cell: object) -> float:
    """Of a cell that is a number."""
    return number(cell_text(cell) or "") or 0.0
