from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck.data import Row
from limbeck.inspect import candidates
from limbeck.inspect.candidates import Candidates, pick_rows
from limbeck.inspect.pick import pick
from limbeck.runtime.answer import Answer
from limbeck.runtime.stream import FileAnswers
from support.tiny import predictor


def offer(found: Candidates, line: int, text: str, likely: float) -> None:
    answer = Answer("yes", {"p_no": 1 - likely, "p_yes": likely})
    found.offer(Row(line, {"text": text}), answer, text)


def test_the_smallest_margins_are_kept_whatever_the_order() -> None:
    random = np.random.default_rng(0)
    likely = random.permutation(np.linspace(0.5, 1.0, 200))
    found = Candidates(20)
    for n, value in enumerate(likely.tolist()):
        offer(found, n, f"text {n}", value)
    assert [one.row.line for one in found.ordered()] == np.argsort(likely)[:20].tolist()
    assert len(found._held) == 20 and found.n_rows == 200


def test_equal_texts_count_once() -> None:
    found = Candidates(5)
    for line, text in enumerate(["a  text", " a text", "a text\n", "another"], start=1):
        offer(found, line, text, 0.6)
    assert [one.row.line for one in found.ordered()] == [1, 4]
    assert found.n_copies == 2


def test_what_has_no_answer_is_counted_by_its_reason() -> None:
    found = Candidates(5)
    for reason in ("empty text", "empty text", "this looks like German; this model reads English: fine-tune another"):
        found.offer(Row(1, {}), Answer(None, {"p_no": None}, reason=reason), "")
    assert found.reasons == {"empty text": 2, "this looks like German; this model reads English": 1}
    assert found.ordered() == []


def test_rows_of_a_file_are_picked(tmp_path: Path) -> None:
    words = ("soup", "bread", "phone", "lead", "film", "money")
    lines = [f"the {word} is {'fresh' if n % 2 else 'warm'} {n}" for n, word in enumerate(words * 3)]
    (tmp_path / "in.txt").write_text("\n".join([*lines, "", lines[0]]) + "\n")
    advanced: list[int] = []
    answers = FileAnswers(predictor(), tmp_path / "in.txt", batch_size=7)
    picked, seen = pick_rows(answers, 4, on_rows=advanced.append)
    assert len(picked) == 4 and sum(advanced) == seen.n_rows == 20
    assert seen.reasons == {"empty text": 1} and seen.n_copies == 1
    assert picked[0].margin == min(one.margin for one in seen.ordered())
    again, _ = pick_rows(FileAnswers(predictor(), tmp_path / "in.txt", batch_size=20), 4)
    assert [one.row.line for one in again] == [one.row.line for one in picked]


def test_of_many_rows_to_pick_parts_are_picked_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"the {word} is warm {n}" for n, word in enumerate(("soup", "bread", "phone", "lead", "film") * 5)]
    (tmp_path / "in.txt").write_text("\n".join(lines) + "\n")
    compared: list[tuple[int, int]] = []

    def counting(probs: NDArray[np.float64], like: NDArray[np.float64], n: int, *, seed: int) -> list[int]:
        compared.append((len(probs), n))
        return pick(probs, like, n, seed=seed)

    monkeypatch.setattr(candidates, "pick", counting)
    monkeypatch.setattr(candidates, "MOST_AT_ONCE", 4)
    picked, seen = pick_rows(FileAnswers(predictor(), tmp_path / "in.txt"), 10)
    assert compared == [(9, 4), (8, 3), (8, 3)]
    assert len({one.row.line for one in picked}) == 10
    assert [one.row.line for one in picked[:3]] == [one.row.line for one in seen.ordered()[:3]]  # each part's first
    every, _ = pick_rows(FileAnswers(predictor(), tmp_path / "in.txt"), 100)
    assert sorted(one.row.line for one in every) == list(range(1, 26))
