"""The head of a delimited file: what separates its fields, and the lines above its headings. No format of its own."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from limbeck.data.formats.delimited_records import Layout, records
from limbeck.data.formats.text_file import open_text
from limbeck.data.headings import names_known
from limbeck.data.rows import BadRow

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SNIFFED_LINES = 50
_TOLD = re.compile(r'"?sep=([^\w\s"]|\t)"?\s*')
"""The first line of a file for Excel."""


def layout_of(path: Path, encoding: str) -> tuple[Layout, list[str]]:
    """Find out how a file is written; what was decided comes along, for notices.

    Raises:
        DataError: the file is not in ``encoding``.
    """
    layout, notices = Layout("\t"), []
    if path.suffix.lower() != ".tsv":
        with open_text(path, encoding) as file:
            lines = list(islice((line for line in file if line.strip()), _SNIFFED_LINES))
        told = _TOLD.fullmatch(lines[0]) if lines else None
        layout = Layout(told[1], 1) if told else Layout(_separator(lines))
        if not told and layout.separator != ",":
            word = _SEPARATORS[layout.separator]
            notices.append(f"{path}: the header is separated by {word}, so the file is read that way")
    first = [record for record in islice(records(path, encoding, layout), 2) if not isinstance(record, BadRow)]
    if len(first) == 2 and _is_title(first[0][1], first[1][1]):
        layout = layout._replace(n_above=first[1][0] - 1)
        notices.append(f"{path}: the headings are read from line {first[1][0]}; the title above them is passed over")
    return layout, notices


def _separator(lines: Sequence[str]) -> str:
    """The mark by which most rows have as many fields as the header; of equal ones that which the header has most of.

    >>> _separator(["text; and more,label", "a,b"]), _separator(['"text, raw";label', "a;b"])
    (',', ';')
    """
    return max(_SEPARATORS, key=lambda mark: _fitness(lines, mark))


def _fitness(lines: Sequence[str], mark: str) -> tuple[float, int]:
    try:
        rows = [fields for fields in csv.reader(lines, delimiter=mark) if fields]
    except csv.Error:  # told when the rows are read
        return 0.0, 0
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    return sum(len(fields) == len(rows[0]) for fields in rows) / len(rows), len(rows[0])


def _is_title(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell a title, filled up with separators or not, above headings that people name columns by."""
    return (
        len(second) > 1
        and len(first) in (1, len(second))
        and bool(first[0].strip())
        and not any(cell.strip() for cell in first[1:])
        and all(cell.strip() for cell in second)
        and names_known(second)
        and not names_known(first)
    )
