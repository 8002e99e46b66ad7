"""Suites: what a good file gives, and one message with everything that is wrong with a bad one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import DataError
from limbeck.inspect.expectations import Direction, Functionality, Invariance
from limbeck.inspect.suite import Case, Suite

GOOD: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "classes": ["no", "yes"],
    "lists": {"thing": ["tent", "watch", "sofa"]},
    "abilities": [
        {
            "name": "labels",
            "about": "one text, one class",
            "lists": {"word": ["useful", "sturdy"]},
            "tests": [
                {"kind": "functionality", "label": "yes", "cases": 4, "templates": ["A {word} {thing}.", "Yes."]},
                {"kind": "functionality", "label": ["no", "yes"], "templates": ["A {thing}."]},
            ],
        },
        {
            "name": "changes",
            "untrained": True,
            "tests": [
                {"kind": "invariance", "templates": [["A {thing}.", "A {thing}!", "a {thing}"]]},
                {"kind": "invariance", "within": 0.25, "templates": [["{thing1}", "{thing2}"]]},
                {"kind": "direction", "class": "yes", "rise": 0.1, "templates": [["A {thing}.", "A useful {thing}."]]},
                {"kind": "direction", "class": "no", "templates": [["Well.", "Well, no."]]},
            ],
        },
    ],
}


def write(path: Path, record: object) -> Path:
    path = path / "suite.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def changed(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(GOOD), **fields}


def one_test(**fields: Any) -> dict[str, Any]:
    """The good suite with one ability of one test."""
    return changed(abilities=[{"name": "it", "tests": [{"kind": "functionality", **fields}]}])


def message(tmp_path: Path, record: object) -> str:
    with pytest.raises(DataError) as caught:
        Suite.read(write(tmp_path, record))
    return str(caught.value)


def test_a_good_file(tmp_path: Path) -> None:
    suite = Suite.read(write(tmp_path, GOOD))
    assert (suite.name, suite.classes, suite.n_cases) == ("small", ("no", "yes"), 9)
    labels, changes = suite.abilities
    assert (labels.name, labels.about, labels.untrained) == ("labels", "one text, one class", False)
    assert (changes.about, changes.untrained) == ("", True)
    assert [case.expects for case in labels.cases] == [Functionality(("yes",))] * 4 + [Functionality(("no", "yes"))]
    assert [case.texts[0] == "Yes." for case in labels.cases] == [False, True, False, False, False]
    assert [case.expects for case in changes.cases] == [
        Invariance(0.05),
        Invariance(0.25),
        Direction("yes", 0.1),
        Direction("no", 0.0),
    ]
    assert changes.cases[3] == Case(("Well.", "Well, no."), Direction("no"))
    assert [len(case.texts) for case in changes.cases] == [3, 2, 2, 2]


def test_texts_are_each_named_once(tmp_path: Path) -> None:
    suite = Suite.read(write(tmp_path, GOOD))
    texts = [text for ability in suite.abilities for case in ability.cases for text in case.texts]
    assert len(suite.texts) == len(set(suite.texts)) <= len(texts)
    assert set(suite.texts) == set(texts)


def test_the_fingerprint_is_that_of_the_cases(tmp_path: Path) -> None:
    first = Suite.read(write(tmp_path, GOOD)).fingerprint
    assert first == Suite.read(write(tmp_path, changed(name="another name"))).fingerprint
    assert first != Suite.read(write(tmp_path, changed(seed=4))).fingerprint
    record = copy.deepcopy(GOOD)
    record["abilities"][1]["tests"][1]["within"] = 0.2
    assert first != Suite.read(write(tmp_path, record)).fingerprint


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read '.*nothing.json': No such file .*; give the path of a suite's"):
        Suite.read(tmp_path / "nothing.json")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\xfa", b"", b"[" * 100_000])
def test_no_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "suite.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"suite.json is no suite of behaviour tests: it is not json \("):
        Suite.read(path)


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_text(path.read_text(encoding="utf-8").replace('"seed": 3', '"seed": 3, "seed": 4'), encoding="utf-8")
    with pytest.raises(DataError, match="the key 'seed' stands 2 times in one object; rename all but one"):
        Suite.read(path)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    record = changed(
        seed=1.5,
        lists={"thing": ["tent", "tent"], "Word": ["a"], "pair": [["a", "b"], ["c"]], "none": []},
        abilitys=[],
        abilities=[
            7,
            {"name": "one", "untrained": "yes", "tests": []},
            {"name": "one", "abuot": "", "tests": [{"kind": "invarience", "templates": []}]},
            {"tests": "none"},
        ],
    )
    assert message(tmp_path, record).splitlines()[1:] == [
        "  - nothing is called 'abilitys' here; there are 'abilities' (nearest), 'classes', 'lists', 'name', 'seed'",
        "  - 'seed' is 1.5; it takes a whole number",
        "  - the list 'thing' holds 'tent' twice; leave one out",
        "  - no list can be called 'Word'; a name has small letters and underscores only",
        "  - the list 'pair' is [['a', 'b'], ['c']]; it takes texts, or lists of as many texts each",
        "  - the list 'none' is []; it takes texts, or lists of as many texts each",
        "  - ability 1 is 7; it takes an object with 'name' and 'tests'",
        "  - ability 'one': 'untrained' is 'yes'; it takes true or false",
        "  - ability 'one': 'tests' is empty; it takes one or more",
        "  - ability 'one': nothing is called 'abuot' here; there are "
        "'about' (nearest), 'lists', 'name', 'tests', 'untrained'",
        "  - ability 'one': test 1: 'kind' is 'invarience'; it takes "
        "'invariance' (nearest), 'direction', 'functionality'",
        "  - ability 4: 'name' is missing; it takes a text",
        "  - ability 'ability 4': 'tests' is 'none'; it takes a list",
        "  - 2 abilities are called 'one'; rename all but one",
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"label": "yes"}, "'templates' is missing; it takes a list"),
        ({"label": "yes", "templates": []}, "'templates' is empty; it takes one or more"),
        ({"label": "yes", "templates": ["", 1, ["a"]]}, "a template is ''; it takes a text"),
        ({"label": "yse", "templates": ["a"]}, "'label' is 'yse'; the suite's classes are 'yes' (nearest), 'no'"),
        ({"label": ["yes", 1], "templates": ["a"]}, "'label' is 1; the suite's classes are 'no', 'yes'"),
        ({"label": [], "templates": ["a"]}, "'label' is []; the suite's classes are 'no', 'yes'"),
        ({"templates": ["a"]}, "'label' is missing; it takes one of 'no', 'yes'"),
        ({"label": "yes", "within": 1, "templates": ["a"]}, "nothing is called 'within' here"),
        ({"label": "yes", "cases": 0, "templates": ["a"]}, "'cases' is 0; it takes 1 or more"),
        ({"label": "yes", "cases": "3", "templates": ["a"]}, "'cases' is '3'; it takes a whole number"),
        ({"label": "yes", "cases": True, "templates": ["a"]}, "'cases' is True; it takes a whole number"),
        (
            {"label": "yes", "cases": 5, "templates": ["a", "{thing}"]},
            "5 cases are asked for, and the templates give 4; lengthen their lists",
        ),
        ({"label": "yes", "templates": ["a", "a"]}, "2 cases are asked for, and the templates give 1"),
        ({"label": "yes", "templates": ["a {thng}"]}, "'a {thng}': there is no list 'thng'; there are 'thing'"),
        ({"kind": "invariance", "templates": [["a"]]}, "a template is ['a']; it takes a list of two texts or more"),
        ({"kind": "invariance", "templates": ["ab"]}, "a template is 'ab'; it takes a list of two texts or more"),
        (
            {"kind": "invariance", "within": 2, "templates": [["a", "b"]]},
            "'within' is 2; it takes a number from 0 to 1",
        ),
        ({"kind": "invariance", "within": "0", "templates": [["a", "b"]]}, "'within' is '0'; it takes a number"),
        (
            {"kind": "direction", "class": "yes", "templates": [["a", "b", "c"]]},
            "a template is ['a', 'b', 'c']; it takes a list of two texts, before and after",
        ),
        (
            {"kind": "direction", "class": "yes", "rise": float("nan"), "templates": [["a", "b"]]},
            "'rise' is nan; it takes a number from -1 to 1",
        ),
        ({"kind": "direction", "templates": [["a", "b"]]}, "'class' is missing; it takes one of 'no', 'yes'"),
        ({"kind": ["direction"]}, "'kind' is ['direction']; it takes 'direction' (nearest), 'functionality', 'invar"),
    ],
)
def test_problems_of_a_test(tmp_path: Path, fields: dict[str, Any], problem: str) -> None:
    assert f"ability 'it': test 1: {problem}" in message(tmp_path, one_test(**fields))


@pytest.mark.parametrize("classes", [["no"], ["no", "no"], ["no", 1], "no"])
def test_classes(tmp_path: Path, classes: object) -> None:
    assert "'classes' is " in message(tmp_path, changed(classes=classes))


def test_without_classes_labels_are_not_complained_of_too(tmp_path: Path) -> None:
    record = changed()
    del record["classes"]
    assert message(tmp_path, record).endswith("behaviour tests; 'classes' is missing; it takes a list")


def test_slots_of_a_broken_list_are_not_complained_of_too(tmp_path: Path) -> None:
    assert message(tmp_path, changed(lists={"thing": "tent"})).endswith(
        "behaviour tests; the list 'thing' is 'tent'; it takes texts, or lists of as many texts each"
    )


def test_a_case_counts_once(tmp_path: Path) -> None:
    test = {"kind": "functionality", "label": "yes", "templates": ["A tent."]}
    abilities = [{"name": "one", "tests": [test]}, {"name": "two", "tests": [{**test, "label": "no"}]}]
    assert message(tmp_path, changed(abilities=abilities)).endswith(
        "the case 'A tent.' stands in 'one' and in 'two'; leave one out"
    )


def test_what_is_no_object(tmp_path: Path) -> None:
    assert message(tmp_path, [1] * 99).endswith("...; it takes an object with 'name', 'classes' and 'abilities'")
    assert message(tmp_path, {}).count("is missing") == 3
    assert "'kind' is 5; it takes" in message(tmp_path, changed(abilities=[{"name": "it", "tests": [5]}]))
