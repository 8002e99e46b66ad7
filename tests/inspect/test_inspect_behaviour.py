"""Behaviour tests: every kind judged on a fake predictor, intervals by hand, and the report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import DataError
from limbeck.inspect.behaviour import BehaviourReport, Suite, run
from limbeck.inspect.expectations import Direction, Functionality, Invariance, most_likely
from limbeck.inspect.shares import wilson
from limbeck.inspect.suite import Ability, Case

Predict = Callable[[Sequence[str]], list[dict[str, float]]]


def answers(**probability_of_yes: float) -> list[dict[str, float]]:
    return [{"no": 1 - yes, "yes": yes} for yes in probability_of_yes.values()]


def fake(yes: Mapping[str, float]) -> Predict:
    return lambda texts: [{"no": 1 - yes[text], "yes": yes[text]} for text in texts]


def suite(*abilities: Ability) -> Suite:
    return Suite("small", ("no", "yes"), abilities)


def ability(name: str, *cases: Case, untrained: bool = False) -> Ability:
    return Ability(name, "", untrained, cases)


def test_functionality() -> None:
    expects = Functionality(("yes",))
    assert expects.failure(answers(one=0.51)) == ""
    assert expects.failure(answers(one=0.49)) == "no, not yes"
    assert expects.failure(answers(one=0.5)) == "no, not yes"  # the first of equals
    assert expects.failure([{}]) == "no answer, not yes"
    assert Functionality(("no", "yes")).failure(answers(one=0.1)) == ""
    assert Functionality(("no", "yes")).failure([{"maybe": 1.0}]) == "maybe, not no or yes"


def test_invariance() -> None:
    expects = Invariance(0.05)
    assert expects.failure(answers(first=0.8, other=0.75)) == ""  # as far as is allowed
    assert expects.failure(answers(first=0.8, other=0.7)) == "yes moved by 0.100, more than 0.05"
    assert expects.failure(answers(first=0.8, near=0.81, far=0.6)) == "yes moved by 0.200, more than 0.05"
    assert expects.failure(answers(first=0.51, other=0.49)) == "yes became no"  # however near
    assert expects.failure(answers(first=0.8, near=0.8, far=0.2)) == "yes became no"
    assert expects.failure([{}, *answers(other=0.8)]) == "no answer"
    assert expects.failure([*answers(first=0.8), {}]) == "no answer"
    assert expects.failure([{}, {}]) == "no answer"


def test_direction() -> None:
    rising = Direction("yes", 0.2)
    assert rising.failure(answers(before=0.3, after=0.5)) == ""
    assert rising.failure(answers(before=0.3, after=0.4)) == "yes rose by 0.100, less than 0.2"
    assert Direction("yes").failure(answers(before=0.9, after=0.9)) == ""
    assert Direction("yes").failure(answers(before=0.9, after=0.8)) == "yes rose by -0.100, less than 0"
    assert Direction("yes", -0.05).failure(answers(before=0.9, after=0.86)) == ""
    assert Direction("no", 0.2).failure(answers(before=0.5, after=0.3)) == ""
    assert rising.failure([{}, *answers(after=0.4)]) == "no answer"
    assert rising.failure([*answers(before=0.4), {}]) == "no answer"


def test_a_class_may_be_called_as_what_is_said_without_an_answer() -> None:
    one, other = {"no answer": 0.9, "asked": 0.1}, {"no answer": 0.87, "asked": 0.13}
    assert Functionality(("no answer",)).failure([one]) == ""
    assert Functionality(("no answer",)).failure([{}]) == "no answer, not no answer"
    assert Functionality(("asked",)).failure([one]) == "no answer, not asked"
    assert Invariance(0.05).failure([one, other]) == ""
    assert Invariance(0.01).failure([one, other]) == "no answer moved by 0.030, more than 0.01"
    assert Invariance(0.05).failure([one, {}]) == "no answer"
    assert Direction("no answer").failure([other, one]) == ""


def test_most_likely_is_of_any_classes() -> None:
    assert most_likely({"a": 0.2, "b": 0.5, "c": 0.3}) == "b"


def report() -> BehaviourReport:
    yes, same = Functionality(("yes",)), Invariance(0.05)
    tests = suite(
        ability("plain", Case(("good",), yes), Case(("fine",), yes), Case(("poor",), yes), Case(("odd",), yes)),
        ability("changed", Case(("good", "Good"), same), untrained=True),
    )
    return run(tests, fake({"good": 0.9, "fine": 0.7, "poor": 0.25, "odd": 0.5, "Good": 0.91}))


def test_run_judges_every_case_by_its_own_answers() -> None:
    plain, changed = report().abilities
    assert (plain.n_cases, plain.n_failed, changed.n_cases, changed.n_failed) == (4, 2, 1, 0)
    assert [failure.case.texts for failure in report().failures] == [("poor",), ("odd",)]
    assert plain.failures[0].answers == ({"no": 0.75, "yes": 0.25},)
    assert plain.failures[0].problem == "no, not yes"


def test_the_predictor_is_asked_once_for_each_text() -> None:
    seen: list[Sequence[str]] = []

    def predict(texts: Sequence[str]) -> list[dict[str, float]]:
        seen.append(texts)
        return answers(**{f"n{n}": 0.9 for n in range(len(texts))})

    case = Case(("a", "b"), Invariance())
    run(
        suite(
            ability("one", case, Case(("b", "c"), Invariance())), ability("two", Case(("a",), Functionality(("no",))))
        ),
        predict,
    )
    assert seen == [("a", "b", "c")]


def test_json_has_the_figures_and_no_text() -> None:
    record = report().to_json()
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["suite", "fingerprint", "cases", "failed", "rate", "interval", "untrained", "abilities"]
    assert (record["suite"], record["cases"], record["failed"], record["rate"]) == ("small", 5, 2, 0.4)
    assert record["interval"] == list(wilson(2, 5)[1:])
    assert record["untrained"] == {"cases": 1, "failed": 0, "rate": 0.0, "interval": list(wilson(0, 1)[1:])}
    assert record["abilities"][0] == {
        "name": "plain",
        "untrained": False,
        "cases": 4,
        "failed": 2,
        "rate": 0.5,
        "interval": list(wilson(2, 4)[1:]),
    }
    assert "poor" not in json.dumps(record)


def test_lines() -> None:
    # 2 of 4 and 2 of 5 and 0 of 1 by the formula above
    assert report().lines() == [
        "ability    cases  failed    rate  95 % interval",
        "plain          4       2  50.0 %  15.0 to 85.0 %",
        "changed *      1       0   0.0 %  0.0 to 79.3 %",
        "",
        "all            5       2  40.0 %  11.8 to 76.9 %",
        "all *          1       0   0.0 %  0.0 to 79.3 %",
        "",
        "* no training text was written for it",
    ]


def test_lines_with_examples() -> None:
    assert report().lines(n_examples=1)[8:] == [
        "",
        "plain: 2 of 4 failed",
        "  no, not yes",
        "    'poor': no (no 0.750, yes 0.250)",
    ]
    assert len(report().lines(n_examples=9)) == 8 + 2 + 2 * 2


def test_without_untrained_abilities_nothing_is_said_of_them() -> None:
    found = run(suite(ability("plain", Case(("good",), Functionality(("yes",))))), fake({"good": 1.0}))
    assert found.lines()[2:] == ["", "all          1       0   0.0 %  0.0 to 79.3 %"]
    assert found.to_json()["untrained"] == {"cases": 0, "failed": 0, "rate": 0.0, "interval": [0.0, 1.0]}


def test_long_texts_are_shown_by_their_ends() -> None:
    text = "a" * 100 + "b" * 100
    found = run(suite(ability("long", Case((text,), Functionality(("yes",))))), fake({text: 0.0}))
    assert found.lines(1)[-1] == f"    '{'a' * 80} ... {'b' * 80}': no (no 1.000, yes 0.000)"


@pytest.mark.parametrize("given", [{}, {"no": float("nan"), "yes": 0.5}, {"no": float("inf"), "yes": 0.5}])
def test_no_answer_is_a_failure(given: dict[str, float]) -> None:
    found = run(suite(ability("one", Case(("x",), Functionality(("yes",))))), lambda texts: [given])
    assert found.lines(1)[-2:] == ["  no answer, not yes", "    'x': no answer"]


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda texts: [], "0 answers were given to 1 texts; give one for each text, in their order"),
        (lambda texts: [{"no": 1.0, "yess": 0.0}], "the suite 'small' needs a probability for 'yes', and the model "
         "answers 'yess' \\(nearest\\), 'no'; run the suite on a model of its classes"),
    ],
)  # fmt: skip
def test_a_predictor_that_cannot_be_judged(predict: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        run(suite(ability("one", Case(("x",), Functionality(("yes",))))), predict)


def test_more_classes_than_the_suite_needs_are_welcome() -> None:
    tests = suite(ability("one", Case(("x",), Functionality(("yes",)))))
    found = run(tests, lambda texts: [{"no": 0.1, "yes": 0.2, "maybe": 0.7}])
    assert found.failures[0].problem == "maybe, not yes"


def test_from_a_file_to_a_report(tmp_path: Path) -> None:
    record = {
        "name": "from a file",
        "classes": ["no", "yes"],
        "lists": {"thing": ["tent", "watch"]},
        "abilities": [
            {
                "name": "every kind",
                "tests": [
                    {"kind": "functionality", "label": "yes", "cases": 2, "templates": ["A useful {thing}."]},
                    {"kind": "invariance", "templates": [["A {thing1}.", "A {thing2}."]]},
                    {"kind": "direction", "class": "yes", "rise": 0.3, "templates": [["A tent.", "A useful tent."]]},
                ],
            }
        ],
    }
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(record), encoding="utf-8")

    def predict(texts: Sequence[str]) -> list[dict[str, float]]:
        return [{"no": 0.2, "yes": 0.8} if "useful" in text else {"no": 0.6, "yes": 0.4} for text in texts]

    found = run(Suite.read(path), predict)
    assert (found.suite, found.abilities[0].n_cases, found.failures) == ("from a file", 4, ())


def test_nothing_heavy_is_loaded() -> None:
    heavy = ("torch", "transformers", "pandas", "pyarrow", "scipy", "onnxruntime", "numpy")
    program = f"import sys, limbeck.inspect.behaviour; assert not {set(heavy)!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
