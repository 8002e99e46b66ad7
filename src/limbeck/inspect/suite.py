"""A suite of behaviour tests, read from json: abilities, each with tests whose templates give cases.

::

    {"name": "...", "seed": 1, "classes": ["no", "yes"],
     "lists": {"thing": ["tent", "watch"], "word": [["useful", "usefull"]]},
     "abilities": [
       {"name": "...", "about": "...", "untrained": true, "lists": {},
        "tests": [
          {"kind": "functionality", "label": "yes", "cases": 2, "templates": ["A {word.0} {thing}."]},
          {"kind": "invariance", "within": 0.1, "templates": [["A {word.0} tent.", "A {word.1} tent."]]},
          {"kind": "direction", "class": "yes", "rise": 0.1, "templates": [["A tent.", "A {word.0} tent."]]}]}]}

``cases`` is how many are drawn of a test's templates in turn; without it each template gives one. ``lists`` of an
ability are its own; ``untrained`` says that no training text was written for it. All that is wrong with a file is told
at once, and a case that stands twice is wrong: it would count twice.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.errors import DataError, nearest, together
from limbeck.inspect.expectations import KINDS, Expectation, items, known, shown, take
from limbeck.inspect.templates import LIST_NAME, Complain, Lists, Template, Value, draw, parse

_TEXTS_OF = {
    "functionality": (1, 1, "a text"),
    "invariance": (2, sys.maxsize, "a list of two texts or more"),
    "direction": (2, 2, "a list of two texts, before and after"),
}
"""By kind: the least and the most texts of a case, and how a message names them."""


@dataclass(frozen=True)
class Case:
    """The texts that are judged together, and what is expected of their answers."""

    texts: tuple[str, ...]
    expects: Expectation


@dataclass(frozen=True)
class Ability:
    """What a group of cases tests."""

    name: str
    about: str
    untrained: bool
    """No training text was written for it."""
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Suite:
    """Behaviour tests for a classifier of the given classes."""

    name: str
    classes: tuple[str, ...]
    abilities: tuple[Ability, ...]

    @classmethod
    def read(cls, path: Path | str) -> Suite:
        """Read a json file, and draw its cases.

        Raises:
            DataError: there is no such file, or something in it is wrong: one message with all problems.
        """
        problems: list[str] = []
        suite = _suite(_load(Path(path), problems.append), problems.append)
        if problems or suite is None:
            raise DataError(f"{path} is no suite of behaviour tests; {together(problems)}")
        return suite

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of every case, each once."""
        return tuple(dict.fromkeys(text for ability in self.abilities for case in ability.cases for text in case.texts))

    @property
    def n_cases(self) -> int:
        """How many cases there are in all."""
        return sum(len(ability.cases) for ability in self.abilities)

    @property
    def fingerprint(self) -> str:
        """Hex sha256 over the classes and the cases: figures of one fingerprint can be compared."""
        cases = [[ability.name, repr(case.expects), case.texts] for ability in self.abilities for case in ability.cases]
        return hashlib.sha256(json.dumps([self.classes, cases]).encode()).hexdigest()


def _load(path: Path, complain: Complain) -> object:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                complain(f"the key {name!r} stands {times} times in one object; rename all but one")
        return dict(pairs)

    try:
        return json.loads(path.read_bytes(), object_pairs_hook=unique)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; give the path of a suite's json file") from None
    except (ValueError, RecursionError) as error:  # not json, or not utf-8
        raise DataError(f"{path} is no suite of behaviour tests: it is not json ({error})") from None


def _suite(record: object, complain: Complain) -> Suite | None:
    if not isinstance(record, dict):
        complain(f"it holds {shown(record)}; it takes an object with 'name', 'classes' and 'abilities'")
        return None
    known(record, ("name", "seed", "classes", "lists", "abilities"), complain)
    name = take(record, "name", str, complain) or ""
    seed = take(record, "seed", int, complain, default=0) or 0
    classes = items(record, "classes", complain)
    if classes and (len(classes) < 2 or not _all_texts(classes) or len({*classes}) < len(classes)):
        complain(f"'classes' is {shown(classes)}; it takes two names or more, each once")
        classes = [item for item in classes if isinstance(item, str)]
    lists = _lists(record, complain)
    abilities = []
    for n, given in enumerate(items(record, "abilities", complain), start=1):
        if isinstance(given, dict):
            abilities.append(_ability(given, n, lists, classes, seed, complain))
        else:
            complain(f"ability {n} is {shown(given)}; it takes an object with 'name' and 'tests'")
    _nothing_twice(abilities, complain)
    return Suite(name, tuple(classes), tuple(abilities))


def _nothing_twice(abilities: Sequence[Ability], complain: Complain) -> None:
    for name, times in Counter(ability.name for ability in abilities).items():
        if times > 1:
            complain(f"{times} abilities are called {name!r}; rename all but one")
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    for ability in abilities:
        for case in ability.cases:
            key = (case.expects.kind, case.texts)
            if key in seen:
                complain(f"the case {case.texts[0]!r} stands in {seen[key]!r} and in {ability.name!r}; leave one out")
            seen[key] = ability.name


def _ability(
    record: Mapping[str, Any], n: int, shared: Lists, classes: Sequence[str], seed: int, complain: Complain
) -> Ability:
    name = take(record, "name", str, _inside(f"ability {n}", complain)) or f"ability {n}"
    complain = _inside(f"ability {name!r}", complain)
    known(record, ("name", "about", "untrained", "lists", "tests"), complain)
    about = take(record, "about", str, complain, default="") or ""
    untrained = take(record, "untrained", bool, complain, default=False) or False
    lists = {**shared, **_lists(record, complain)}
    cases: list[Case] = []
    for place, test in enumerate(items(record, "tests", complain), start=1):
        cases += _cases(test, lists, classes, f"{seed}, {name}, {place}", _inside(f"test {place}", complain))
    return Ability(name, about, untrained, tuple(cases))


def _cases(test: object, lists: Lists, classes: Sequence[str], seed: str, complain: Complain) -> list[Case]:
    if not isinstance(test, dict) or not isinstance(test.get("kind"), str) or test["kind"] not in KINDS:
        given = test.get("kind", "missing") if isinstance(test, dict) else test
        complain(f"'kind' is {shown(given)}; it takes {nearest(str(given), KINDS)}")
        return []
    kind = KINDS[test["kind"]]
    problems: list[str] = []
    known(test, ("kind", "cases", "templates", *kind.fields), problems.append)
    expects = kind.from_json(test, classes, problems.append)
    templates = _templates(test, lists, problems.append)
    n_cases = take(test, "cases", int, problems.append, default=len(templates)) or 0
    if "cases" in test and type(test["cases"]) is int and n_cases < 1:
        problems.append(f"'cases' is {n_cases}; it takes 1 or more")
    can_draw = not problems and all(lists.values())
    drawn = draw(templates, lists, n_cases, seed) if can_draw else []
    if can_draw and len(drawn) < n_cases:
        problems.append(f"{n_cases} cases are asked for, and the templates give {len(drawn)}; lengthen their lists")
    for problem in problems:
        complain(problem)
    return [Case(texts, expects) for texts in drawn]


def _templates(test: Mapping[str, Any], lists: Lists, complain: Complain) -> list[Template]:
    least, most, wanted = _TEXTS_OF[test["kind"]]
    found = []
    for given in items(test, "templates", complain):
        texts = [given] if most == 1 else given
        if isinstance(texts, list) and least <= len(texts) <= most and _all_texts(texts):
            found.append(parse(texts, lists, complain))
        else:
            complain(f"a template is {shown(given)}; it takes {wanted}")
    return found


def _lists(record: Mapping[str, Any], complain: Complain) -> dict[str, tuple[Value, ...]]:
    """The lists by name; an empty one where it is broken, so that its slots are not complained of too."""
    found: dict[str, tuple[Value, ...]] = {}
    for name, given in (take(record, "lists", dict, complain, default={}) or {}).items():
        values = given if isinstance(given, list) else []
        found[name] = ()
        if not LIST_NAME.fullmatch(name):
            complain(f"no list can be called {name!r}; a name has small letters and underscores only")
        elif not values or not _alike(values) or not all(_all_texts(_texts(value)) for value in values):
            complain(f"the list {name!r} is {shown(given)}; it takes texts, or lists of as many texts each")
        elif twice := [value for n, value in enumerate(values) if value in values[:n]]:
            complain(f"the list {name!r} holds {shown(twice[0])} twice; leave one out")
        else:
            found[name] = tuple(tuple(value) if isinstance(value, list) else value for value in values)
    return found


def _texts(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _alike(values: Sequence[object]) -> bool:
    return len({len(value) if isinstance(value, list) else -1 for value in values}) == 1


def _all_texts(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(value, str) and value for value in values)


def _inside(place: str, complain: Complain) -> Complain:
    return lambda problem: complain(f"{place}: {problem}")
