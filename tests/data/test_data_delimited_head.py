"""The head of a csv: what separates the fields, a first line for Excel, a title above the headings."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.data import open_rows


def opened(folder: Path, raw: str, name: str = "f.csv") -> tuple[list[str], list[tuple[int, list[object]]], list[str]]:
    path = folder / name
    path.write_bytes(raw.encode())
    source = open_rows(path)
    rows = [(row.line, list(row.cells.values())) for row in source]
    return source.columns, rows, [notice.removeprefix(f"{path}: ") for notice in source.notices]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=|", "sep=,", "sep=\t"])
def test_the_separator_that_excel_is_told(tmp_path: Path, first: str) -> None:
    mark = first.strip('"')[-1]
    columns, rows, notices = opened(tmp_path, f"{first}\r\ntext{mark}label\r\na lamp{mark}pos\r\n")
    assert columns == ["text", "label"]
    assert rows == [(3, ["a lamp", "pos"])]
    assert notices == []


@pytest.mark.parametrize("title", ["My export,", "My export", "# made in May"])
def test_a_title_above_the_headings(tmp_path: Path, title: str) -> None:
    columns, rows, notices = opened(tmp_path, f"{title}\n\ntext,label\na lamp,pos\n")
    assert columns == ["text", "label"]
    assert rows == [(4, ["a lamp", "pos"])]
    assert notices == ["the headings are read from line 3; the title above them is passed over"]


@pytest.mark.parametrize(
    ("raw", "columns"),
    [
        ("text,\na lamp,pos\n", ["text", ""]),
        ("lamps,\na lamp,pos\n", ["lamps", ""]),
        (",words\n0,text\n", ["", "words"]),
        ("lamps\ntext\n", ["lamps"]),
        ("text\nlabel,\n", ["text"]),
    ],
)
def test_what_is_no_title(tmp_path: Path, raw: str, columns: list[str]) -> None:
    assert opened(tmp_path, raw)[0] == columns


@pytest.mark.parametrize(
    ("raw", "columns"),
    [
        ('"text, raw";label\na;b\n', ["text, raw", "label"]),
        ("text, raw\tlabel\na lamp\tpos\na, b and c\tneg\n", ["text, raw", "label"]),
        ("text, raw\tlabel\tid\na\tb\t1\n", ["text, raw", "label", "id"]),
        ("text; with; marks,label\na,pos\nb,neg\n", ["text; with; marks", "label"]),
        ('"a;b;c",label\n"x\ny",pos\n', ["a;b;c", "label"]),
        ("text,label\na;b,pos\n", ["text", "label"]),
        ("text\na; b\n", ["text"]),
    ],
)
def test_the_separator_is_the_mark_that_the_rows_agree_on(tmp_path: Path, raw: str, columns: list[str]) -> None:
    assert opened(tmp_path, raw)[0] == columns
