"""What a behaviour test expects of the answers to the texts of a case: three kinds, as in CheckList.

Source: Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (arXiv 2005.04118),
section 2.2. An answer is a mapping of class name to probability; an empty one is no answer, and never what is expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from limbeck.errors import nearest
from limbeck.inspect.templates import Complain

Answer = Mapping[str, float]
NO_ANSWER = "no answer"
"""What is said of an empty answer; never what tells one, since a class may have that name."""
_ROUNDING = 1e-9
"""A change that is as great as is allowed passes, whatever its last bit."""
_T = TypeVar("_T")
_WANTED: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class Expectation(Protocol):
    """What is expected of the answers to the texts of one case."""

    kind: ClassVar[str]

    def failure(self, answers: Sequence[Answer]) -> str:
        """Say in which way the answers are not as expected; nothing where they are."""
        ...


@dataclass(frozen=True)
class Functionality:
    """A minimum functionality test: the class of the one text."""

    kind: ClassVar[str] = "functionality"
    fields: ClassVar[tuple[str, ...]] = ("label",)
    labels: tuple[str, ...]
    """Any of these is right."""

    def failure(self, answers: Sequence[Answer]) -> str:
        """Say which class was answered instead."""
        label, is_answered = most_likely(answers[0]), bool(answers[0])  # a class may have any name
        return "" if is_answered and label in self.labels else f"{label}, not {' or '.join(self.labels)}"

    @classmethod
    def from_json(cls, record: Mapping[str, Any], classes: Sequence[str], complain: Complain) -> Functionality:
        """Read ``label``: a class, or a list of classes of which any is right."""
        given = record.get("label")
        labels = given if isinstance(given, list) and given else [given]
        for label in labels:
            check_class("label", label, classes, complain)
        return cls(tuple(str(label) for label in labels))


@dataclass(frozen=True)
class Invariance:
    """An invariance test: a text's changes leave its class, and its probabilities nearly, as they are."""

    kind: ClassVar[str] = "invariance"
    fields: ClassVar[tuple[str, ...]] = ("within",)
    within: float = 0.05
    """The greatest change of any class's probability."""

    def failure(self, answers: Sequence[Answer]) -> str:
        """Say which class it became, or how far a probability moved: the worst of several changes."""
        if not all(answers):
            return NO_ANSWER
        first = answers[0]
        label = most_likely(first)
        others = [most_likely(answer) for answer in answers[1:]]
        if other := next((other for other in others if other != label), None):
            return f"{label} became {other}"
        moves = [(abs(answer.get(name, 0.0) - first[name]), name) for answer in answers[1:] for name in first]
        move, name = max(moves)
        return "" if move <= self.within + _ROUNDING else f"{name} moved by {move:.3f}, more than {self.within:g}"

    @classmethod
    def from_json(cls, record: Mapping[str, Any], classes: Sequence[str], complain: Complain) -> Invariance:
        """Read ``within``, 0.05 where it is not given."""
        del classes
        return cls(number(record, "within", 0.0, 1.0, complain, default=cls.within))


@dataclass(frozen=True)
class Direction:
    """A directional test: from the first text to the second, a class's probability rises by at least so much."""

    kind: ClassVar[str] = "direction"
    fields: ClassVar[tuple[str, ...]] = ("class", "rise")
    name: str
    """Of the class."""
    rise: float = 0.0
    """The least rise; 0: it must not fall; -0.05: it may fall by that much."""

    def failure(self, answers: Sequence[Answer]) -> str:
        """Say by how much it rose instead."""
        if not answers[0] or not answers[1]:
            return NO_ANSWER
        rise = answers[1][self.name] - answers[0][self.name]
        return "" if rise >= self.rise - _ROUNDING else f"{self.name} rose by {rise:.3f}, less than {self.rise:g}"

    @classmethod
    def from_json(cls, record: Mapping[str, Any], classes: Sequence[str], complain: Complain) -> Direction:
        """Read ``class``, and ``rise``, 0 where it is not given."""
        check_class("class", record.get("class"), classes, complain)
        return cls(str(record.get("class")), number(record, "rise", -1.0, 1.0, complain, default=cls.rise))


KINDS: dict[str, type[Functionality] | type[Invariance] | type[Direction]] = {
    kind.kind: kind for kind in (Functionality, Invariance, Direction)
}


def most_likely(answer: Answer) -> str:
    """The class of the greatest probability, the first of equals; of an empty answer what is said of such.

    >>> most_likely({"no": 0.5, "yes": 0.5}), most_likely({})
    ('no', 'no answer')
    """
    return max(answer, key=lambda name: answer[name]) if answer else NO_ANSWER


def check_class(field: str, name: object, classes: Sequence[str], complain: Complain) -> None:
    """Complain of what is none of the classes; without classes of nothing, since that is complained of already."""
    if name is None:
        complain(f"{field!r} is missing; it takes one of {nearest('', classes)}")
    elif classes and name not in classes:
        complain(f"{field!r} is {shown(name)}; the suite's classes are {nearest(str(name), classes)}")


def number(
    record: Mapping[str, Any], field: str, low: float, high: float, complain: Complain, *, default: float
) -> float:
    """A number of a range; where it is none, the default, and a complaint."""
    value = take(record, field, float, complain, default=default)
    if value is not None and not low <= value <= high:  # nan lies in no range
        complain(f"{field!r} is {value}; it takes a number from {low:g} to {high:g}")
    return default if value is None else float(value)


def take(
    record: Mapping[str, Any], field: str, kind: type[_T], complain: Complain, *, default: _T | None = None
) -> _T | None:
    """The value of a field, of one kind; None, and a complaint, where it is missing without a default, or another."""
    if field not in record and default is not None:
        return default
    value = record.get(field)
    if type(value) is kind or (kind is float and type(value) is int):
        return value  # type: ignore[return-value]  # an int is a float to Python's numbers, if not to its types
    complain(f"{field!r} is {shown(value) if field in record else 'missing'}; it takes {_WANTED[kind]}")
    return None


def items(record: Mapping[str, Any], field: str, complain: Complain) -> list[Any]:
    """The values of a field that is a list; none, and a complaint, where it is missing, empty, or no list."""
    value: list[Any] = take(record, field, list, complain) or []
    if record.get(field) == []:
        complain(f"{field!r} is empty; it takes one or more")
    return value


def known(record: Mapping[str, Any], fields: Sequence[str], complain: Complain) -> None:
    """Complain of every field that is none of these."""
    for name in record:
        if name not in fields:
            complain(f"nothing is called {name!r} here; there are {nearest(name, fields)}")


def shown(value: object) -> str:
    """A value as a message quotes it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
