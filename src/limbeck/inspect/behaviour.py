"""Behaviour tests in the manner of CheckList: what a classifier can and cannot do, ability by ability.

Source: Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (arXiv 2005.04118).
:meth:`Suite.read` reads the tests from a json file (its layout stands in :mod:`limbeck.inspect.suite`), :func:`run`
asks any predictor, once, for all of their texts. The package of the paper's authors draws with the global generators
of ``random`` and numpy, reports no uncertainty of a rate and is no longer maintained; hence this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from limbeck.errors import DataError, nearest
from limbeck.inspect.expectations import NO_ANSWER, Answer, most_likely
from limbeck.inspect.shares import wilson
from limbeck.inspect.suite import Ability, Case, Suite

__all__ = ["AbilityResult", "BehaviourReport", "Failure", "Suite", "run"]

Predict = Callable[[Sequence[str]], Sequence[Answer]]
_SHOWN = 160
"""Characters of a text that a line shows: a longer one loses its middle."""


@dataclass(frozen=True)
class Failure:
    """A case that was not answered as expected."""

    case: Case
    answers: tuple[Answer, ...]
    """To each text of the case."""
    problem: str
    """In which way not."""

    def lines(self) -> list[str]:
        """The problem, and each text with its answer."""
        both = zip(self.case.texts, self.answers, strict=True)
        return [f"  {self.problem}", *(f"    {_shortened(text)!r}: {_answer(answer)}" for text, answer in both)]


@dataclass(frozen=True)
class AbilityResult:
    """How often the cases of one ability failed."""

    name: str
    untrained: bool
    """No training text was written for it."""
    n_cases: int
    failures: tuple[Failure, ...]

    @property
    def n_failed(self) -> int:
        """How many cases failed."""
        return len(self.failures)


@dataclass(frozen=True)
class BehaviourReport:
    """Failure rates by ability, and the cases that failed."""

    suite: str
    fingerprint: str
    """Of the suite's cases: rates of one fingerprint can be compared."""
    abilities: tuple[AbilityResult, ...]

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every case that failed."""
        return tuple(failure for ability in self.abilities for failure in ability.failures)

    def to_json(self) -> dict[str, Any]:
        """Counts, rates and 95 % intervals, without any text: of all, of the untrained, and of each ability."""
        untrained = [ability for ability in self.abilities if ability.untrained]
        return {
            "suite": self.suite,
            "fingerprint": self.fingerprint,
            **_counts(self.abilities),
            "untrained": _counts(untrained),
            "abilities": [
                {"name": ability.name, "untrained": ability.untrained, **_counts([ability])}
                for ability in self.abilities
            ],
        }

    def lines(self, n_examples: int = 0) -> list[str]:
        """The table, for people; then up to ``n_examples`` failing cases of each ability."""
        untrained = [ability for ability in self.abilities if ability.untrained]
        rows = [(ability.name + " *" * ability.untrained, [ability]) for ability in self.abilities]
        sums = [("all", list(self.abilities)), ("all *", untrained)][: 1 + bool(untrained)]
        width = max(len(name) for name, _ in [("ability", []), *rows, *sums])
        out = [f"{'ability':<{width}}  cases  failed    rate  95 % interval"]
        out += [_row(name, abilities, width) for name, abilities in rows]
        out += ["", *(_row(name, abilities, width) for name, abilities in sums)]
        if untrained:
            out += ["", "* no training text was written for it"]
        for ability in self.abilities:
            if ability.failures[:n_examples]:
                out += ["", f"{ability.name}: {ability.n_failed} of {ability.n_cases} failed"]
                out += [line for failure in ability.failures[:n_examples] for line in failure.lines()]
        return out


def run(suite: Suite, predict: Predict) -> BehaviourReport:
    """Ask ``predict`` for the texts of a suite, and judge its answers.

    Args:
        suite: the tests.
        predict: gives class name -> probability for each text, in their order; an empty mapping, or a probability that
            is no finite number, is no answer, and the case fails.

    Raises:
        DataError: it gave another number of answers than texts, or one without a class of the suite.
    """
    texts = suite.texts
    given = list(predict(texts))
    if len(given) != len(texts):
        raise DataError(
            f"{len(given)} answers were given to {len(texts)} texts; give one for each text, in their order"
        )
    for name in suite.classes:
        for answer in given:
            if answer and name not in answer:
                raise DataError(
                    f"the suite {suite.name!r} needs a probability for {name!r}, and the model answers "
                    f"{nearest(name, answer)}; run the suite on a model of its classes"
                )
    answers = {text: _finite(answer) for text, answer in zip(texts, given, strict=True)}
    return BehaviourReport(
        suite.name, suite.fingerprint, tuple(_judge(ability, answers) for ability in suite.abilities)
    )


def _judge(ability: Ability, answers: dict[str, Answer]) -> AbilityResult:
    failures = []
    for case in ability.cases:
        told = tuple(answers[text] for text in case.texts)
        if problem := case.expects.failure(told):
            failures.append(Failure(case, told, problem))
    return AbilityResult(ability.name, ability.untrained, len(ability.cases), tuple(failures))


def _finite(answer: Answer) -> Answer:
    return answer if all(math.isfinite(probability) for probability in answer.values()) else {}


def _counts(abilities: Iterable[AbilityResult]) -> dict[str, Any]:
    both = [(ability.n_cases, ability.n_failed) for ability in abilities]
    n_cases, n_failed = sum(n for n, _ in both), sum(n for _, n in both)
    rate = n_failed / n_cases if n_cases else 0.0
    return {"cases": n_cases, "failed": n_failed, "rate": rate, "interval": list(wilson(n_failed, n_cases)[1:])}


def _row(name: str, abilities: Iterable[AbilityResult], width: int) -> str:
    counts = _counts(abilities)
    low, high = (100 * end for end in counts["interval"])
    numbers = f"{counts['cases']:5d}  {counts['failed']:6d}  {100 * counts['rate']:4.1f} %"
    return f"{name:<{width}}  {numbers}  {low:.1f} to {high:.1f} %"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]} ... {text[-_SHOWN // 2 :]}"


def _answer(answer: Answer) -> str:
    if not answer:
        return NO_ANSWER
    return f"{most_likely(answer)} ({', '.join(f'{name} {value:.3f}' for name, value in answer.items())})"
