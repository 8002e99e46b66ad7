from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"
NAMES = ("records", "commands", "sentiment_sides", "sentiment", "cases", "table")


@pytest.fixture(scope="module")
def benchmark_modules() -> Any:
    """The benchmarks' modules as they import each other, while the tests of this file run."""
    with plain_modules(FOLDER, NAMES) as modules:
        yield modules


@pytest.fixture
def sides(benchmark_modules: Any) -> Any:
    return benchmark_modules["sentiment_sides"]


@pytest.fixture
def sentiment(benchmark_modules: Any) -> Any:
    return benchmark_modules["sentiment"]


@pytest.fixture
def cases(benchmark_modules: Any) -> Any:
    return benchmark_modules["cases"]


def test_log_count_ratios_are_the_hand_computed_ones(sides: Any) -> None:
    counts = np.array([[1, 0], [1, 1], [0, 1]])
    # inside: 1 + (2, 1) = (3, 2) of 5; outside: 1 + (0, 1) = (1, 2) of 3
    ratio = sides.log_count_ratio(counts, np.array([True, True, False]))
    assert ratio == pytest.approx([math.log((3 / 5) / (1 / 3)), math.log((2 / 5) / (2 / 3))])


def test_nbsvm_learns_three_classes(sides: Any) -> None:
    pytest.importorskip("sklearn")
    texts = ["a great room", "a great meal", "a poor room", "a poor meal", "the room", "the meal"] * 3
    labels = ["positive", "positive", "negative", "negative", "neutral", "neutral"] * 3
    side = sides.NbSvm(texts, labels)
    said = side.say(["a great dog", "a poor dog", "the dog"])
    assert said.argmax(axis=1).tolist() == [2, 0, 1]
    assert said[0, 2] > said[0, 0] and said[1, 0] > said[1, 2]


def test_positive_against_negative_ignores_neutral(sentiment: Any) -> None:
    said = np.array([[0.1, 0.7, 0.2], [0.3, 0.6, 0.1], [0.2, 0.6, 0.2]])
    labels = np.array([2, 2, 0])
    assert sentiment.judge(said, labels, two=True) == {"accuracy": pytest.approx(200 / 3)}


def test_macro_f1_of_three_classes(sentiment: Any) -> None:
    said = np.eye(3)[[0, 0, 1, 2]]
    labels = np.array([0, 1, 1, 1])
    # F1: negative 2/3, neutral 2 * 1/3 / (1 + 1/3) = 1/2, positive 0
    found = sentiment.judge(said, labels, two=False)
    assert found == {"accuracy": pytest.approx(50), "macro_f1": pytest.approx(100 * (2 / 3 + 1 / 2) / 3)}


def test_a_lexicon_may_choose_its_neutral_on_the_dev_rows(sentiment: Any) -> None:
    class Fixed:
        threshold = 0.05

        def say(self, texts: Sequence[str]) -> Any:
            scores = np.array([float(text) for text in texts])
            return np.stack([-scores, np.full(len(scores), 0.05), scores], axis=1)

    side = Fixed()
    dev = (["-0.9", "0.2", "-0.2", "0.9"], np.array([0, 1, 1, 2]))
    test = ["-0.5", "0.15", "0.6"]
    found = sentiment.tuned(side, dev, side.say(test), np.array([0, 1, 2]))
    assert found["threshold"] == 0.25
    assert found["macro_f1"] == pytest.approx(100)


def test_the_two_probabilities_are_made_to_sum_to_one(sentiment: Any) -> None:
    said = np.tile([[0.1, 0.6, 0.3], [0.3, 0.6, 0.1]], (200, 1))
    labels = np.tile([2, 0], 200)
    # renormalised: 0.75 and always right; 0.25 and never positive: 25 points off
    assert sentiment.calibration(said, labels)["points"] == pytest.approx(25, abs=1.5)


def test_rows_of_a_limit_come_from_all_over_the_split(sentiment: Any, tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (tmp_path / "sst5").mkdir()
    pq.write_table(pa.table({"text": list("abcde"), "label": [0, 1, 2, 3, 4]}), tmp_path / "sst5" / "test.parquet")
    texts, labels = sentiment.read_set(tmp_path, "sst5", "test")
    assert (texts, labels.tolist()) == (list("abcde"), [0, 0, 1, 2, 2])
    assert sentiment.read_set(tmp_path, "sst5", "test", 2)[0] == ["a", "c", "e"]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("It came. 👍🏽 :)", "It came."),
        ("❤️ thanks <3", "thanks"),
        ("at 10:30 (or 8) he paid 5 €", "at 10:30 (or 8) he paid 5"),
        ("naïve – “quoted”", "naïve – “quoted”"),
        ("👩‍💻", ""),
    ],
)
def test_emoji_and_emoticons_are_cut_off(cases: Any, text: str, bare: str) -> None:
    assert cases.without_marks(text).replace(" €", "") == bare


def case(cases: Any, labels: list[int], said: Any, cells: list[dict[str, str]] | None = None, **values: Any) -> Any:
    texts = values.pop("texts", [f"text {n}" for n in range(len(labels))])
    ask = values.pop("ask", lambda texts: np.full((len(texts), 3), 1 / 3))
    return cases.Case(texts, np.array(labels), cells or [{}] * len(labels), np.asarray(said, float), ask)


def test_rows_right_are_counted_by_class(cases: Any) -> None:
    found = case(cases, [0, 1, 2, 2], np.eye(3)[[0, 1, 2, 0]])
    assert (found.n_right(), found.n_right("positive"), found.n_right("negative", "neutral")) == (3, 1, 2)


def test_pairs_are_alike_in_label_and_probability(cases: Any) -> None:
    said = [[0.1, 0.1, 0.8], [0.1, 0.12, 0.78], [0.1, 0.48, 0.42], [0.1, 0.44, 0.46], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]]
    cells = [{"pair": name} for name in ("a", "a", "b", "b", "c", "c")]
    assert cases._pairs_apart(case(cases, [2] * 6, said, cells)) == (1, 1)


def test_an_emoji_weighs_where_the_label_loses_without_it(cases: Any) -> None:
    texts = ["it came 👍", "it came 👎", "it came", "it came 🙂", "👍"]
    said = [[0.1, 0.1, 0.8], [0.4, 0.5, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1], [0, 0, 1]]
    found = case(cases, [2, 0, 2, 1, 2], said, texts=texts)
    assert (
        cases._emoji_that_weigh(found) == 1
    )  # 0.8 - 0.33; the second loses 0.07, the third has none, then neutral, bare


def test_a_thank_you_stays_positive_with_any_heart(cases: Any) -> None:
    def ask(texts: Sequence[str]) -> Any:
        return np.eye(3)[[0 if "🖤" in text else 2 for text in texts]]

    assert cases._thanks(case(cases, [2], [[0, 0, 1]], ask=ask)) == -1


def test_late_verdicts_and_controls_are_told_apart(cases: Any) -> None:
    labels = [0, 2] * 14
    said = np.eye(3)[labels]
    said[3] = [1, 0, 0]
    said[27] = [1, 0, 0]
    found = case(cases, labels, said)
    values = [count(found) for _, count, _ in cases.RULES["X29"][1]]
    assert values == [23, 3, 11]


def test_the_table_has_a_row_a_case_and_a_sum(cases: Any, tmp_path: Path) -> None:
    class Knows:
        def __init__(self, name: str, place: int) -> None:
            self.name, self.place, self.size_mb = name, place, 0.0

        def say(self, texts: Sequence[str]) -> Any:
            return np.eye(3)[[self.place] * len(texts)]

    for name in cases.RULES:
        (tmp_path / name).mkdir()
        rows = "".join(f"text {n},{label},{n // 2}\n" for n, label in enumerate(["positive", "negative"] * 14))
        (tmp_path / name / "sentences.csv").write_text("text,label,pair\n" + rows, encoding="utf-8")
    found = cases.measure(tmp_path, [Knows("limbeck", 2), Knows("VADER", 0), Knows("TextBlob", 1)])
    assert found["X17"]["right"] == {"limbeck": 14, "VADER": 14, "TextBlob": 0}
    assert not found["X17"]["reached"] and not found["X17"]["above_both"]
    assert found["X17"]["wrong_rows"] == list(range(2, 29, 2))
    table = cases.lines(found)
    assert len(table) == 2 + 7 + 1
    assert table[-1].startswith("| all | 196 | 98 | 98 | 0 | 160 |")
