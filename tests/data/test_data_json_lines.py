"""Json lines and plain text: values kept, only a line feed ends a record, damaged lines named."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.data import open_rows, open_writer, read
from limbeck.errors import DataError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), min_size=1, max_size=5))
def test_json_lines_give_back_their_values(rows: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.jsonl"
        with open_writer(path, []) as writer:
            writer.write(rows)
        source = open_rows(path)
        assert [row.cells for row in source] == rows
        assert source.columns == list(dict.fromkeys(key for row in rows for key in row))


@pytest.mark.parametrize("text", ["half \ud83d", "\udc00", "a\u2028b\x85\n\r\x00"])
def test_odd_characters_come_back(tmp_path: Path, text: str) -> None:
    with open_writer(tmp_path / "f.jsonl", ["text"]) as writer:
        writer.write([{"text": text}, {"text": "é"}])
    assert [row.cells["text"] for row in open_rows(tmp_path / "f.jsonl")] == [text, "é"]
    assert '"é"' in (tmp_path / "f.jsonl").read_text(encoding="utf-8")


def test_values_of_numpy(tmp_path: Path) -> None:
    with open_writer(tmp_path / "f.jsonl", []) as writer:
        writer.write([{"a": np.float64(0.1), "b": np.int64(3), "c": np.array([1, 2]), "d": b"x", "e": Path("p")}])
    assert (tmp_path / "f.jsonl").read_text() == '{"a": 0.1, "b": 3, "c": [1, 2], "d": "x", "e": "p"}\n'


def test_what_json_has_no_word_for_is_null(tmp_path: Path) -> None:
    odd = {"a": math.nan, "b": [1, math.inf, {"c": np.float32("nan")}], "d": np.array([1.5, -np.inf]), "e": "\ud800"}
    with open_writer(tmp_path / "f.jsonl", []) as writer:
        writer.write([odd])
    said = (tmp_path / "f.jsonl").read_text()
    assert said == '{"a": null, "b": [1, null, {"c": null}], "d": [1.5, null], "e": "\\ud800"}\n'


def test_blank_lines_line_ends_and_separators(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "a", "label": "x"}\n\n{"text": "b", "label": "y"}\r\n   \n'
        + '{"text": "c\u2028d\u2029e\x85", "label": "x"}'.encode()
    )
    data = read(path)
    assert data.inputs == ["a", "b", "c\u2028d\u2029e\x85"]
    assert data.rows == (1, 3, 5)


def test_damaged_lines_are_named_together(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"text": "a"}\n{"text": }\n[1]\n"s"\ntrue\nnull\n3\n{"text": "b"}\n')
    with pytest.raises(DataError) as error:
        list(open_rows(path))
    wanted = ", and each line must be one json object"
    assert str(error.value) == (
        "6 problems:\n"
        f"  - {path}, line 2: not json: Expecting value at character 10; each line must be one json object\n"
        f"  - {path}, line 3: a json array{wanted}; write one a line, as FILE.jsonl\n"
        f"  - {path}, line 4: a json string{wanted}\n"
        f"  - {path}, line 5: a json boolean{wanted}\n"
        f"  - {path}, line 6: a json null{wanted}\n"
        f"  - {path}, line 7: a json number{wanted}\n"
        "(--skip-bad-rows leaves such rows out)"
    )
    source = open_rows(path, skip_bad_rows=True)
    assert [row.cells for row in source] == [{"text": "a"}, {"text": "b"}]
    assert "6 rows damaged and left out (lines 2, 3, 4, 5, 6, 7)" in source.notices[0]


def test_deeply_nested_json_is_a_damaged_line(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"text": "a"}\n' + "[" * 100_000 + "\n")
    with pytest.raises(DataError, match="line 2: json nested too deeply"):
        list(open_rows(path))


@pytest.mark.parametrize("raw", ["", "\n \n"])
def test_empty_files(tmp_path: Path, raw: str) -> None:
    path = tmp_path / "f.ndjson"
    path.write_text(raw)
    with pytest.raises(DataError) as error:
        open_rows(path)
    assert str(error.value) == f"{path} is empty; each line must be one json object"


def test_an_integer_of_too_many_digits_is_a_damaged_line(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "n": ' + "9" * 5000 + "}\n")
    with pytest.raises(DataError, match="line 2: a whole number of more than 4300 digits"):
        list(open_rows(path))
    assert [row.line for row in open_rows(path, skip_bad_rows=True)] == [1]


@pytest.mark.parametrize(
    "raw",
    [
        '[{"text": "a"}]',
        '[{"text": "a"},\n{"text": "b"}]\n',
        '[\n  {"text": "a"}\n]\n',
        '[\n  {\n    "text": "a"\n  }\n]\n',
    ],
)
def test_an_array_in_a_json_file(tmp_path: Path, raw: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(raw)
    with pytest.raises(DataError, match=r"f\.json, line 1: a json array, and .* one json object; .* as FILE\.jsonl"):
        read(path, labelled=False)


def test_wrong_bytes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "\xe9"}\n')
    with pytest.raises(DataError, match=r"line 2: byte 0xE9 at offset 24 is not utf-8; .* --encoding"):
        open_rows(path)


def test_labels_of_json_types(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b", "label": 10}\n{"text": "null", "label": 9.0}\n')
    data = read(path)
    assert data.targets == ["1", "10", "9"]
    assert data.classes == ("1", "9", "10")


def test_a_key_that_stands_twice_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(
        '{"text": "a \\"label\\" of two", "label": "x", "label": "y"}\n'
        '{"text": "b", "label": "x", "more": {"label": 1, "text": [{"label": 2, "label": 3}]}}\n'
        '{"label": "x", "text": "label", "text" : "c", "label": 7}\n'
    )
    data = read(path)
    assert (data.inputs, data.targets) == (['a "label" of two', "b", "c"], ["y", "x", "7"])
    assert data.notices[1:] == (
        f"{path}: the key 'label' stands twice in a row, and its last value is read (lines 1, 3)",
        f"{path}: the key 'text' stands twice in a row, and its last value is read (line 3)",
    )


def test_plain_text_is_one_text_a_line(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_bytes('\ufeffa, b\r\n\n"c\u2028d\ne\rf'.encode())
    source = open_rows(path)
    assert source.columns == ["text"]
    assert [(row.line, row.cells["text"]) for row in source] == [(1, "a, b"), (2, ""), (3, '"c\u2028d'), (4, "e\rf")]


def test_plain_text_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot write .*f\.txt' by its suffix '\.txt': use '\.") as error:
        open_writer(tmp_path / "f.txt", ["text"])
    assert "'.csv'" in str(error.value)


def test_a_reader_that_has_enough_is_told_of_the_rows_it_came_by(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\n{\n{"text": "b"}\n{"text": "c"}\n[\n', encoding="utf-8")
    source = open_rows(path, skip_bad_rows=True)
    for row in source:
        if row.cells["text"] == "b":
            break
    assert len(source.notices) == 1 and "1 row damaged and left out (line 2)" in source.notices[0]
    assert len(list(source)) == 3 and "2 rows damaged and left out (lines 2, 5)" in source.notices[0]
