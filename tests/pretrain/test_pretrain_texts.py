from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from limbeck.errors import DataError
from limbeck.pretrain.corpus import prepare
from limbeck.pretrain.texts import FileTexts, open_texts, source_of
from support.corpora import TOKENIZER, corpus_of, made_up, stream_of, streams, written

TEXTS = made_up(300)


def table(path: Path, heading: str, texts: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[heading, "stars"], *([text, 3] for text in texts)])
    return path


def lines(path: Path, rows: list[dict[str, object]]) -> Path:
    return written(path, [json.dumps(row) for row in rows])


def read(*paths: Path, text_column: str | None = None, skip_bad_rows: bool = False) -> list[str]:
    sources = [FileTexts(path) for path in paths]
    opened = open_texts(sources, text_column=text_column, encoding="utf-8", skip_bad_rows=skip_bad_rows)
    return [text for one in opened for text in one]


def test_every_format_gives_the_same_streams(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"text": TEXTS, "label": [0] * 300}), tmp_path / "texts.parquet")
    paths = [
        written(tmp_path / "texts.txt", TEXTS),
        table(tmp_path / "texts.csv", "review", TEXTS),
        lines(tmp_path / "texts.jsonl", [{"id": 1, "text": text} for text in TEXTS]),
        tmp_path / "texts.parquet",
    ]
    train, valid = streams(TEXTS)
    found = [corpus_of(path, tmp_path) for path in paths]
    for one in found:
        assert stream_of(one.train) == train[: len(train) // 8 * 8]
        assert stream_of(one.valid) == valid[: len(valid) // 8 * 8]
    assert found[1].notices[1] == f"{paths[1]}: text column 'review' by name"
    assert [source_of(str(path)).n_rows() for path in paths] == [300, 301, 300, 300]


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    for n, text in enumerate(TEXTS):
        folder = tmp_path / "reviews" / ("pos", "neg")[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{n:03}.txt").write_text(text, encoding="utf-8")
    found = corpus_of(tmp_path / "reviews", tmp_path)
    assert stream_of(found.train) == streams([*TEXTS[1::2], *TEXTS[::2]])[0][: len(found.train) * 8]
    assert source_of(str(tmp_path / "reviews")).n_rows() == 0


def test_a_folder_of_splits_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "train.txt", TEXTS)
    written(tmp_path / "test.txt", TEXTS)
    with pytest.raises(DataError, match=r"holds several splits \('train.txt', 'test.txt'\); name one of them"):
        corpus_of(tmp_path, tmp_path / "home")


def test_a_named_column_is_read_where_it_is_there(tmp_path: Path) -> None:
    first = lines(tmp_path / "a.jsonl", [{"body": "the film", "text": "no"}])
    second = written(tmp_path / "b.txt", ["a bore"])
    assert read(first, second, text_column="Body") == ["the film", "a bore"]
    assert read(first, second) == ["no", "a bore"]


def test_a_column_that_no_source_has_is_told(tmp_path: Path) -> None:
    paths = [lines(tmp_path / "a.jsonl", [{"body": "the film", "id": 1}]), written(tmp_path / "b.txt", ["a bore"])]
    with pytest.raises(DataError) as caught:
        read(*paths, text_column="bodi")
    assert str(caught.value) == (
        f"no column 'bodi' in {paths[0]}, {paths[1]}; --text-column takes 'body' (nearest), 'id', 'text'"
    )


def test_both_texts_of_a_pair_are_texts(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"premise": "one", "hypothesis": "two"}, {"premise": None, "hypothesis": "3"}])
    assert read(path) == ["one", "two", "", "3"]


def test_bad_rows_are_named_with_file_and_line(tmp_path: Path) -> None:
    rows = [json.dumps({"text": text}) for text in TEXTS]
    path = written(tmp_path / "a.jsonl", [*rows[:2], "{", *rows[2:], "[]"])
    with pytest.raises(DataError) as caught:
        corpus_of(path, tmp_path / "home")
    said = str(caught.value)
    assert said.startswith(f"2 problems:\n  - {path}, line 3: ") and f"{path}, line 302: " in said
    assert "--skip-bad-rows" in said and not list((tmp_path / "home" / "corpora").iterdir())
    found = corpus_of(path, tmp_path / "home", skip_bad_rows=True)
    assert found.n_texts == 300 and f"{path}: 2 rows damaged and left out (lines 3, 302)" in found.notices[1]


def test_a_cell_that_is_no_text_is_a_bad_row(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": text} for text in TEXTS]
    path = lines(tmp_path / "a.jsonl", [*rows[:2], {"text": ["a"] * 40}, *rows[2:]])
    with pytest.raises(DataError, match=r"a\.jsonl, line 3: column 'text' holds \['a', .*\.\.\., and one text a cell"):
        corpus_of(path, tmp_path)
    found = corpus_of(path, tmp_path, skip_bad_rows=True)
    assert found.n_texts == 300 and "1 row damaged and left out (line 3)" in found.notices[1]


def test_a_byte_of_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes("".join(f"{text}\n" for text in [*TEXTS, "café"]).encode("latin-1"))
    with pytest.raises(DataError, match=r"line 301: byte 0xE9 .* --encoding cp1252"):
        corpus_of(path, tmp_path)
    assert corpus_of(path, tmp_path, encoding="latin-1").n_texts == 301


def test_all_problems_of_the_sources_are_told_together(tmp_path: Path) -> None:
    empty = written(tmp_path / "a.csv", [])
    other = lines(tmp_path / "b.jsonl", [{"x": 1, "y": 2}])
    with pytest.raises(DataError) as caught:
        prepare([str(empty), str(other), str(written(tmp_path / "c.pdf", ["x"]))], TOKENIZER, 10, home=tmp_path)
    assert str(caught.value).startswith("3 problems:\n") and "a.csv is empty" in str(caught.value)
    assert "cannot tell which column" in str(caught.value) and "cannot read" in str(caught.value)
    with pytest.raises(DataError, match="2 problems"):
        prepare(["hub:imdb", "hub:"], TOKENIZER, 10, home=tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "texts.txt", TEXTS)

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("limbeck.pretrain.texts.content_of", refuse)
    with pytest.raises(DataError, match=r"cannot read '.*texts.txt': Permission denied"):
        corpus_of(path, tmp_path)
