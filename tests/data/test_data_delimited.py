"""csv and tsv: round trips, lines, quotes, and each damaged input's message."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from limbeck.data import open_rows, open_writer, read
from limbeck.data.formats import delimited
from limbeck.data.formats.text_file import open_text
from limbeck.errors import DataError

CELLS = st.text(st.characters(codec="utf-8"), max_size=12)
NASTY = st.text(st.sampled_from("a\",;\t\n\r \u2028\x85\x00'é😀"), max_size=8)


def file_with(folder: Path, raw: str | bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


def message(path: Path, encoding: str = "utf-8") -> str:
    with pytest.raises(DataError) as error:
        list(open_rows(path, encoding=encoding))
    return str(error.value)


def there_and_back(rows: list[dict[str, str]], columns: list[str], suffix: str) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"f{suffix}"
        with open_writer(path, columns) as writer:
            writer.write(rows)
        source = open_rows(path)
        assert source.columns == columns
        return [row.cells for row in source]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({"text": CELLS | NASTY, "label, or so": NASTY}), max_size=6))
@example([{"text": "", "label, or so": '"'}, {"text": "", "label, or so": "\r,"}])  # a mark alone, then lines of one
def test_csv_gives_back_its_cells(rows: list[dict[str, str]]) -> None:
    assert there_and_back(rows, ["text", "label, or so"], ".csv") == rows


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries({"text": NASTY}), max_size=6))
def test_csv_of_one_column_gives_back_its_cells(rows: list[dict[str, str]]) -> None:
    assert there_and_back(rows, ["text"], ".csv") == rows


@settings(max_examples=150, deadline=None)
@given(st.lists(st.fixed_dictionaries({"a": NASTY, "b": NASTY, "c": CELLS}), max_size=6))
def test_tsv_gives_back_its_cells_or_refuses(rows: list[dict[str, str]]) -> None:
    try:
        found = there_and_back(rows, ["a", "b", "c"], ".tsv")
    except DataError as error:
        assert "a tsv has no safe form" in str(error)
        assert any("\t" in "".join(row.values()) for row in rows)
    else:
        assert found == rows


def test_tsv_of_one_column_refuses_a_line_break(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no second column"), open_writer(tmp_path / "f.tsv", ["text"]) as writer:
        writer.write([{"text": "a\nb"}])


def test_lone_surrogates_become_the_replacement_character(tmp_path: Path) -> None:
    with open_writer(tmp_path / "f.csv", ["text"]) as writer:
        writer.write([{"text": "half \ud83d"}])
    assert [row.cells for row in open_rows(tmp_path / "f.csv")] == [{"text": "half \ufffd"}]


def test_values_are_written_plainly(tmp_path: Path) -> None:
    with open_writer(tmp_path / "f.csv", ["a", "b", "c", "d", "e", "f"]) as writer:
        writer.write([{"a": 0.1, "b": 3, "c": None, "d": np.float64(1 / 3), "e": {"k": ["é"]}}])
        writer.write([{"a": b"raw", "b": True, "c": np.int64(7), "d": np.float32(0.5)}])
    assert (tmp_path / "f.csv").read_text() == (
        'a,b,c,d,e,f\n0.1,3,,0.3333333333333333,"{""k"": [""é""]}",\nraw,True,7,0.5,,\n'
    )


def test_rows_know_the_line_they_begin_on(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'text,label\n"two\nlines",a\n\n"it ""is""",b\n')
    assert [(row.line, row.cells["text"]) for row in open_rows(path)] == [(2, "two\nlines"), (5, 'it "is"')]


def test_line_separators_inside_a_field_split_nothing(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\na\u2028b\x85c\u2029,x\n")
    assert [row.cells["text"] for row in open_rows(path)] == ["a\u2028b\x85c\u2029"]


def test_byte_order_mark_before_a_quoted_heading(tmp_path: Path) -> None:
    path = file_with(tmp_path, b'\xef\xbb\xbf"text","label"\r\n"a","x"\r\n')
    source = open_rows(path)
    assert source.columns == ["text", "label"]
    assert [row.cells for row in source] == [{"text": "a", "label": "x"}]


def test_a_field_longer_than_the_librarys_limit(tmp_path: Path) -> None:
    csv.field_size_limit(131072)
    text = "word " * 60_000
    path = file_with(tmp_path, f'text,label\n"{text}",x\n')
    assert next(iter(open_rows(path))).cells["text"] == text


def test_wrong_bytes_are_named(tmp_path: Path) -> None:
    path = file_with(tmp_path, b"text,label\nCaf" + b"\xe9,x\n")
    assert message(path) == (
        f"{path}, line 2: byte 0xE9 at offset 14 is not utf-8; name the file's encoding, for example --encoding cp1252"
    )
    assert [row.cells["text"] for row in open_rows(path, encoding="cp1252")] == ["Café"]


def test_wrong_bytes_far_into_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    line = "é" * 999 + ",x\n"
    good = b"\xef\xbb\xbf" + ("text,label\n" + line * 700).encode()
    assert len(good) > 1 << 20
    assert f"line 702: byte 0xFF at offset {len(good) + 1} is" in message(file_with(tmp_path, good + b"a\xff,x\n"))


def test_wrong_bytes_right_behind_a_byte_order_mark(tmp_path: Path) -> None:
    assert "line 1: byte 0xFF at offset 3 is not utf-8;" in message(file_with(tmp_path, b"\xef\xbb\xbf\xff"))


def test_utf_16_is_hinted_at_and_read(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\na,é\n".encode("utf-16"))
    assert "(it begins like utf-16); name the file's encoding, for example --encoding utf-16" in message(path)
    assert [row.cells for row in open_rows(path, encoding="utf-16")] == [{"text": "a", "label": "é"}]


def test_utf_16_without_its_mark(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\n")
    assert "is not utf-16" in message(path, "utf-16")


def test_a_character_cut_off_at_the_end(tmp_path: Path) -> None:
    assert "line 2: byte 0xC3 at offset 13 is not utf-8" in message(file_with(tmp_path, b"text,label\nx,\xc3"))


def test_unknown_encodings(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\na,b\n")
    assert message(path, "utf-88").startswith("no encoding is called 'utf-88'; --encoding takes")
    assert message(path, "rot13").startswith("no encoding is called 'rot13'")


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*: Is a directory"), open_text(tmp_path, "utf-8"):
        pass


def test_too_many_and_too_few_fields(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\na,x\na,b,x\n\nalone\nb,y\n")
    assert message(path) == (
        "2 problems:\n"
        f"  - {path}, line 3: too many fields: 3, and 2 headings\n"
        f"  - {path}, line 5: too few fields: 1, and 2 headings\n"
        "(--skip-bad-rows leaves such rows out)"
    )
    source = open_rows(path, skip_bad_rows=True)
    assert [row.line for row in source] == [2, 6]
    assert source.notices == [
        f"{path}: 2 rows damaged and left out (lines 3, 5); the first: too many fields: 3, and 2 headings"
    ]


def test_many_damaged_rows_are_counted(tmp_path: Path) -> None:
    text = message(file_with(tmp_path, "text,label\n" + "a,b,c\n" * 15))
    assert text.startswith("11 problems:")
    assert "line 11:" in text
    assert "  - and 5 more" in text
    assert "line 12:" not in text


def test_a_trailing_comma_is_passed_over_with_a_notice(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\na,x,\nb,y\nc,x,,\n")
    source = open_rows(path)
    assert [row.cells for row in source] == [
        {"text": "a", "label": "x"},
        {"text": "b", "label": "y"},
        {"text": "c", "label": "x"},
    ]
    assert source.notices == [
        f"{path}: a separator at the end of a line, with no heading over it, is passed over (lines 2, 4)"
    ]


def test_a_quote_that_never_closes(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'text,label\na,x\n"b,y\nc,x\n')
    expected = f'{path}, line 3: a field that begins with a quote mark (") never closes it; double or remove it'
    assert message(path).startswith(expected)
    with pytest.raises(DataError, match="line 3: a field that begins"):
        list(open_rows(path, skip_bad_rows=True))


def test_a_quote_that_closes_at_the_next_stray_one(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'text,label\n" is all,tea\nb,y\n" and more,tea\nc,z\n')
    assert 'line 2: a field that begins with a quote mark (") goes on behind its closing one' in message(path)
    assert [row.line for row in open_rows(path, skip_bad_rows=True)] == [5]


def test_a_field_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "FIELD_LIMIT_CHARACTERS", 1000)
    before = csv.field_size_limit(10)
    try:
        assert "line 2: a field that begins" in message(file_with(tmp_path, 'text,label\n"' + "a\n" * 600))
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_files(tmp_path: Path, raw: bytes) -> None:
    path = file_with(tmp_path, raw)
    assert message(path) == f"{path} is empty; the first line must name the columns"


def test_a_header_that_cannot_be_read(tmp_path: Path) -> None:
    assert "f.csv, line 1: a field that begins" in message(file_with(tmp_path, '"text,label\na,b\n'))
    twins = message(file_with(tmp_path, "text,label,text\na,b,c\n"))
    assert twins.endswith("the heading 'text' stands over columns 1 and 3; rename one")


def test_blank_headings_get_their_place_as_name(tmp_path: Path) -> None:
    source = open_rows(file_with(tmp_path, ",text,,\n0,a,b,c\n"))
    assert source.columns == ["", "text", "column 3", "column 4"]


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_separator_is_seen_in_the_header(tmp_path: Path, mark: str, word: str) -> None:
    source = open_rows(file_with(tmp_path, f"text{mark}label\na, b{mark}x\n"))
    assert [row.cells for row in source] == [{"text": "a, b", "label": "x"}]
    assert word in source.notices[0]


def test_lone_quotes_in_a_tsv_are_marks_in_the_text(tmp_path: Path) -> None:
    raw = 'text\tlabel\n" is all\ttea\na 26" wheel\tbike\n" and a 28" x\tbike\n"whole"\ttea\n"a" b\ttea\nend 5"\tbike\n'
    data = read(file_with(tmp_path, raw, "f.tsv"))
    assert data.inputs == ['" is all', 'a 26" wheel', '" and a 28" x', "whole", '"a" b', 'end 5"']
    assert data.rows == (2, 3, 4, 5, 6, 7)


def test_a_quoted_tsv_field_over_several_lines(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'text\tlabel\n"one\n\n""two"""\ta\nb\t"x\ny"\nc\td\n', "f.tsv")
    assert [(row.line, row.cells["text"], row.cells["label"]) for row in open_rows(path)] == [
        (2, 'one\n\n"two"', "a"),
        (5, "b", "x\ny"),
        (7, "c", "d"),
    ]


def test_an_open_quote_and_a_missing_field_in_a_tsv(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'text\tlabel\n"lost\nb\tx\nc\t"y"\n', "f.tsv")
    assert f"{path}, line 2: too few fields: 1, and 2 headings" in message(path)


def test_a_row_with_an_unknown_key(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match=r"the key 'more', which .* has no column for"),
        open_writer(tmp_path / "f.csv", ["text"]) as writer,
    ):
        writer.write([{"text": "a", "more": 1}])
    assert list(tmp_path.iterdir()) == []


def test_a_first_line_that_looks_like_a_row_is_told(tmp_path: Path) -> None:
    path = file_with(tmp_path, "An hour I want back.\nA lovely evening.\n")
    notice = (
        f"{path}: the first line is read as column names, though 'An hour I want back.' reads like a text; "
        "put a line of names above it"
    )
    assert open_rows(path).notices == [notice]
    assert notice in read(path, labelled=False).notices
    labels = file_with(tmp_path, "I liked it\tgood\nnot me\tbad\nfine\tgood\n", "f.tsv")
    assert "'good' stands in a row below it too" in open_rows(labels).notices[0]
    assert open_rows(file_with(tmp_path, "text,label\nA lovely evening.,good\n")).notices == []
