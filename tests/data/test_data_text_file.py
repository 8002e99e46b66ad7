"""Text files by their first bytes: what is no text of the encoding is refused, byte-order marks come off."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.data import open_rows
from limbeck.data.formats import text_file
from limbeck.data.formats.text_file import encoding_of, unlike
from limbeck.errors import DataError

WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


def file_with(folder: Path, raw: bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def message(path: Path, encoding: str = "utf-8") -> str:
    with pytest.raises(DataError) as error:
        list(open_rows(path, encoding=encoding))
    return str(error.value)


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("name", ["f.csv", "f.txt", "f.jsonl", "f.tsv"])
def test_wide_characters_without_a_mark(tmp_path: Path, encoding: str, name: str) -> None:
    path = file_with(tmp_path, "text,label\na lamp,pos\n".encode(encoding), name)
    expected = f"{path} looks like {encoding} without a byte-order mark: --encoding {encoding}"
    assert message(path) == message(path, "cp1252") == expected


def test_some_zeros_are_characters() -> None:
    assert unlike(b"a\x00b" + b"c" * 20, "utf-8-sig") == ""
    assert unlike(b"\x00\x00\x00\x00abcdefg", "utf-8-sig") == ""
    assert unlike(b"a\x00joy\n\x00\n", "utf-8-sig") == ""
    assert unlike("a lamp".encode("utf-16-le"), "utf-16-le") == ""
    assert "utf-16-le" in unlike("a lamp of R\u012bga and of \u0100".encode("utf-16-le"), "utf-8-sig")
    assert unlike(b"", "utf-8-sig") == unlike(b"a\x00b", "utf-8-sig") == ""


@pytest.mark.parametrize("encoding", ["utf-8", *WIDE])
@pytest.mark.parametrize("n_marks", [1, 2])
def test_byte_order_marks_come_off(tmp_path: Path, encoding: str, n_marks: int) -> None:
    raw = ("\ufeff" * n_marks + "text,label\n\ufeffa lamp,pos\n").encode(encoding)
    source = open_rows(file_with(tmp_path, raw), encoding=encoding)
    assert source.columns == ["text", "label"]
    assert [row.cells["text"] for row in source] == ["\ufeffa lamp"]
    lines = open_rows(file_with(tmp_path, raw, "f.txt"), encoding=encoding)
    assert [row.cells["text"] for row in lines] == ["text,label", "\ufeffa lamp,pos"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "gb18030"])
def test_the_mark_of_utf_8_under_another_name(tmp_path: Path, encoding: str) -> None:
    path = file_with(tmp_path, "\ufefftext,label\nfine,pos\n".encode())
    assert "begins with utf-8's byte-order mark and is to be read as" in message(path, encoding)
    assert message(path, encoding).endswith(": --encoding utf-8")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "koi8-r", "mac-roman"])
def test_utf_8_without_a_mark_under_the_name_of_a_code_page(tmp_path: Path, encoding: str) -> None:
    path = file_with(tmp_path, "text,label\ncaf\u00e9 \u2014 \u2019,pos\n".encode())
    assert message(path, encoding).endswith(f"is to be read as {text_file.resolve(encoding)}: --encoding utf-8")
    assert encoding_of(path, encoding) == "utf-8"


def test_what_may_be_of_a_code_page_is_read_by_it(tmp_path: Path) -> None:
    body = "text,label\nA\u00a9 is \u00c3\u00a9 \u20ac,pos\n"  # here a sign of two bytes stands as such
    path = file_with(tmp_path, body.encode("cp1252"))
    assert encoding_of(path, "cp1252") == "cp1252"
    assert [row.cells["text"] for row in open_rows(path, encoding="cp1252")] == ["A\u00a9 is \u00c3\u00a9 \u20ac"]
    few = file_with(tmp_path, "text,label\n\u00c3\u00a9,pos\n".encode("latin-1"), "few.csv")
    assert [row.cells["text"] for row in open_rows(few, encoding="latin-1")] == ["\u00c3\u00a9"]
    wide = file_with(tmp_path, "text,label\n\u8054\u901a\u8054\u901a\u77e5,pos\n".encode("gb18030"), "wide.csv")
    assert [row.cells["text"] for row in open_rows(wide, encoding="gb18030")] == ["\u8054\u901a\u8054\u901a\u77e5"]
    plain = file_with(tmp_path, b"text,label\na lamp,pos\n", "plain.csv")
    assert [encoding_of(plain, "cp1252"), encoding_of(tmp_path / "none.csv", "cp1252")] == ["cp1252", "cp1252"]
    assert [encoding_of(path, "utf-8"), encoding_of(wide, "gb18030")] == ["utf-8", "gb18030"]


def test_the_marks_of_wide_characters(tmp_path: Path) -> None:
    path = file_with(tmp_path, "text,label\nfine,pos\n".encode("utf-32"))
    assert "(it begins like utf-32); name the file's encoding, for example --encoding utf-32" in message(path)
    assert message(path, "cp1252").endswith("--encoding utf-32")
    assert [row.cells["text"] for row in open_rows(path, encoding="utf-32")] == ["fine"]
    path = file_with(tmp_path, "text,label\nfine,pos\n".encode("utf-16"))
    assert message(path, "latin-1").endswith("--encoding utf-16")


def test_what_was_tried_is_not_advised(tmp_path: Path) -> None:
    path = file_with(tmp_path, b"text,label\na \x81 lamp,pos\n")
    assert message(path, "cp1252").endswith("is not cp1252; name the file's encoding, for example --encoding utf-8")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("chunk_bytes", [1, 3, 1 << 20])
def test_lines_are_counted_by_any_end(
    tmp_path: Path, end: str, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_file, "_CHUNK_BYTES", chunk_bytes)
    path = file_with(tmp_path, end.join(["text,label", "fine,pos", "", "x"]).encode() + b"\xe9,neg")
    assert f"{path}, line 4: byte 0xE9 at offset {len(path.read_bytes()) - 5} is not utf-8" in message(path)


@pytest.mark.parametrize("name", ["f.txt", "f.jsonl"])
def test_where_only_a_line_feed_ends_a_line_others_are_not_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'"one\rline"\n\r\n\xe9')
    with pytest.raises(DataError, match=r", line 3: byte 0xE9 at offset 13"):
        list(open_rows(tmp_path / name))


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"PK\x03\x04\x14\x00", "is a zip archive, as an Excel workbook is: save the sheet as csv, or unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel workbook: save the sheet as csv"),
        (b"\x1f\x8b\x08\x00", "is packed by gzip: unpack it"),
        (b"PAR1\x15\x04", "is a parquet file: name it FILE.parquet"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_files_of_another_kind(tmp_path: Path, raw: bytes, what: str, encoding: str) -> None:
    path = file_with(tmp_path, raw)
    assert message(path, encoding) == f"{path} {what}"


@pytest.mark.parametrize("encoding", ["idna", "undefined", "utf\x008", "base64", ""])
def test_what_is_no_encoding(tmp_path: Path, encoding: str) -> None:
    path = file_with(tmp_path, b"text,label\na,b\n")
    assert message(path, encoding).startswith(f"no encoding is called {encoding!r}; --encoding takes")


def test_utf_8_beside_files_of_wide_characters(tmp_path: Path) -> None:
    narrow = file_with(tmp_path, "text,label\ncaf\u00e9,pos\n".encode())
    wide = file_with(tmp_path, "text,label\ncaf\u00e9,pos\n".encode("utf-16"), "wide.csv")
    bare = file_with(tmp_path, "text,label\ncaf\u00e9,pos\n".encode("utf-16-le"), "bare.csv")
    assert [encoding_of(path, "utf-16") for path in (narrow, wide, bare)] == ["utf-8", "utf-16", "utf-16"]
    assert encoding_of(narrow, "utf-32-le") == "utf-8"
