from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import DataError, SettingsError
from limbeck.runtime import load
from limbeck.runtime.stream import FileAnswers, predict_file
from support.tiny import SENTENCES, predictor, save_tiny

OURS = ["predicted", "p_negative", "p_positive", "tokens_read", "tokens_dropped", "reason"]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reviews(n: int = 25) -> list[dict[str, Any]]:
    texts = [*SENTENCES, "", "the film " * 40, "   "]
    return [{"id": f"00{k}", "text": texts[k % len(texts)], "stars": "5.0"} for k in range(n)]


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_csv_rows_come_back_in_order_with_their_answers(tmp_path: Path, batch_size: int) -> None:
    source = write_csv(tmp_path / "in.csv", reviews())
    counts = predict_file(predictor(), source, tmp_path / "out.csv", batch_size=batch_size)
    rows = read_csv(tmp_path / "out.csv")
    assert list(rows[0]) == ["id", "text", "stars", *OURS]
    assert [{name: row[name] for name in ("id", "text", "stars")} for row in rows] == reviews()
    for row in rows:
        answer = predictor().predict(row["text"])
        assert row["predicted"] == (answer.predicted or "")
        assert row["reason"] == answer.reason
        if answer.predicted is None:
            assert row["p_negative"] == row["p_positive"] == ""
        else:
            assert float(row["p_positive"]) == pytest.approx(answer.probs["positive"], abs=1e-5)
    assert (counts.rows, counts.blank, counts.cut, counts.answered) == (25, 4, 2, 21)


def test_json_lines_keep_their_values_and_get_the_same_keys(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a joy", "n": 1, "tags": ["x"]},
        {"text": "", "n": None},
        {"text": "a bore \ud83d", "n": 2.0},
    ]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    predict_file(predictor(), source, tmp_path / "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    for row, before in zip(found, rows, strict=True):
        assert list(row) == [*before, *OURS]
        assert {name: row[name] for name in before} == before
    assert found[1]["predicted"] is None
    assert found[1]["p_positive"] is None
    assert found[1]["reason"] == "empty text"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"text": ["a joy", None, "a bore"], "n": arrow.array([1, 2, None], arrow.int16())})
    parquet.write_table(table, tmp_path / "in.parquet")
    predict_file(predictor(), tmp_path / "in.parquet", tmp_path / "out.parquet", batch_size=2)
    found = parquet.read_table(tmp_path / "out.parquet")
    assert found.column_names == ["text", "n", *OURS]
    assert found.schema.field("n").type == arrow.int16()
    assert found["text"].to_pylist() == ["a joy", None, "a bore"]
    assert found["predicted"].to_pylist()[1] is None
    assert found["reason"].to_pylist() == ["", "empty text", ""]


@pytest.mark.parametrize("kind", ["text", "regress"])
def test_blank_rows_at_the_begin_do_not_decide_the_types_of_parquet(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("limbeck.data.formats.parquet._GROUP_ROWS", 4)
    source = write_csv(tmp_path / "in.csv", [{"id": "1", "text": text} for text in ["", " ", "", "", "a joy"]])
    predict_file(predictor(kind), source, tmp_path / "out.parquet", prefix="our_")
    schema = parquet.read_schema(tmp_path / "out.parquet")
    numbers = {"our_tokens_read": "int64", "our_tokens_dropped": "int64", "our_reason": "string"}
    if kind == "text":
        added = {"our_predicted": "string", "our_p_negative": "double", "our_p_positive": "double"}
    else:
        added = {"our_predicted": "double"}
    assert dict(zip(schema.names[2:], map(str, schema.types[2:]), strict=True)) == added | numbers


def test_kinds_are_of_the_columns_of_an_answer() -> None:
    for kind in ("text", "pair", "regress"):
        blank = predictor(kind).blank_answer
        assert list(blank.kinds(str, "x_")) == list(blank.to_row("x_"))


def test_a_text_file_has_a_text_a_line(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a joy\n\na bore\n")
    counts = predict_file(predictor(), tmp_path / "in.txt", tmp_path / "out.csv")
    assert [row["text"] for row in read_csv(tmp_path / "out.csv")] == ["a joy", "", "a bore"]
    assert (counts.rows, counts.blank) == (3, 1)


def test_a_number_adds_no_columns_of_classes(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [{"text": "a joy"}, {"text": " "}])
    predict_file(predictor("regress"), source, tmp_path / "out.csv")
    first, second = read_csv(tmp_path / "out.csv")
    assert list(first) == ["text", "predicted", "tokens_read", "tokens_dropped", "reason"]
    assert float(first["predicted"]) == pytest.approx(predictor("regress").predict("a joy").predicted)
    assert second["predicted"] == ""


def test_pairs_read_two_columns(tmp_path: Path) -> None:
    rows = [{"premise": "the film", "hypothesis": "was a joy"}, {"premise": "", "hypothesis": " "}]
    source = write_csv(tmp_path / "in.csv", rows)
    predict_file(predictor("pair"), source, tmp_path / "out.csv")
    first, second = read_csv(tmp_path / "out.csv")
    assert first["predicted"] == predictor("pair").predict([("the film", "was a joy")])[0].predicted
    assert second["reason"] == "empty text"


def test_windows_read_all(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [{"text": "the film " * 40}])
    counts = predict_file(predictor(), source, tmp_path / "out.csv", windows=True)
    (row,) = read_csv(tmp_path / "out.csv")
    assert (row["tokens_read"], row["tokens_dropped"], counts.cut) == ("80", "0", 0)


def test_a_column_named_as_ours_asks_for_a_prefix(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [{"text": "a joy", "predicted": "mine", "reason": "why"}])
    with pytest.raises(DataError, match=r"the column 'predicted', 'reason'.*--prefix limbeck_"):
        predict_file(predictor(), source, tmp_path / "out.csv")
    predict_file(predictor(), source, tmp_path / "out.csv", prefix="limbeck_")
    (row,) = read_csv(tmp_path / "out.csv")
    assert list(row) == ["text", "predicted", "reason", *(f"limbeck_{name}" for name in OURS)]
    assert row["predicted"] == "mine"


def test_a_key_named_as_ours_far_down_in_json_lines_is_found(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines = [json.dumps({"text": "a"})] * 1100 + [json.dumps({"text": "a", "predicted": 1})]
    source.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"'predicted'.*--prefix"):
        predict_file(predictor(), source, tmp_path / "out.jsonl", batch_size=500)
    assert not list(tmp_path.glob("out*"))


def test_damaged_rows_stop_or_are_left_out(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,text\n1,a joy\n2\n3,a bore\n")
    with pytest.raises(DataError, match="line 3"):
        predict_file(predictor(), source, tmp_path / "out.csv")
    assert not list(tmp_path.glob("out*"))
    lines: list[str] = []
    counts = predict_file(predictor(), source, tmp_path / "out.csv", skip_bad_rows=True, notify=lines.append)
    assert counts.rows == 2
    assert any("damaged and left out" in line for line in lines)
    assert any("text column 'text' by name" in line for line in lines)


def test_the_source_is_never_the_target(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [{"text": "a joy"}])
    before = source.read_bytes()
    with pytest.raises(DataError, match="is the file that is read; name another"):
        predict_file(predictor(), source, tmp_path / ".." / tmp_path.name / "in.csv")
    assert source.read_bytes() == before


def test_each_chunk_is_told(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", reviews(10))
    told: list[int] = []
    predict_file(predictor(), source, tmp_path / "out.csv", batch_size=4, on_rows=told.append)
    assert told == [4, 4, 2]


def test_encodings_are_read(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("text\nun café\n".encode("cp1252"))
    with pytest.raises(DataError, match="--encoding"):
        predict_file(predictor(), tmp_path / "in.csv", tmp_path / "out.csv")
    predict_file(predictor(), tmp_path / "in.csv", tmp_path / "out.csv", encoding="cp1252")
    assert read_csv(tmp_path / "out.csv")[0]["text"] == "un café"


def test_the_column_of_training_is_read_where_none_is_named(tmp_path: Path) -> None:
    save_tiny(tmp_path / "model", data={"text_column": "remark"})
    model = load(tmp_path / "model")
    rows = [{"text": "a joy", "remark": "a bore"}]
    source = write_csv(tmp_path / "in.csv", rows)
    assert FileAnswers(model, source).inputs.text == "remark"
    assert FileAnswers(model, source, text_column="text").inputs.text == "text"
    other = write_csv(tmp_path / "other.csv", [{"text": "a joy", "id": 1}])
    assert FileAnswers(model, other).inputs.text == "text"


def test_columns_that_do_not_fit_the_model_are_told(tmp_path: Path) -> None:
    pairs = write_csv(tmp_path / "pairs.csv", [{"text_a": "a", "text_b": "b"}])
    single = write_csv(tmp_path / "single.csv", [{"text": "a joy", "id": "1"}])
    with pytest.raises(
        DataError, match=r"takes one text, and .* has 'text_a' and 'text_b'; name one with --text-column"
    ):
        FileAnswers(predictor(), pairs)
    assert FileAnswers(predictor(), pairs, text_column="text_b").inputs.text_pair is None
    with pytest.raises(DataError, match="takes pairs; name both columns"):
        FileAnswers(predictor("pair"), single)
    with pytest.raises(DataError, match="--text-pair-column 'id': this model takes one text"):
        FileAnswers(predictor(), single, text_pair_column="id")
    with pytest.raises(DataError, match=r"has no column 'txt'; --text-column takes 'text' \(nearest\)"):
        FileAnswers(predictor(), single, text_column="txt")


def test_wrong_settings_are_told(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [{"text": "a joy"}])
    with pytest.raises(SettingsError, match="--batch-size 0"):
        FileAnswers(predictor(), source, batch_size=0)
    with pytest.raises(DataError, match="no file"):
        FileAnswers(predictor(), tmp_path / "gone.csv")


def test_a_file_is_answered_anew_each_time_it_is_iterated(tmp_path: Path) -> None:
    answers = FileAnswers(predictor(), write_csv(tmp_path / "in.csv", reviews(5)), batch_size=2)
    assert [len(chunk) for chunk in answers] == [len(chunk) for chunk in answers] == [2, 2, 1]
    assert answers.counts.rows == 5


def test_sentences_are_rows_with_the_cells_of_their_text(tmp_path: Path) -> None:
    rows = [{"id": "1", "text": "The film was a joy. The soup is warm!"}, {"id": "2", "text": " "}]
    source = write_csv(tmp_path / "in.csv", rows)
    counts = predict_file(predictor(), source, tmp_path / "out.csv", sentences=True, prefix="x_")
    found = read_csv(tmp_path / "out.csv")
    assert list(found[0]) == ["id", "text", "x_sentence_n", "x_sentence", *(f"x_{name}" for name in OURS)]
    assert [(row["id"], row["x_sentence_n"], row["x_sentence"]) for row in found] == [
        ("1", "1", "The film was a joy."),
        ("1", "2", "The soup is warm!"),
        ("2", "1", ""),
    ]
    assert [row["x_reason"] for row in found] == ["", "", "empty text"]
    assert (counts.rows, counts.blank) == (3, 1)
    for row in found[:2]:
        answer = predictor().predict(row["x_sentence"])
        assert float(row["x_p_positive"]) == pytest.approx(answer.probs["positive"], abs=1e-5)


def test_a_column_named_as_a_sentences_asks_for_a_prefix(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [{"text": "a joy", "sentence_n": "7"}])
    with pytest.raises(DataError, match=r"the column 'sentence_n'.*--prefix limbeck_"):
        FileAnswers(predictor(), source, sentences=True)
    assert FileAnswers(predictor(), source).columns[:2] == ["text", "sentence_n"]


def test_sentences_keep_their_kinds_in_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source = write_csv(tmp_path / "in.csv", [{"text": ""}, {"text": "A joy. A bore."}])
    predict_file(predictor(), source, tmp_path / "out.parquet", sentences=True)
    schema = parquet.read_schema(tmp_path / "out.parquet")
    assert (str(schema.field("sentence_n").type), str(schema.field("sentence").type)) == ("int64", "string")


def test_rows_already_opened_are_answered(tmp_path: Path) -> None:
    from limbeck.data import open_rows

    source = write_csv(tmp_path / "in.csv", reviews(5))
    opened = [row for chunk in FileAnswers(predictor(), open_rows(source)) for row in chunk]
    assert opened == [row for chunk in FileAnswers(predictor(), source) for row in chunk]


def test_rows_and_answers_come_apart_too(tmp_path: Path) -> None:
    answers = FileAnswers(predictor(), write_csv(tmp_path / "in.csv", reviews(5)), batch_size=2)
    pairs = [pair for chunk in answers.answered() for pair in chunk]
    assert [row.line for row, _ in pairs] == [2, 3, 4, 5, 6]
    assert [{**row.cells, **answer.to_row()} for row, answer in pairs] == [row for chunk in answers for row in chunk]


@pytest.mark.parametrize("sentences", [False, True])
def test_a_cell_that_is_no_text_is_refused_with_its_line(tmp_path: Path, sentences: bool) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "a joy"}\n{"text": ["a", "bore"]}\n{"text": {"en": "a bore"}}\n')
    with pytest.raises(DataError) as error:
        predict_file(predictor(), source, tmp_path / "out.jsonl", sentences=sentences)
    assert str(error.value) == (
        f"2 problems:\n  - {source}, line 2: column 'text' holds ['a', 'bore']\n"
        f"  - {source}, line 3: column 'text' holds {{'en': 'a bore'}}\n(one text or one label a cell is wanted)"
    )
    assert not (tmp_path / "out.jsonl").exists()
