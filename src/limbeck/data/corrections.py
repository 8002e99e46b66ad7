"""Corrections of labels: a file that ``limbeck evaluate`` wrote and a person filled in, applied to rows of training.

A correction finds its rows by text and original label, so that the file may have been sorted, shortened or converted,
and the rows may have moved. It holds for all rows of that text and label. The source itself is never altered.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limbeck.data.dataset import Dataset, class_order, input_id, number
from limbeck.data.read import open_rows
from limbeck.data.rows import Row, cell_text, n_of, where
from limbeck.data.spelling import spelling
from limbeck.errors import DataError, first_ones, nearest

CORRECTED, ID, PAIR_COLUMN = "corrected", "id", "text_pair"
COLUMNS = ("line", "text", PAIR_COLUMN, "label", "suggested", "p", "p_label", "reason", CORRECTED, ID)
"""``suggested`` with its probability ``p``, the label's own ``p_label``, and ``corrected`` to fill in: a class, or
:data:`DROP`. ``id`` is the hex of the input's hash: it finds a text again that a spreadsheet has bent."""
DROP = "drop"

_Key = tuple[bytes, Any]
_FOR_DATA = re.compile(r"; name [^;\n]*--encoding[^\n]*|\n\(--skip-bad-rows[^\n]*\)")
"""Advice to give flags that are for the data, and that a file of corrections is not read by."""


@dataclass(frozen=True)
class Correction:
    """What a person said of the rows of one text and label."""

    line: int
    """Where it stands in the corrections file."""
    keys: tuple[_Key, ...]
    """Id and original label; two where the file's id and its text differ."""
    value: str | float | None
    """The label that is right; None to drop the rows."""


def apply_corrections(dataset: Dataset, path: Path | str) -> Dataset:
    """Change the labels of ``dataset``, or drop rows, as the file at ``path`` says.

    Rows of the file whose ``corrected`` is empty or the label itself change nothing.

    Returns:
        The corrected rows. Their ``notices`` say how many were changed and dropped, and which lines of the file fit no
        row; their ``corrections`` are the record of it, with the file's name and sha256.

    Raises:
        DataError: the file cannot be read, lacks a column, or holds labels that are no class or contradict each other:
            all problems are named with their lines. Or less than two classes are left.
    """
    path = Path(path)
    with advice_for_corrections():
        source = open_rows(path)
    lacking = [name for name in ("text", "label", CORRECTED) if name not in source.columns]
    if lacking:
        have = ", ".join(map(repr, source.columns))
        raise DataError(
            f"{path} lacks {', '.join(map(repr, lacking))}; it has {have}. `limbeck evaluate MODEL FILE --corrections "
            "FIXES` writes such a file"
        )
    with advice_for_corrections():
        corrections = _read(source, dataset, path)
    value_of: dict[_Key, Correction] = {key: one for one in corrections for key in one.keys}
    targets: list[Any] = list(dataset.targets or ())
    kept, used = [], set[_Key]()
    n_changed = n_dropped = 0
    for row, key in enumerate(zip(dataset.ids, targets, strict=True)):
        if (one := value_of.get(key)) is not None:
            used.add(key)
            if one.value is None:
                n_dropped += 1
                continue
            n_changed += 1
            targets[row] = one.value
        kept.append(row)
    unmatched = tuple(one.line for one in corrections if used.isdisjoint(one.keys))
    corrected = _with_targets(dataset, targets, kept, path)
    record = {
        "name": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "changed": n_changed,
        "dropped": n_dropped,
        "unmatched": len(unmatched),
    }
    notices = [f"{path}: labels changed in {n_of(range(n_changed))}, {n_of(range(n_dropped))} dropped"]
    if unmatched:
        notices.append(
            f"{path}: {len(unmatched)} corrections fit no row of {dataset.name}, by text and original label "
            f"({where(unmatched)})"
        )
    if gone := [name for name, n_rows in dataset.counts().items() if n_rows and name not in corrected.classes]:
        notices.append(f"{path}: no row is left of {', '.join(map(repr, gone))}")
    return replace(corrected, notices=tuple(notices), corrections=record)


@contextlib.contextmanager
def advice_for_corrections() -> Iterator[None]:
    """While it is open, errors of a file that is read advise what helps with one of corrections.

    Raises:
        DataError: as within.
    """
    try:
        yield
    except DataError as error:
        said, n_advices = _FOR_DATA.subn("", str(error))
        advice = (
            "\n(a file of corrections is read as utf-8, all rows of it: save it as CSV UTF-8, and mend damaged rows)"
        )
        raise DataError(said + (advice if n_advices else "")) from None


def _read(source: Any, dataset: Dataset, path: Path) -> list[Correction]:
    """The corrections that change something.

    Raises:
        DataError: values that cannot be applied, each with its line.
    """
    found: list[Correction] = []
    said: dict[_Key, Correction] = {}
    problems: list[str] = []
    inputs = set(dataset.ids)
    rows = list(source)
    classes = _classes(rows, dataset)
    for row in rows:
        value = spelling(cell_text(row.cells.get(CORRECTED)) or "")
        if not value:
            continue
        label = _label(cell_text(row.cells.get("label")) or "", dataset)
        place = f"{path}, {source.unit} {row.line}"
        dropped = value == DROP and DROP not in dataset.classes
        one = Correction(row.line, _keys(row, dataset, label), None if dropped else _label(value, dataset))
        changes = one.value != label
        if changes and not dropped and (problem := _problem(value, dataset, classes)):
            problems.append(f"{place}: {problem}")
            continue
        if len({key for key, _ in one.keys} & inputs) > 1:
            problems.append(
                f"{place}: the id is that of another row than the text (was the file sorted or filled in only some "
                "columns?); sort whole rows, or clear the id, and then the text counts"
            )
            continue
        clashing = [other for key in one.keys if (other := said.get(key)) and other.value != one.value]
        if clashing:
            problems.append(
                f"{place}: {value!r} contradicts {source.unit} {clashing[0].line}, which has the same text and label"
            )
        said |= dict.fromkeys(one.keys, one)
        found += [one] if changes else []
    if problems:
        raise DataError(first_ones(problems))
    return found


def _keys(row: Row, dataset: Dataset, label: Any) -> tuple[_Key, ...]:
    """By the id that was written, and by the text as it stands now."""
    text = cell_text(row.cells.get("text")) or ""
    pair = cell_text(row.cells.get(PAIR_COLUMN)) or ""
    ids = [input_id((text, pair) if dataset.is_pairs else text)]
    written = (cell_text(row.cells.get(ID)) or "").strip()
    if len(written) == 32 and all(digit in "0123456789abcdef" for digit in written):
        ids.insert(0, bytes.fromhex(written))
    return tuple((key, label) for key in dict.fromkeys(ids))


def _label(text: str, dataset: Dataset) -> str | float:
    """A label as the dataset holds it."""
    value = number(text) if dataset.task == "regress" else None
    return spelling(text) if value is None else value


def _classes(rows: Sequence[Row], dataset: Dataset) -> list[str]:
    """What may be filled in: the classes of the rows, and what the model that judged them suggests in their place."""
    suggested = (spelling(cell_text(row.cells.get("suggested")) or "") for row in rows)
    return list(dict.fromkeys([*dataset.classes, *filter(None, suggested)]))


def _problem(value: str, dataset: Dataset, classes: Sequence[str]) -> str:
    """What is wrong with a corrected value; nothing where it can be applied."""
    if dataset.task == "regress":
        return "" if number(value) is not None else f"corrected is {value!r}; give a number, or {DROP!r}"
    if value in classes:
        return ""
    return f"corrected is {value!r}, which is no class: {nearest(value, [*classes, DROP])}"


def _with_targets(dataset: Dataset, targets: Sequence[Any], kept: Sequence[int], path: Path) -> Dataset:
    corrected = replace(dataset, targets=list(targets)).take(kept)
    if not dataset.classes:
        if not kept:
            raise DataError(f"{path} drops every row of {dataset.name}")
        values = set(corrected.targets or ())
        if len(values) == 1 < len(set(dataset.targets or ())):
            raise DataError(
                f"{path} leaves {dataset.name} with one number only, {values.pop():g}, {n_of(kept)}; a regression "
                "needs two different ones"
            )
        return corrected
    classes = class_order(name for name, n_rows in corrected.counts().items() if n_rows)
    if len(classes) < 2:
        left: Mapping[str, int] = corrected.counts()
        raise DataError(
            f"{path} leaves {dataset.name} with fewer than two classes ({', '.join(map(repr, classes)) or 'no row'}, "
            f"{sum(left.values())} rows); a classifier needs two"
        )
    return replace(corrected, classes=classes)
