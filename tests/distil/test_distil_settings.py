"""Settings of a distillation: what is taken, and every problem told by its flag."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limbeck.distil.settings import DistilSettings, StudentSettings, TextChoices, numbers_of
from limbeck.errors import SettingsError


def told(kind: Any, **given: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        kind(**given)
    return str(caught.value)


def test_the_defaults_are_soft_targets_alone_and_the_encoder_as_it_is() -> None:
    assert (DistilSettings().temperature, DistilSettings().hard) == (1.0, 0.0)
    student = StudentSettings()
    assert {student.student, student.layers, student.take, student.width, student.vocabulary, student.dropout} == {None}
    assert student.stages == ()
    assert TextChoices() == TextChoices((), False, 0, ())


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_is_a_number_above_0(value: float) -> None:
    expected = f"--temperature {value} is no number above 0; give 1 to 4, say"
    assert told(DistilSettings, temperature=value) == expected


@pytest.mark.parametrize("value", [1e30, 1e-30])
def test_a_temperature_leaves_something_to_compare(value: float) -> None:
    expected = f"--temperature {value:g} leaves nothing to tell classes by; give 1 to 4, say"
    assert told(DistilSettings, temperature=value) == expected


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_a_share_of_labels_is_a_share(value: float) -> None:
    assert told(DistilSettings, hard=value) == f"--hard {value} is no share; give a number from 0 to 1"


def test_both_problems_are_told_at_once() -> None:
    assert told(DistilSettings, temperature=0.0, hard=2.0) == (
        "2 problems:\n  - --temperature 0.0 is no number above 0; give 1 to 4, say\n"
        "  - --hard 2.0 is no share; give a number from 0 to 1"
    )


@pytest.mark.parametrize("name", ["layers", "width", "vocabulary"])
def test_sizes_are_at_least_1(name: str) -> None:
    assert told(StudentSettings, **{name: 0}) == f"--{name} 0 is too small; give 1 or more"
    settings: dict[str, Any] = {name: 1}
    assert getattr(StudentSettings(**settings), name) == 1


@pytest.mark.parametrize("rate", [-0.1, 1.0, math.nan])
def test_dropout_is_a_share_below_1(rate: float) -> None:
    assert told(StudentSettings, dropout=rate) == f"--dropout {rate} is no share; give a number from 0 to below 1"
    assert StudentSettings(dropout=0.0).dropout == 0.0


def test_layers_are_named_in_one_way() -> None:
    assert told(StudentSettings, layers=3, take="0,2,4") == (
        "--layers 3 and --take 0,2,4 exclude each other; give one of them"
    )
    assert told(StudentSettings, take="0-4") == "--take '0-4' is no list of numbers; give 0,2,4, say"
    assert told(StudentSettings, take="") == "--take '' is no list of numbers; give 0,2,4, say"


def test_students_on_the_way() -> None:
    assert StudentSettings(layers=3, through="9, 6").stages == (9, 6)
    expected = "--through 6 leads to a student of fewer layers; name them with --layers"
    assert told(StudentSettings, through="6") == expected
    assert told(StudentSettings, through="six", layers=3) == "--through 'six' is no list of numbers; give 0,2,4, say"


@pytest.mark.parametrize(("through", "layers"), [("3", 6), ("6", 6), ("6,9", 3), ("6,6", 3), ("0", 3)])
def test_each_student_on_the_way_has_fewer_layers(through: str, layers: int) -> None:
    assert told(StudentSettings, through=through, layers=layers) == (
        f"--through {through} --layers {layers}: each student on the way has fewer layers than the one before; "
        "give --through 6 --layers 3, say"
    )


def test_variants_are_a_number() -> None:
    assert told(TextChoices, augment=-1) == "--augment -1 is no number of variants; give 0 or more"


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_numbers_with_commas_are_read_back(numbers: list[int]) -> None:
    assert numbers_of(",".join(map(str, numbers))) == numbers
    assert numbers_of(" , ".join(map(str, numbers))) == numbers


@given(st.text(max_size=8))
@example("0\xa0")  # a blank like any other, though it is no ASCII
def test_anything_else_is_none_and_never_an_error(text: str) -> None:
    found = numbers_of(text)
    assert found is None or all(number >= 0 for number in found)
    parts = [part.strip() for part in text.split(",")]
    assert (found is None) == (not all(part.isdecimal() and part.isascii() for part in parts))


@pytest.mark.parametrize("text", ["", ",", "1,", "-1", "1.5", "²", "٣", "0-4", "1 2"])
def test_what_is_no_list_of_numbers(text: str) -> None:
    assert numbers_of(text) is None
