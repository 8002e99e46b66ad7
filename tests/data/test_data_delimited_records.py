"""Records of csv and tsv: a quote mark that swallows rows is named, and a field of several lines is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from limbeck.data import open_rows
from limbeck.data.formats import delimited_records
from limbeck.errors import DataError

ROWS = [("a lamp that works", "pos"), ("dim and loud", "neg"), ("fine for a desk", "pos"), ("it broke in May", "neg")]


def file_of(folder: Path, lines: list[str], name: str = "f.csv", separator: str = ",") -> Path:
    path = folder / name
    rows = [separator.join(row) for row in ROWS]
    path.write_text("\n".join([separator.join(("text", "label")), *rows, *lines, *rows]) + "\n")
    return path


def message(path: Path) -> str:
    with pytest.raises(DataError) as error:
        list(open_rows(path))
    return str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("n_inner", [0, 1, 3])
def test_a_quote_that_closes_over_whole_rows_is_named(tmp_path: Path, separator: str, n_inner: int) -> None:
    inner = [separator.join(row) for row in ROWS[:n_inner]]
    lines = [f'"24 inch lamp{separator}pos', *inner, f'the lamp of 24"{separator}neg']
    path = file_of(tmp_path, lines, separator=separator)
    below = f"{n_inner + 1} lines below" if n_inner else "a line below"
    assert message(path) == (
        f'{path}, line 6: a quote mark (") opens here and closes {below}, over lines that look like rows; '
        "double or remove both\n(--skip-bad-rows leaves such rows out)"
    )
    kept = [row.line for row in open_rows(path, skip_bad_rows=True)]
    assert kept == [line for line in range(2, len(kept) + 3) if line != 6]
    assert len(kept) == 2 * len(ROWS) + n_inner + 1


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ('the "24 inch" one,neg', "closes 1001 lines below"),
        ('"the lamp, of 24",neg', "closes 1001 lines below"),
        ("a lamp,pos", "never closes"),
    ],
)
def test_a_quote_over_many_rows_costs_its_own_line_alone(tmp_path: Path, last: str, says: str) -> None:
    lines = ['"24 inch lamp,pos', *[f"lamp {n},neg" for n in range(1000)], last]
    path = file_of(tmp_path, lines)
    assert says in message(path)
    source = open_rows(path, skip_bad_rows=True)
    assert [row.line for row in source if row.line < 6 or str(row.cells["text"]).startswith("lamp")] == [
        *range(2, 6),
        *range(7, 1007),
    ]
    assert source.notices[0].startswith(f"{path}: 1 row damaged and left out (line 6); the first: a quote mark")


def test_a_damaged_text_of_several_lines_says_how_many(tmp_path: Path) -> None:
    path = file_of(tmp_path, ['"Dear all', "the lamp is here", 'said "Ann",pos', '"A', 'lamp" here,neg'])
    goes_on = 'a field that begins with a quote mark (") goes on behind its closing one, '
    assert f"line 6: {goes_on}2 lines below; double both" in message(path)
    assert f"line 9: {goes_on}a line below; double both" in message(path)
    assert [row.line for row in open_rows(path, skip_bad_rows=True)] == [2, 3, 4, 5, 11, 12, 13, 14]


def test_the_first_rows_are_no_exception(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('text,label\n"9 inch,pos\nof 9",neg\n' + "a lamp,pos\nno lamp,neg\n" * 3)
    assert 'line 2: a quote mark (") opens here' in message(path)
    assert [message(path)] * 2 == [message(path) for _ in range(2)]


def test_numbers_tell_rows_where_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('id,text\n1,"24 inch\n2,too dim\n3,the 24"\n4,fine\n')
    assert 'line 2: a quote mark (") opens here' in message(path)


def test_in_a_wide_table_the_first_columns_tell(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    numbers = ",".join(["0.25"] * 40)
    head = ",".join(f"x{n}" for n in range(40))
    path.write_text(f'text,label,{head}\n"24 inch,pos,{numbers}\nthe 24",neg,{numbers}\n' + f"fine,pos,{numbers}\n" * 3)
    assert 'line 2: a quote mark (") opens here' in message(path)


@pytest.mark.parametrize(
    "field",
    [
        '"one, line\nanother, line\n\nlast"',
        '"Dear all,\nthe lamp is here, and it works.\n\nBye"',
        '"on\noff"',
        '"1, a bulb\n2, a plug\n3, a lamp"',
    ],
)
def test_texts_of_several_lines_are_texts(tmp_path: Path, field: str) -> None:
    path = file_of(tmp_path, [f"{field},pos"])
    assert [row.cells["text"] for row in open_rows(path)][4] == field.strip('"')


def test_one_column_has_no_rows_to_swallow(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('text\nfine\n"fine\nfine"\nfine\n')
    assert [row.cells["text"] for row in open_rows(path)] == ["fine", "fine\nfine", "fine"]


def test_a_ragged_line_in_a_tsv_swallows_nothing(tmp_path: Path) -> None:
    lines = ['"24 inch lamp, no tab', "dim\tneg", "loud\tneg", 'the 24"\tneg']
    path = file_of(tmp_path, lines, "f.tsv", "\t")
    assert f"{path}, line 6: too few fields: 1, and 2 headings" in message(path)
    rows = list(open_rows(path, skip_bad_rows=True))
    assert [row.line for row in rows] == [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]
    lines = ['"24 inch lamp\tpos', "no tab", "loud\tneg", 'the 24"\tneg']
    path = file_of(tmp_path, lines, "g.tsv", "\t")
    assert [row.line for row in open_rows(path, skip_bad_rows=True)] == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]


def test_quotes_that_no_line_closes_are_looked_for_once_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_looked_at = 0
    before_a_row = delimited_records._before_a_row

    def counted(lines: Iterable[str], n_columns: int) -> Iterator[str]:
        nonlocal n_looked_at
        for line in before_a_row(lines, n_columns):
            n_looked_at += 1
            yield line

    monkeypatch.setattr(delimited_records, "_before_a_row", counted)
    path = file_of(tmp_path, [f'"24 inch lamp {n}\tpos\tyes' for n in range(50)], "f.tsv", "\t")
    assert len(list(open_rows(path, skip_bad_rows=True))) == 2 * len(ROWS)
    assert 0 < n_looked_at <= 3 * 50  # the file is read three times; again from the start for each line were 1,275


def test_two_quoted_fields_over_lines_in_a_tsv(tmp_path: Path) -> None:
    path = file_of(tmp_path, ['"a', 'b"\t"c', 'd"'], "f.tsv", "\t")
    assert [row.cells for row in open_rows(path)][4] == {"text": "a\nb", "label": "c\nd"}


@pytest.mark.parametrize("name", ["f.csv", "f.tsv"])
def test_headings_in_the_middle_are_passed_over(tmp_path: Path, name: str) -> None:
    separator = "," if name == "f.csv" else "\t"
    path = file_of(tmp_path, [f"text{separator}label", f"\ufefftext{separator}label"], name, separator)
    source = open_rows(path)
    assert len(list(source)) == 2 * len(ROWS)
    assert source.notices == [f"{path}: the headings once more, passed over (lines 6, 7)"]


def test_a_text_that_is_called_as_its_column(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("text\nfine\ntext\n")
    assert [row.cells["text"] for row in open_rows(path)] == ["fine", "text"]
