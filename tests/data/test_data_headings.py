"""A first line that is a row: what speaks for it, and what does not."""

from __future__ import annotations

import pytest

from limbeck.data.headings import doubt


@pytest.mark.parametrize(
    "columns",
    [
        ["An hour I want back."],
        ["Never again!", "1"],
        ["the room was cold and damp", "negative"],
        ["7", "I would go there any time again"],
    ],
)
def test_a_heading_that_reads_like_a_text(columns: list[str]) -> None:
    assert doubt(columns).endswith(" reads like a text")


@pytest.mark.parametrize(
    "columns", [["id", "text"], ["Review Text"], ["opening hours", "place"], [""], ["0", "1"], ["No."], ["column one"]]
)
def test_a_heading_that_names_a_column(columns: list[str]) -> None:
    assert doubt(columns, [["some", "text"]]) == ""


def test_a_heading_that_people_use_ends_the_doubt() -> None:
    assert doubt(["How was the service you got today", "Rating"]) == ""
    assert doubt(["topic"], [["film"], ["topic"]]) == ""


def test_a_heading_that_is_a_cell_too() -> None:
    assert doubt(["it was fine", "pos"], [["so so", "neg"], ["good", "pos"]]) == "'pos' stands in a row below it too"
    assert doubt(["it was fine", "pos"], [["so so", "neg"], ["good"]]) == ""
    assert doubt(["", "n"], [["", "m"]]) == ""
    assert doubt(["a", "b"], [["a", "b"], ["c", "d"]]) == ""  # files put one behind another


def test_a_known_name_in_any_spelling_twice_ends_a_doubt() -> None:
    assert doubt(["Text", "TEXT", "what was the reason of this call?"]) == ""


def test_a_long_heading_is_cut_in_the_words() -> None:
    assert doubt(["word " * 100]) == f"{('word ' * 100)[:57] + '...'!r} reads like a text"
