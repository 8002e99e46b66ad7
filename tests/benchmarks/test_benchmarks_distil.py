"""Benchmarks of task distillation: what a side starts from and reads, what is kept out, and how two compare."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("records", "commands", "data_sets", "distil", "distil_teacher", "distil_imdb", "distil_tasks")


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    """The benchmarks, importable while the tests run."""
    with plain_modules(FOLDER, MODULES) as found:
        yield found


@pytest.fixture
def ran(modules: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that a benchmark runs, none of which does more than leave a folder."""
    commands: list[list[str]] = []

    def run(*words: str | Path) -> None:
        commands.append(list(map(str, words)))
        if "--out" in words:
            out = Path(words[words.index("--out") + 1])
            out.mkdir(parents=True)
            told = {"training": {"updates": 7, "seconds": 1.0}, "model": {"parameters": 5}, "metrics": {}}
            (out / "limbeck.json").write_text(json.dumps(told))

    monkeypatch.setattr(modules["commands"], "run", run)
    monkeypatch.setattr(modules["commands"], "limbeck", lambda: "limbeck")
    monkeypatch.setattr(modules["commands"], "scores_of", lambda folder, test, flags=(): folder)
    monkeypatch.setattr(modules["commands"], "wrong_rows", lambda said: {"accuracy": 100.0, "n_test": 3, "wrong": []})
    return commands


def args(tmp_path: Path, **changes: Any) -> argparse.Namespace:
    given = {"data": tmp_path / "data", "encoder": Path("MINILM"), "teacher_encoder": Path("MPNET"), "limit": None}
    return argparse.Namespace(**{**given, "work": tmp_path, "scores": tmp_path / "said.parquet", **changes})


def after(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def table(path: Path, texts: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"text": texts, "label": ["positive"] * len(texts)}), path)


@pytest.mark.parametrize(
    ("side", "start", "reads"),
    [
        ("6", "MINILM", "scores"),
        ("6-hard", "MINILM", "labelled"),
        ("6-phrases", "MINILM", "labelled"),
        ("3", "distil-6-2", "scores"),
        ("3-hard", "MINILM", "labelled"),
        ("3-phrases", "distil-6-phrases-2", "labelled"),
        ("3-last", "distil-6-2", "labelled"),
    ],
)
def test_what_a_side_starts_from_and_reads(
    modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str, start: str, reads: str
) -> None:
    files = {name: Path(name) for name in ("scores", "labelled", "labels")}
    monkeypatch.setattr(modules["distil"], "files_of", lambda args: files)
    monkeypatch.setattr(modules["distil"], "updates_of", lambda layers, seed, args: int(layers) * 100 + seed)
    words = list(map(str, modules["distil"].words_of(side, 2, args(tmp_path))))
    assert Path(after(words, "--student")).name == start and after(words, "--teacher-scores") == reads
    assert ("--layers" in words) is side.startswith("3") and ("--hard" in words) is side.endswith("hard")
    if reads == "labelled":  # as many updates as the side that reads all
        assert after(words, "--max-updates") == f"{side[0]}02"
    held_out = words[words.index("--held-out") + 1 :][:2]
    assert [Path(path).name for path in held_out] == ["dev.parquet", "test.parquet"]


@pytest.mark.parametrize(("side", "before"), [("3", "6"), ("3-phrases", "6-phrases"), ("6", None), ("3-hard", None)])
def test_the_student_of_6_layers_is_made_where_it_is_missing(
    modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], side: str, before: str | None
) -> None:
    monkeypatch.setattr(modules["distil"], "words_of", lambda side, seed, args: ["distil"])
    modules["distil"].make(side, 1, args(tmp_path))
    made = [Path(after(words, "--out")).name for words in ran]
    assert made == [*([f"distil-{before}-1"] if before else []), f"distil-{side}-1"]
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == ({f"distil-{before}-1"} if before else {f"distil-{side}-1"} if side == "6" else set())


def test_points_between_two_sides_by_hand(modules: Any) -> None:
    first, second = ({"n_test": 4, "wrong": wrong} for wrong in ([0], [0, 1]))
    value, low, high = modules["distil"].difference([first], [second])
    # 100 points on one row of four: a mean of 25 with a deviation of 50, and 1.96 times 50 / sqrt(4) on both sides
    assert (value, low, high) == pytest.approx((25, 25 - 49, 25 + 49), abs=0.01)


def test_the_teacher_of_phrases_learns_no_sentence_of_dev_or_test(modules: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sst2"
    table(folder / "train.parquet", ["a good film it is", "what 's next ?", "one to see again"])
    table(folder / "phrases.parquet", ["good film", "a good film", "one of dev 's"])
    table(folder / "dev.parquet", ["one of dev 's"])
    table(folder / "test.parquet", ["what 's next ?"])
    path = modules["distil_teacher"].rows_of(args(tmp_path))
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["a good film it is", "one to see again", "a good film"]


def test_a_task_learns_no_row_of_its_dev_or_test(modules: Any, tmp_path: Path) -> None:
    folder, given = tmp_path / "data" / "stsb", args(tmp_path)
    rows = {
        "train": [("a", "b"), ("a", "c"), ("b", "a"), ("d", "d"), ("a", "c")],
        "dev": [("d", "d"), ("a", "x")],
        "test": [("a", "c"), ("x", "b")],  # pairs are told apart whole, and in their order
    }
    folder.mkdir(parents=True)
    for part, pairs in rows.items():
        first, second = zip(*pairs, strict=True)
        pq.write_table(pa.table({"sentence1": first, "sentence2": second}), folder / f"{part}.parquet")
    path, left_out = modules["data_sets"].learnt(given, "stsb")
    assert left_out == 3 and pq.read_table(path).to_pylist() == [
        {"sentence1": "a", "sentence2": "b"},
        {"sentence1": "b", "sentence2": "a"},
    ]
    assert pq.read_table(modules["data_sets"].learnt(args(tmp_path, limit=1), "stsb")[0]).num_rows == 1
    for part in ("train", "dev", "test"):
        table(tmp_path / "data" / "subj" / f"{part}.parquet", [f"{part} one", f"{part} two"])
    assert modules["data_sets"].learnt(given, "subj") == (tmp_path / "data" / "subj" / "train.parquet", 0)


def test_reviews_that_are_tested_are_not_learnt(modules: Any, tmp_path: Path, ran: list[list[str]]) -> None:
    imdb = modules["distil_imdb"]
    table(tmp_path / "data" / "imdb" / "train.parquet", ["one", "two", "three"])
    table(tmp_path / "data" / "imdb" / "test.parquet", ["two", "four"])
    given = args(tmp_path)
    imdb.make(given, "teacher")
    read = ran[0][ran[0].index("train") + 1]
    assert pq.read_table(read)["text"].to_pylist() == ["one", "three"]
    assert after(ran[0], "--model") == "MPNET"


@pytest.mark.parametrize(("kind", "hard"), [("", None), ("-hard", "1"), ("-both", "0.5"), ("-sst2", "0.5")])
def test_the_review_student_of_3_layers_starts_from_its_kind_of_6(
    modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: list[list[str]], kind: str, hard: str | None
) -> None:
    imdb = modules["distil_imdb"]
    for part in ("train", "test"):
        table(tmp_path / "data" / "imdb" / f"{part}.parquet", [f"{part} {n}" for n in range(3)])
    monkeypatch.setattr(imdb, "asked", lambda args: tmp_path / "said.npz")
    imdb.make(args(tmp_path, sst2_student=Path("SST2")), f"3{kind}")
    assert [Path(after(words, "--out")).name for words in ran] == [f"imdb-6{kind}", f"imdb-3{kind}"]
    start = "SST2" if kind == "-sst2" else "MINILM"
    assert [Path(after(words, "--student")).name for words in ran] == [start, f"imdb-6{kind}"]
    assert [after(words, "--layers") for words in ran] == ["6", "3"]
    assert all(("--hard" in words) is bool(hard) and (not hard or after(words, "--hard") == hard) for words in ran)


def test_retention_and_gain_on_reviews(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    monkeypatch.setattr(modules["records"], "write", lambda record, stamps: written.append(record))
    wrong = {"teacher": 5, "6": 7, "6-hard": 12, "3": 10, "3-hard": 14, "3-both": 8}
    found = {
        side: {"accuracy": 100.0 - n, "n_test": 100, "wrong": list(range(n)), "stamp": {}} for side, n in wrong.items()
    }
    modules["distil_imdb"].report(found)
    assert [(record.name, record.met) for record in written] == [
        ("distil-imdb-6-layers", True),  # 93 of 95 is 97.9 %
        ("distil-imdb-3-layers", False),  # 90 of 95 is 94.7 %
        ("distil-imdb-3-layers-both", True),
    ]
    assert written[0].value == pytest.approx(100 * 93 / 95) and "+5.00 points" in written[0].what


def test_macro_f1_tells_a_student_of_one_class(modules: Any) -> None:
    sides = {"teacher": {"accuracy": 0.8, "macro_f1": 0.7}, "student": {"accuracy": 0.7, "macro_f1": 0.41}}
    assert modules["distil_tasks"].macro_f1([{"measures": sides}]) == "macro F1 41.0 of 70.0, "
    numbers = {side: {"pearson": 0.8} for side in sides}
    assert modules["distil_tasks"].macro_f1([{"measures": numbers}]) == ""
