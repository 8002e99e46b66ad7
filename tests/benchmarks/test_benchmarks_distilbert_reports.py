"""What DistilBERT's benchmarks write of their pieces: each record's figure, and whether it keeps its promise."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("records", "commands", "pictures", "table", "data_sets", "fine_tuning", "distilbert_encoders")
MORE = (
    "distilbert_tasks",
    "distilbert_ablation",
    "distil_speed",
    "distilbert_speed",
    "distilbert_scale",
    "pretrain_speed",
)
STAMP = {"commit": "c", "machine": {"cpu": "x", "flags": [], "cores": 2, "memory_gb": 8.0}, "date": "d", "versions": {}}
MODELS = ("teacher", "student", "trimmed")


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    """The benchmark's modules, importable while the tests run."""
    with plain_modules(FOLDER, (*MODULES, *MORE)) as found:
        yield found


@pytest.fixture
def results(modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that records are written in."""
    monkeypatch.setattr(modules["records"], "RESULTS", tmp_path)
    return tmp_path


def args(**changes: Any) -> argparse.Namespace:
    given = {"limit": None, "seeds": [1, 2], "seeds_text": "1,2", "runs": 7, "updates": 20, "turns": 3}
    return argparse.Namespace(**{**given, **changes})


def read(results: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
    return found


def test_retention_of_the_five_sets_is_held_against_the_bar(modules: Any, results: Path) -> None:
    tasks = modules["distilbert_tasks"]
    pair = ({"score": 0.8, "stamp": STAMP}, {"score": 0.78, "stamp": STAMP})
    sets = modules["data_sets"].SETS
    kept = {name: tasks.Kept(97.5, 96.0, 99.0) for name in sets} | {"cola": tasks.Kept(70.0, 60.0, 80.0)}
    tasks.report(args(), {name: [pair, pair] for name in sets}, kept)
    assert len(list(results.glob("distilbert-task-*.json"))) == 9
    sentences, nine = (read(results, f"distilbert-retention-{which}") for which in ("sentences", "nine"))
    assert sentences["value"] == pytest.approx(97.5) and sentences["met"]
    assert nine["value"] == pytest.approx((8 * 97.5 + 70) / 9) and nine["bar"] == "shown"
    one = read(results, "distilbert-task-cola")
    assert "COLA test matthews of 3 of 6 layers in percent of the 6: 78.0 of 80.0 (60.0 to 80.0 %)" in one["what"]
    assert one["detail"]["retentions"] == pytest.approx([97.5, 97.5])


def test_without_a_set_there_is_no_mean(modules: Any, results: Path) -> None:
    tasks = modules["distilbert_tasks"]
    pair = ({"score": 0.8, "stamp": STAMP}, {"score": 0.78, "stamp": STAMP})
    tasks.report(args(), {"sst2": [pair]}, {"sst2": tasks.Kept(97.5, 96.0, 99.0)})
    assert [path.stem for path in results.iterdir()] == ["distilbert-task-sst2"]


def test_ablation_is_beside_the_paper(modules: Any, results: Path) -> None:
    ablation = modules["distilbert_ablation"]
    scores = {"whole": [90.0, 91.0], "scratch": [80.0, 81.0], "no-soft": [85.0, 86.0]}
    scores |= {"no-cosine": [88.0, 89.0], "no-mlm": [90.5, 91.0]}
    found = {name: [{"stamp": STAMP, "measured": {"perplexity": x}} for x in (50.0, 200.0)] for name in scores}
    found["scratch"] = [{"stamp": STAMP, "measured": {"perplexity": 1500.0}}] * 2
    ablation.report(args(), found, scores)
    random, masked = (read(results, f"distilbert-ablation-{name}") for name in ("scratch", "no-mlm"))
    assert (random["value"], random["met"], random["peer"]["value"]) == (-10.0, False, -3.69)  # of two seeds
    assert "perplexity 1,500 and 100" in random["what"] and "perplexity 100 and 100" in masked["what"]
    assert masked["value"] == 0.25 and not masked["met"]
    order = read(results, "distilbert-ablation-order")
    assert order["value"] == 6 and not order["met"] and len(order["detail"]["pairs"]) == 6
    three = {name: [*values, values[-1]] for name, values in scores.items()}
    ablation.report(args(), {name: [*pieces, pieces[-1]] for name, pieces in found.items()}, three)
    assert read(results, "distilbert-ablation-scratch")["met"] and read(results, "distilbert-ablation-order")["met"]


def test_what_is_kept_and_the_ablation_are_drawn(modules: Any, results: Path) -> None:
    pytest.importorskip("matplotlib")
    ablation, tasks = modules["distilbert_ablation"], modules["distilbert_tasks"]
    scores = {"whole": [90.0, 91.0], "scratch": [80.0, 81.5], "no-soft": [85.0, 86.5]}
    ablation.draw(args(), {**scores, "no-cosine": [88.0, 89.5], "no-mlm": [90.5, 91.0]})
    tasks.draw(args(), {"sst2": tasks.Kept(97.5, 96.0, 99.0), "trec": tasks.Kept(95.0, 90.0, 97.0)})
    drawn = {name: (results / f"distilbert-{name}.svg").read_text() for name in ("ablation", "retention")}
    assert all(said in drawn["ablation"] for said in ("without soft targets", "the paper, on GLUE", "the whole recipe"))
    assert (
        all(said in drawn["retention"] for said in (">sst2<", ">trec<", "97 %")) and "paper" not in drawn["retention"]
    )


def test_speed_is_that_of_the_trimmed_student(modules: Any, results: Path) -> None:
    piece = {
        "parameters": dict(zip(MODELS, (1000, 800, 590), strict=True)),
        "megabytes": dict(zip(MODELS, (4.0, 3.2, 2.4), strict=True)),
        "milliseconds": dict(zip(MODELS, (8.0, 4.0, 4.0), strict=True)),
        "texts_per_second": dict(zip(MODELS, (100.0, 190.0, 179.0), strict=True)),
        "accuracy": dict(zip(MODELS, (90.0, 88.0, 87.5), strict=True)),
        "stamp": STAMP,
    }
    modules["distilbert_speed"].report(args(), piece)
    names = ("parameters", "size", "time", "speed")
    fewer, size, time, speed = (read(results, f"distilbert-{name}") for name in names)
    assert fewer["value"] == pytest.approx(41.0) and fewer["met"] and "by -0.50 points" in fewer["what"]
    assert (size["value"], size["ratio"]) == (2.4, pytest.approx(0.6))
    assert "2.00 x as long as its student" in time["what"] and "1.63 x DistilBERT" in time["what"]
    assert speed["ratio"] == pytest.approx(1.79) and not speed["met"]


@pytest.mark.parametrize(("peak", "parameters", "name", "met"), [
    (11.9, 66_362_880, "DistilBertForMaskedLM", (True, True, True)),
    (12.1, 66_362_881, "BertForMaskedLM", (False, False, False)),
])  # fmt: skip
def test_scale_is_held_to_its_promises(
    modules: Any, results: Path, peak: float, parameters: int, name: str, met: tuple[bool, ...]
) -> None:
    piece = {"peak_gb": peak, "student_parameters": parameters, "class": name, "is_whole": True, "logits_apart": 1e-5}
    piece |= {"teacher_parameters": 109_482_240, "largest_logit": 1.0, "updates": 1, "seconds": 60.0, "measured": {}}
    piece |= {"steps": 11_721, "tokens_a_step": 1_024_000, "gb": {"masked": 4.0, "all": 9.0, "one step": 5.0}}
    modules["distilbert_scale"].report({**piece, "plan": ["a line"], "stamp": STAMP})
    found = [read(results, f"distilbert-scale-{which}") for which in ("step", "parameters", "logits")]
    assert tuple(one["met"] for one in found) == met
    assert read(results, "distilbert-scale-plan")["value"] == 11_721


def test_throughput_and_curves(modules: Any, results: Path) -> None:
    speed = modules["pretrain_speed"]
    piece: dict[str, Any] = {"tokens_per_second": {"limbeck": [290.0, 330.0, 320.0], "plain": [100.0, 90.0, 110.0]}}
    piece |= {"precision": "float32", "apart": 0.02, "losses": {"limbeck": [9.0, 5.0], "plain": [9.0, 5.02]}}
    for soft_on in ("masked", "all"):
        speed.report(args(), soft_on, {**piece, "stamp": STAMP})
    masked, everywhere = (read(results, f"distilbert-throughput{one}") for one in ("", "-all"))
    assert masked["ratio"] == pytest.approx(3.2) and masked["met"] and masked["peer"]["value"] == 100.0
    assert everywhere["bar"] == "shown" and not read(results, "distilbert-throughput-curves")["met"]


def test_pretrainings_are_in_the_table(modules: Any, results: Path) -> None:
    training = {"updates": 9, "tokens": 4_000_000, "seconds": 1800.0, "tokens_per_second": 2222.0, "precision": "bf16"}
    piece = {"measured": {"loss": 2.2, "perplexity": 9.0}, "training": training, "stamp": STAMP}
    modules["distilbert_encoders"].report(args(), "teacher", piece)
    modules["distilbert_encoders"].report(args(), "student", {**piece, "teacher_perplexity": 6.0})
    assert read(results, "distilbert-student")["ratio"] == 1.5
    page = modules["table"].render(modules["table"].load(results))
    assert "## distilbert" in page and "4,000,000 tokens of unlabelled reviews, 30 minutes at 2,222 tokens/s" in page
