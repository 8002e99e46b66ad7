"""Parquet and frames: types come back, nothing is lost on the way through rows."""

from __future__ import annotations

import datetime
import decimal
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from limbeck.data import open_rows, open_writer, read
from limbeck.data.formats import parquet
from limbeck.errors import DataError, MissingExtra

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def table_of_many_types() -> Any:
    return pa.table(
        {
            "text": pa.array(["a", None, "é😀"]),
            "label": pa.array(["x", "y", "x"]).dictionary_encode(),
            "small": pa.array([1, None, -3], pa.int8()),
            "big": pa.array([2**63, 0, 1], pa.uint64()),
            "float": pa.array([0.1, None, float("inf")], pa.float32()),
            "half": pa.array([1.5, None, 2.0], pa.float16()),
            "flag": pa.array([True, None, False]),
            "when": pa.array([1, None, 1_700_000_000_123_456_789], pa.timestamp("ns", tz="UTC")),
            "day": pa.array([datetime.date(2020, 2, 29), None, None]),
            "price": pa.array([decimal.Decimal("1.10"), None, None]),
            "raw": pa.array([b"\xff", None, b""]),
            "words": pa.array([["a", None], [], None]),
            "times": pa.array([[1], [], None], pa.list_(pa.timestamp("ns"))),
            "record": pa.array([{"k": 1, "v": "s"}, None, {"k": None, "v": ""}]),
            "none": pa.nulls(3),
        },
        metadata={"origin": "test"},
    )


def test_a_copy_row_by_row_has_the_same_types_and_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 2)
    table = table_of_many_types()
    pq.write_table(table, tmp_path / "in.parquet")
    source = open_rows(tmp_path / "in.parquet")
    added = ["label_", "p", "n", "reason", "nothing"]
    extra = [("x", 0.25, 1, None, None), ("y", None, 2, None, None), ("\ud83d", 1, 3, "why", None)]
    with open_writer(tmp_path / "out.parquet", [*source.columns, *added], like=source) as writer:
        for row, values in zip(source, extra, strict=True):
            writer.write([{**row.cells, **dict(zip(added, values, strict=True))}])
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.select(table.schema.names).schema.equals(table.schema)
    for name in table.schema.names:  # each row group has a dictionary of its own, which `equals` compares
        kind = pa.string() if name == "label" else table.schema.field(name).type
        assert found[name].cast(kind).equals(table[name].cast(kind)), name
    assert found.schema.metadata == {b"origin": b"test"}
    assert found.select(added).to_pydict() == {
        "label_": ["x", "y", "\ufffd"],
        "p": [0.25, None, 1.0],
        "n": [1, 2, 3],
        "reason": [None, None, "why"],
        "nothing": [None, None, None],
    }
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 2
    assert [str(found.schema.field(name).type) for name in added] == ["string", "double", "int64", "string", "string"]


def test_numbers_of_fewer_bits_are_the_classes_that_a_csv_of_them_has(tmp_path: Path) -> None:
    labels = [0.1, 4.3, None, 2.0, math.nan, 0.1]
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"text": list("abcdef"), "label": pa.array(labels, pa.float32())}), path)
    assert read(path).targets == ["0.1", "4.3", "2", "0.1"]


@pytest.mark.parametrize("source_suffix", [".csv", ".parquet"])
def test_columns_of_a_given_kind_wait_for_no_cell(
    source_suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 2)
    path = tmp_path / f"in{source_suffix}"
    with open_writer(path, ["text"]) as writer:
        writer.write([{"text": text} for text in "abc"])
    source = open_rows(path)
    kinds = {"p": float, "n": int, "said": str}
    cells: list[dict[str, Any]] = [{}, {"p": None}, {"p": 1, "n": 2, "said": "x"}]  # the first group has none of them
    with open_writer(tmp_path / "out.parquet", ["text", *kinds], like=source, kinds=kinds) as writer:
        writer.write({**row.cells, **more} for row, more in zip(source, cells, strict=True))
    found = pq.read_table(tmp_path / "out.parquet")
    assert list(map(str, found.schema.types)) == ["string", "double", "int64", "string"]
    assert found["p"].to_pylist() == [None, None, 1.0]


def test_a_format_without_types_takes_no_notice_of_kinds(tmp_path: Path) -> None:
    with open_writer(tmp_path / "out.csv", ["p"], kinds={"p": float}) as writer:
        writer.write([{"p": None}, {"p": 0.5}])
    assert [row.cells["p"] for row in open_rows(tmp_path / "out.csv")] == ["", "0.5"]


def test_cells_as_text_in_csv_and_json(tmp_path: Path) -> None:
    pq.write_table(table_of_many_types(), tmp_path / "in.parquet")
    source = open_rows(tmp_path / "in.parquet")
    for suffix in (".csv", ".jsonl"):
        with open_writer(tmp_path / f"out{suffix}", source.columns, like=source) as writer:
            writer.write(row.cells for row in source)
    rows = [row.cells for row in open_rows(tmp_path / "out.csv")]
    assert [rows[0][name] for name in ("label", "small", "half", "flag", "day", "price", "words", "none")] == [
        "x", "1", "1.5", "True", "2020-02-29", "1.10", '["a", null]', ""
    ]  # fmt: skip
    assert (rows[1]["times"], rows[2]["times"]) == ("[]", "")
    assert rows[2]["when"] == "2023-11-14 22:13:20.123456789Z"
    values = [row.cells for row in open_rows(tmp_path / "out.jsonl")]
    assert [values[0][name] for name in ("small", "flag", "day", "words")] == [1, True, "2020-02-29", ["a", None]]
    assert values[1]["text"] is None


def test_whole_floats_and_unused_categories(tmp_path: Path) -> None:
    dictionary = pa.DictionaryArray.from_arrays(pa.array([0, 2, 0]), pa.array(["late", "lost", "fine"]))
    table = pa.table({"text": ["a", "b", "null"], "label": pa.array([0.0, 1.0, None]), "kind": dictionary})
    pq.write_table(table, tmp_path / "f.parquet")
    data = read(tmp_path / "f.parquet", label_column="label")
    assert (data.targets, data.classes, data.rows) == (["0", "1"], ("0", "1"), (1, 2))
    assert any("1 row without a label in column 'label' left out (row 3)" in notice for notice in data.notices)
    assert read(tmp_path / "f.parquet", label_column="kind").classes == ("fine", "late")


def test_rows_are_counted_over_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_READ_ROWS", 2)
    pq.write_table(pa.table({"text": list("abcde")}), tmp_path / "f.parquet")
    rows = list(open_rows(tmp_path / "f.parquet"))
    assert [(row.line, row.cells["text"]) for row in rows] == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]


def test_files_that_are_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "f.parquet").write_bytes(b"text,label\n")
    with pytest.raises(DataError, match=r"cannot read .*f\.parquet' as parquet"):
        open_rows(tmp_path / "f.parquet")
    pq.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), tmp_path / "g.parquet")
    with pytest.raises(DataError, match=r"g\.parquet has two columns called 'text'; rename one"):
        open_rows(tmp_path / "g.parquet")


def test_a_damaged_page_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"text": ["some words"] * 50}), path)
    raw = bytearray(path.read_bytes())
    raw[4:40] = b"\xff" * 36
    path.write_bytes(raw)
    with pytest.raises(DataError, match="row 1: the parquet file is damaged from here on") as error:
        list(open_rows(path))
    assert "--skip-bad-rows" not in str(error.value)
    with pytest.raises(DataError, match="the parquet file is damaged"):
        list(open_rows(path, skip_bad_rows=True))


def test_a_string_that_is_no_utf_8_is_a_damaged_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_READ_ROWS", 2)
    texts = pa.StringArray.from_buffers(4, *pa.array([b"fine", b"good", b"caf\xe9", b"bad"], pa.binary()).buffers()[1:])
    pq.write_table(pa.table({"text": texts, "label": list("xyxy")}), tmp_path / "f.parquet")
    problem = "column 'text' holds a string that is not utf-8 (0xE9 at offset 3); write it anew as utf-8"
    with pytest.raises(DataError) as error:
        list(open_rows(tmp_path / "f.parquet"))
    assert str(error.value).startswith(f"{tmp_path}/f.parquet, row 3: {problem}")
    source = open_rows(tmp_path / "f.parquet", skip_bad_rows=True)
    assert [(row.line, row.cells["text"]) for row in source] == [(1, "fine"), (2, "good"), (4, "bad")]
    with pytest.raises(DataError, match="the frame, row 3: column 'text' holds a string that is not utf-8"):
        read(pa.table({"text": texts, "label": list("xyxy")}))


def test_bytes_that_are_no_text_are_refused_as_texts_alone(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [b"fine", b"caf\xe9"], "label": ["x", "y"]}), tmp_path / "f.parquet")
    with pytest.raises(DataError, match=r"row 2: column 'text' holds bytes that are not utf-8 \(0xE9 at offset 3\)"):
        read(tmp_path / "f.parquet")
    pq.write_table(pa.table({"text": ["a", "b"], "raw": [b"x", b"\xe9"], "label": ["x", "y"]}), tmp_path / "g.parquet")
    assert read(tmp_path / "g.parquet").inputs == ["a", "b"]


def test_whole_decimals_are_the_classes_of_whole_numbers(tmp_path: Path) -> None:
    labels = pa.array([decimal.Decimal("1.00"), decimal.Decimal("2.50"), decimal.Decimal("0.00")])
    pq.write_table(pa.table({"text": ["a", "b", "c"], "label": labels}), tmp_path / "f.parquet")
    assert read(tmp_path / "f.parquet", task="classify").targets == ["1", "2.5", "0"]


@pytest.mark.parametrize("kind", [pa.list_(pa.int64(), 2), pa.map_(pa.int64(), pa.int64())])
def test_lists_and_maps_are_no_labels_and_come_back(tmp_path: Path, kind: Any) -> None:
    cells: list[Any] = [[1, 2], [3, 4]] if kind == pa.list_(pa.int64(), 2) else [[(1, 2)], [(3, 4)]]
    table = pa.table({"text": ["a", "b"], "label": pa.array(cells, kind)})
    pq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(DataError, match="row 1: column 'label' holds"):
        read(tmp_path / "f.parquet")
    source = open_rows(tmp_path / "f.parquet")
    with open_writer(tmp_path / "out.parquet", source.columns, like=source) as writer:
        writer.write(row.cells for row in source)
    assert pq.read_table(tmp_path / "out.parquet").equals(table)


def test_a_column_of_two_kinds_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="column 'a' does not fit one parquet type"),
        open_writer(tmp_path / "f.parquet", ["a"]) as writer,
    ):
        writer.write([{"a": 1}, {"a": "x"}])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"a": 10**30}, "column 'a' does not fit one parquet type"),
        ({"a": ["\ud83d"]}, "column 'a' does not fit one parquet type"),
        ({"a": {}}, r"f\.parquet cannot hold these columns \(Cannot write struct type 'a'"),
        ({"a\ud83d": 1}, r"f\.parquet cannot hold these columns"),
    ],
)
def test_what_json_has_and_parquet_has_not_is_refused_in_words(
    tmp_path: Path, cells: dict[str, object], why: str
) -> None:
    with (
        pytest.raises(DataError, match=f"{why}.*write json lines instead"),
        open_writer(tmp_path / "f.parquet", list(cells)) as writer,
    ):
        writer.write([cells])
    assert list(tmp_path.iterdir()) == []


def test_an_error_after_the_first_group_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 1)
    with pytest.raises(KeyboardInterrupt), open_writer(tmp_path / "f.parquet", ["a"]) as writer:
        writer.write([{"a": 1}, {"a": 2}])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_no_rows_make_a_file_with_its_columns(tmp_path: Path) -> None:
    open_writer(tmp_path / "f.parquet", ["a", "b"]).close()
    assert pq.read_table(tmp_path / "f.parquet").to_pydict() == {"a": [], "b": []}


def test_arrow_tables_and_streams_are_frames() -> None:
    table = pa.table({"text": ["a", "b"], "label": [1, 2]})
    data = read(table)
    assert (data.inputs, data.targets, data.classes, data.name) == (["a", "b"], ["1", "2"], ("1", "2"), "the frame")
    with pytest.raises(DataError, match="the frame has two columns called 'a'"):
        read(pa.table([["a"], ["b"]], names=["a", "a"]))


def test_pandas_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["null", "b", "c"], "label": [0, None, 1]}, index=[7, 8, 9])
    data = read(frame)
    assert (data.inputs, data.targets, data.classes) == (["null", "c"], ["0", "1"], ("0", "1"))
    columns = {"text": frame["text"], "label": pandas.Series([0, pandas.NA, 1], dtype="Int64")}
    assert read(columns).targets == ["0", "1"]


@pytest.mark.parametrize("kind", [pa.table, pa.record_batch])
def test_equal_cells_are_no_twins(kind: Any) -> None:
    source = kind({"text": ["a", "b"], "label": ["x", "y"], "first": [1, 1], "second": [1, 1]})
    assert read(source).targets == ["x", "y"]


def test_pandas_classes_of_types_that_arrow_lacks() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["a", "b", "c"], "stars": pandas.cut([1, 4, math.nan], [0, 2, 5])})
    assert read(frame, label_column="stars").classes == ("(0.0, 2.0]", "(2.0, 5.0]")
    frame = pandas.DataFrame({"text": ["a", "b", "c"], "label": pandas.PeriodIndex(["2024", "2025", "2024"], freq="Y")})
    assert read(frame).targets == ["2024", "2025", "2024"]


def test_pandas_columns_of_two_kinds_are_read_by_their_values() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["a", "b", "c"], "label": pandas.Series([1, "two", None], dtype=object)})
    data = read(frame)
    assert (data.inputs, data.targets) == (["a", "b"], ["1", "two"])
    assert read(frame.assign(wave=[1j, 2j, 3j])).targets == ["1", "two"]
    twins = pandas.DataFrame([["a", "x", 1]], columns=["text", "label", "text"])
    with pytest.raises(DataError, match="the frame has two columns called 'text'; rename one"):
        read(twins)
    with pytest.raises(DataError, match=r"cannot read a Series as rows .*; give a frame with a column of texts"):
        read(frame["text"])


def test_polars_frames() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}, schema_overrides={"label": polars.Categorical})
    assert read(frame).targets == ["x", "y"]


def test_without_pyarrow_the_install_line_is_given_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'limbeck\[data\]'"):
        open_writer(tmp_path / "f.parquet", ["text"])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "f.parquet").touch()
    with pytest.raises(MissingExtra, match="pyarrow is not installed"):
        open_rows(tmp_path / "f.parquet")
