"""Templates: slots, capitals, several texts of a value, and a draw that is even, complete and the same everywhere."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.inspect.templates import Filling, Lists, draw, parse, walk

LISTS: Lists = {
    "thing": ("tent", "watch", "sofa"),
    "name": ("Uma", "Wei"),
    "word": (("useful", "usefull"), ("terrible", "terible")),
}


def fill(*texts: str, lists: Lists = LISTS, n_cases: int = 1, seed: str = "1") -> list[Filling]:
    problems: list[str] = []
    template = parse(texts, lists, problems.append)
    assert problems == []
    return draw([template], lists, n_cases, seed)


def complaints(*texts: str) -> list[str]:
    problems: list[str] = []
    parse(texts, LISTS, problems.append)
    return problems


def test_a_text_without_slots_is_itself() -> None:
    assert fill("A {{plain}} text") == [("A {plain} text",)]


def test_every_filling_comes_once() -> None:
    assert sorted(fill("{name}: {thing}", n_cases=99)) == [
        (f"{name}: {thing}",) for name in ("Uma", "Wei") for thing in ("sofa", "tent", "watch")
    ]


def test_capitals_follow_the_slot() -> None:
    [(text,)] = fill("{thing}, {Thing}, {THING}", lists={"thing": ("tea room",)})
    assert text == "tea room, Tea room, TEA ROOM"


def test_one_key_has_one_value_and_numbered_keys_have_different_ones() -> None:
    found = fill("{name1} met {name2}", "{name2} met {name1}", "{name1}!", n_cases=9)
    assert sorted(found) == [("Uma met Wei", "Wei met Uma", "Uma!"), ("Wei met Uma", "Uma met Wei", "Wei!")]


def test_values_of_several_texts() -> None:
    found = fill("A {word.0} tent.", "A {word.1} tent.", n_cases=9)
    assert sorted(found) == [("A terrible tent.", "A terible tent."), ("A useful tent.", "A usefull tent.")]


def test_templates_take_turns_and_go_on_without_the_exhausted() -> None:
    templates = [parse([text], LISTS, print) for text in ("one", "{name}", "the {thing}")]
    found = [text for (text,) in draw(templates, LISTS, 5, "1")]
    assert found[0] == "one"
    assert {found[1], found[3]} == {"Uma", "Wei"}
    assert {found[2], found[4]} < {"the tent", "the watch", "the sofa"}
    assert len(draw(templates, LISTS, 99, "1")) == 1 + 2 + 3


def test_templates_that_fill_alike_do_not_repeat_a_case() -> None:
    templates = [parse([text], LISTS, print) for text in ("a {thing}", "a {thing1}")]
    assert sorted(draw(templates, LISTS, 99, "1")) == [("a sofa",), ("a tent",), ("a watch",)]


def test_few_cases_use_every_value() -> None:
    lists: Lists = {"one": tuple("abcdefgh"), "two": tuple("ijklmnop")}
    templates = [parse([text], lists, print) for text in ("{one} {two}", "{two} or {one}")]
    counts = Counter(
        letter for (text,) in draw(templates, lists, 8, "1") for letter in text if letter in "abcdefghijklmnop"
    )
    assert counts["o"] == 1 + 4  # once a value, four times in "or"
    assert {count for letter, count in counts.items() if letter != "o"} == {1}


def test_the_draw_is_the_same_every_time_and_another_with_another_seed() -> None:
    lists: Lists = {"one": tuple("abcdefgh"), "two": tuple("ijklmnop")}
    first = fill("{one}{two}", lists=lists, n_cases=6, seed="1")
    assert first == fill("{one}{two}", lists=lists, n_cases=6, seed="1")
    assert first != fill("{one}{two}", lists=lists, n_cases=6, seed="2")


@given(st.integers(0, 3000), st.text())
def test_the_walk_visits_each_number_once(total: int, seed: str) -> None:
    assert sorted(walk(total, seed)) == list(range(total))


def test_the_walk_begins_without_counting_all() -> None:
    numbers = walk(10**60, "1")
    assert len({next(numbers) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a {thng}", "'a {thng}': there is no list 'thng'; there are 'thing' (nearest), 'name', 'word'"),
        ("a {thing", "'a {thing': expected '}' before end of string; a brace that is meant as one is written twice"),
        ("a } b", "'a } b': Single '}' encountered in format string; a brace that is meant as one is written twice"),
        ("a {thing!r}", "'a {thing!r}': a slot holds a name only, such as {thing}"),
        ("a {thing:>9}", "'a {thing:>9}': a slot holds a name only, such as {thing}"),
        ("a {thing.0}", "'a {thing.0}': values of 'thing' are one text"),
        ("a {word}", "'a {word}': a value of 'word' has 2 texts; choose one: {word.0}"),
        ("a {word.2}", "'a {word.2}': no value of 'word' has a text number 2"),
        ("{name1}{name2}{name3}", "'{name1}{name2}{name3}' takes 3 different values of 'name', which has 2"),
    ],
)
def test_problems(text: str, problem: str) -> None:
    assert complaints(text) == [problem]


@pytest.mark.parametrize("field", ["", "0", "a b", "thing[0]", "thing.x", "thing..1"])
def test_a_slot_that_can_be_no_name(field: str) -> None:
    [problem] = complaints("a {" + field + "}")
    assert (
        f"no list can be called {field!r}; a slot is {{name}}, {{name1}}, {{Name}}, {{NAME}} or {{name.0}}" in problem
    )


def test_no_lists_at_all() -> None:
    problems: list[str] = []
    parse(["{thing}"], {}, problems.append)
    assert problems == ["'{thing}': there is no list 'thing'; there are none"]
