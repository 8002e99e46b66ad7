"""DistilBERT's tables: what models are judged by, what is kept, the ablation's order, and what is asked of whom."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("records", "commands", "pictures", "data_sets", "fine_tuning", "distilbert_encoders", "distilbert_tasks")
MORE = ("distilbert_ablation", "distil_speed", "distilbert_speed", "distilbert_scale", "distilbert_paper")


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    """The benchmark's modules, importable while the tests run."""
    with plain_modules(FOLDER, (*MODULES, *MORE)) as found:
        yield found


def args(folder: Path, **changes: Any) -> argparse.Namespace:
    given = {"data": Path("DATA"), "encoder": Path("ENCODER"), "work": folder, "limit": None}
    return argparse.Namespace(**{**given, "seeds": [1, 2, 3], "seeds_text": "1,2,3", **changes})


def piece(said: str, targets: str, measure: str = "accuracy") -> dict[str, Any]:
    return {"said": said, "targets": targets, "measure": measure, "n_test": len(targets), "stamp": {}}


@pytest.mark.parametrize(
    ("measure", "said", "targets", "expected"),
    [
        ("accuracy", "0120", "0110", 3 / 4),
        # two hits, one false alarm, one miss: F1 is 4/6, and 2 of 4 rows are right
        ("f1 and accuracy", "1110", "1101", (2 / 3 + 1 / 2) / 2),
        # (1 * 1 - 1 * 1) / 4
        ("matthews", "1100", "1010", 0.0),
        ("matthews", "1010", "1010", 1.0),
        # the ranks are equal; deviations (-1, 0, 1) and (-4, -1, 5) / 3: 9 / 3 / sqrt(2 * 42 / 9)
        ("pearson and spearman", "1.000 2.000 3.000", "1.000 2.000 4.000", (3 / math.sqrt(84 / 9) + 1) / 2),
    ],
)
def test_measures_by_hand(modules: Any, measure: str, said: str, targets: str, expected: float) -> None:
    tuning = modules["fine_tuning"]
    rows = np.arange(len(tuning.unpacked(targets)))
    assert tuning.scorer(piece(said, targets, measure))(rows) == pytest.approx(expected)


def test_a_measure_of_drawn_rows_counts_each_as_often_as_it_was_drawn(modules: Any) -> None:
    score = modules["fine_tuning"].scorer(piece("011", "010"))
    assert score(np.array([2, 2, 0])) == pytest.approx(1 / 3)


def test_retention_is_the_median_of_the_seeds(modules: Any) -> None:
    right, targets = "1" * 20, "1" * 20
    pairs = [(piece(right, targets), piece("1" * n + "0" * (20 - n), targets)) for n in (10, 16, 18)]
    kept = modules["distilbert_tasks"].retention(pairs)
    assert kept.value == pytest.approx(80.0)
    assert 50 < kept.low < 80 < kept.high < 100


def test_of_a_teacher_that_knows_nothing_nothing_is_told(modules: Any) -> None:
    right, wrong = piece("1" * 20, "1" * 20), piece("0" * 20, "1" * 20)
    kept = modules["distilbert_tasks"].retention([(right, right), (wrong, right)])
    assert (kept.value, kept.low, kept.high) == (100.0, 100.0, 100.0)
    assert math.isnan(modules["distilbert_tasks"].retention([(wrong, right)]).value)


def test_a_student_like_its_teacher_keeps_all_whatever_rows_are_drawn(modules: Any) -> None:
    one = piece("0110" * 9, "0101" * 9)
    kept = modules["distilbert_tasks"].retention([(one, one)])
    assert (kept.value, kept.low, kept.high) == pytest.approx((100.0, 100.0, 100.0))


def test_intervals_over_seeds_are_students(modules: Any) -> None:
    over = modules["distilbert_ablation"].over_seeds
    value, low, high = over([90.0, 91.0], [89.0, 93.0])  # differences -1 and 2: deviation 3 / sqrt(2), error 1.5
    assert (value, low, high) == pytest.approx((0.5, 0.5 - 12.706 * 1.5, 0.5 + 12.706 * 1.5))
    assert over([90.0], [89.0]) == (-1.0, -math.inf, math.inf)


def test_the_order_is_the_papers_where_scores_rise_along_it(modules: Any) -> None:
    ablation = modules["distilbert_ablation"]
    scores = {"scratch": [80.0, 80.5], "no-soft": [82.0, 82.1], "no-cosine": [84.0, 84.2], "no-mlm": [83.0, 83.1]}
    pairs = {(pair["worse"], pair["better"]): pair["holds"] for pair in ablation.ordered(scores)}
    assert len(pairs) == 6 and [names for names, holds in pairs.items() if not holds] == [("no-cosine", "no-mlm")]
    assert list(ablation.PAPER.values()) == sorted(ablation.PAPER.values())


def test_reviews_that_are_tested_are_not_learnt(modules: Any, tmp_path: Path) -> None:
    pq, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    for part, texts in (("train", list("abcdef")), ("test", list("bxyd"))):
        (tmp_path / "imdb").mkdir(exist_ok=True)
        pq.write_table(pa.table({"text": texts, "label": [0] * len(texts)}), tmp_path / "imdb" / f"{part}.parquet")
    found = modules["data_sets"].rows_of(args(tmp_path, data=tmp_path), "imdb")
    assert sorted(pq.read_table(found.train)["text"].to_pylist()) == list("acef")
    assert sorted(pq.read_table(found.test)["text"].to_pylist()) == list("bdxy") and found.valid is None


def test_no_set_chooses_its_weights_on_what_is_tested(modules: Any) -> None:
    assert set(modules["data_sets"].SENTENCES) < set(modules["data_sets"].SETS)
    for name, chosen in modules["data_sets"].SETS.items():
        assert chosen.valid != chosen.test, name
        assert chosen.measure in modules["fine_tuning"].MEASURES


def test_fine_tuning_is_the_same_for_both_models(modules: Any, tmp_path: Path) -> None:
    words = modules["fine_tuning"].words_of(args(tmp_path), "stsb", Path("student"), seed=2, epochs=3, lr="1e-4")
    said = list(map(str, words))
    assert said[:4] == ["train", "DATA/stsb/train.parquet", "--model", "student"]
    for flag, value in (("--epochs", "3"), ("--lr", "1e-4"), ("--seed", "2"), ("--valid", "DATA/stsb/dev.parquet")):
        assert said[said.index(flag) + 1] == value
    assert "--dropout" not in said and said[said.index("--task") + 1] == "regress"


def test_the_teacher_is_the_run_that_was_begun_by_hand(
    modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    encoders = modules["distilbert_encoders"]
    monkeypatch.setattr(modules["commands"], "run", lambda *words: ran.append(list(map(str, words[1:]))))
    monkeypatch.setattr(modules["commands"], "limbeck", lambda: "limbeck")
    encoders.teacher(args(tmp_path))
    encoders.student(args(tmp_path), tmp_path / "student")
    shared = "--length 128 --batch-tokens 2048 --lr 5e-4 --dropout 0 --seed 1 --checkpoint-every 200 --resume"
    first = f"pretrain DATA/imdb/unlabelled.parquet --model ENCODER --tokens 4000000 {shared} --out {tmp_path}/teacher"
    second = f"distil --pretrain {tmp_path}/teacher DATA/imdb/unlabelled.parquet --layers 3 --tokens 6000000 {shared}"
    assert ran == [first.split(), f"{second} --out {tmp_path}/student".split()]


def test_a_teacher_of_other_tokens_is_refused(modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders = modules["distilbert_encoders"]
    monkeypatch.setattr(modules["commands"], "fingerprint", lambda folder: "f")
    monkeypatch.setattr(modules["records"], "PIECES", tmp_path)
    monkeypatch.setattr(encoders, "teacher", lambda args: tmp_path)
    monkeypatch.setattr(encoders, "record_of", lambda folder: {"training": {"tokens": 1_000_000}})
    with pytest.raises(SystemExit, match="WORK/teacher has read 1,000,000 tokens, not 4,000,000"):
        encoders.piece_of(args(tmp_path), "teacher")


def test_a_student_of_another_teacher_is_refused(modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders = modules["distilbert_encoders"]
    told = {"student": {"training": {"tokens": 6_000_000}, "teacher_perplexity": 9.1}}
    for seconds, name in enumerate(("teacher", "student")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").touch()
        os.utime(tmp_path / name / "model.safetensors", (seconds, seconds))
    monkeypatch.setattr(modules["commands"], "fingerprint", lambda folder: "f")
    monkeypatch.setattr(modules["records"], "PIECES", tmp_path)
    monkeypatch.setattr(encoders, "student", lambda args, out: out)
    monkeypatch.setattr(encoders, "record_of", lambda folder: told[folder.name])
    assert encoders.piece_of(args(tmp_path), "student")["teacher_perplexity"] == 9.1
    (tmp_path / "distilbert-student.json").unlink()
    os.utime(tmp_path / "teacher" / "model.safetensors", (9, 9))
    with pytest.raises(SystemExit, match="WORK/student is older than WORK/teacher, so it had another one: remove it"):
        encoders.piece_of(args(tmp_path), "student")


def test_the_published_recipe_is_planned_by_hand(modules: Any) -> None:
    transformers = pytest.importorskip("transformers")
    planned = modules["distilbert_scale"].plans(transformers.BertConfig().to_dict())
    # 7,812,500 sequences an epoch, 5 x 50 x 8 of them a step
    assert planned["masked"].steps == 3 * 3907 and planned["masked"].tokens_a_step == 1_024_000
    assert planned["masked"].student.parameters().encoder == modules["distilbert_scale"].STUDENT
    assert planned["masked"].teacher.parameters().encoder == modules["distilbert_scale"].TEACHER
    assert planned["masked"].memory.logits < planned["all"].memory.logits / 6


def test_unknown_parts_are_told(modules: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--data", "d", "--encoder", "e", "--work", "w"]
    found = modules["distilbert_paper"].flags().parse_args([*folders, "--parts", "tasks,speed"])
    assert found.parts == ["tasks", "speed"] and found.models == ["teacher", "student"]
    with pytest.raises(SystemExit):
        modules["distilbert_paper"].flags().parse_args([*folders, "--sets", "sst2,imbd"])
    assert "not imbd" in capsys.readouterr().err
