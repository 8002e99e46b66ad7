from __future__ import annotations

from pathlib import Path

import numpy as np

from limbeck.data import Row
from limbeck.inspect.candidates import Candidates, pick_rows
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
