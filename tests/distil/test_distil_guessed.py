"""Which columns are taken for classes where nobody names them, and what is never left out in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.said import given, notices, refusal

THREE = "text,bad,fair,good"
PROBS = ("0.7,0.2,0.1", "0.1,0.6,0.3", "0.2,0.3,0.5", "0.05,0.05,0.9")
HOT = ("1,0,0", "0,1,0", "0,0,1", "0,1,0")
WAY_OUT = "is no class, take it out of the file, or call the classes p_<class>)"


def rows(*cells: str) -> list[str]:
    return [f"a film {n},{values}" for n, values in enumerate(cells)]


def beside(cells: tuple[str, ...], *more: object) -> list[str]:
    return rows(*(f"{own},{value}" for own, value in zip(cells, more, strict=True)))


@pytest.mark.parametrize(
    "header",
    [
        THREE,
        "text,n_bad,n_fair,n_good",
        "text,p_bad,p_fair,p_good",
        "text,1 star,2 stars,3 stars",
        "text,date,number,person",
        "text,score_bad,score_fair,score_good",
    ],
)
def test_counts_whose_other_columns_add_up_to_1_lose_no_class(tmp_path: Path, header: str) -> None:
    _, *names = header.split(",")
    for skip in (False, True):
        message = refusal(tmp_path, header, *rows("0,2,1", "1,2,0", "0,2,1"), skip_bad_rows=skip)
        way_out = "is no class, take it out of the file)" if names[0].startswith("p_") else WAY_OUT
        assert message == (
            f"said.csv has counts in {', '.join(map(repr, names))}, which add up to 3, and probabilities go from 0 to "
            f"1: divide each by the number of votes, their sum in the row (where {names[1]!r} {way_out}"
        )


def test_counts_beside_what_tells_of_something_else_are_told_alone(tmp_path: Path) -> None:
    votes = ("0,4,1", "3,1,1", "5,0,0", "0,0,5")
    for name in ("id", "n_votes", "total", "year", "Review Length"):
        message = refusal(tmp_path, f"{THREE},{name}", *beside(votes, 5, 6, 5, 7))
        assert message.startswith("said.csv has counts in 'bad', 'fair', 'good', which add up to 5"), name
    helpful = refusal(tmp_path, f"{THREE},helpful", *beside(votes, 5, 6, 5, 7))
    assert helpful.startswith("said.csv has counts in 'bad', 'fair', 'good', which add up to 5")


@pytest.mark.parametrize("cells", [("1,1,0", "0,1,1", "0,1,1"), ("1,1,0", "0,1,1", "1,0,1")])
def test_counts_of_two_votes_that_nobody_gave_twice(tmp_path: Path, cells: tuple[str, ...]) -> None:
    message = refusal(tmp_path, THREE, *rows(*cells))
    assert message.startswith("said.csv has counts in 'bad', 'fair', 'good', which add up to 2")


def test_counts_and_percentages_beside_several_numbers(tmp_path: Path) -> None:
    more = ("7,30.5,3", "9,43.5,1", "4,21.25,8")
    header = f"{THREE},helpful,weight,replies"
    counts = rows(*(f"{own},{one}" for own, one in zip(("0,2,1", "1,2,0", "0,2,1"), more, strict=True)))
    assert "counts in 'bad', 'fair', 'good', which add up to 3" in refusal(tmp_path, header, *counts)
    parts = ("0.3,98.7,1", "0.6,99,0.4", "0.1,98.2,1.7")
    percent = rows(*(f"{own},{one}" for own, one in zip(parts, more, strict=True)))
    assert "percentages in 'bad', 'fair', 'good', which add up to 100" in refusal(tmp_path, header, *percent)
    mixed = rows("98.67,0.72,0.61", "99,0.5,0.5", "0.2,0.3,0.5")
    assert "percentages in 'bad', 'fair', 'good', which" in refusal(tmp_path, THREE, *mixed, skip_bad_rows=True)


def test_a_constant_too_great_for_votes_is_no_class(tmp_path: Path) -> None:
    found = given(tmp_path, f"{THREE},top", *beside(HOT, 40, 40, 40, 40))
    assert found.scores.task["classes"] == ["bad", "fair", "good"]


def test_counts_of_votes_by_several_or_few_are_told_too(tmp_path: Path) -> None:
    told = "said.csv has whole numbers in 'bad', 'fair', 'good', such as 4, and probabilities go from 0 to 1: if they"
    assert refusal(tmp_path, THREE, *rows("3,0,0", "1,4,0", "0,2,1")).startswith(told)
    unanimous = refusal(tmp_path, THREE, *rows("0,2,1", "1,4,0", "0,3,0"), skip_bad_rows=True)
    assert unanimous.startswith(told) and unanimous.endswith(f"(where 'fair' {WAY_OUT}")


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("text,ham,spam,phish", ("98.67,0.72,0.61", "99,0.6,0.4", "97.9,0.5,1.6")),
        ("text,ham,spam,phish", ("99,0.6,0.4", "99,0.3,0.7", "99,0.5,0.5")),  # the small ones alone add up to 1
        ("text,p_ham,p_spam", ("80,20", "33,67", "100,0")),
        ("text,ham,spam,helpful", ("80,20,3", "33,67,9", "100,0,1")),
    ],
)
def test_percentages_are_told_however_small_some_classes_are(
    tmp_path: Path, header: str, cells: tuple[str, ...]
) -> None:
    classes = [name for name in header.split(",")[1:] if name != "helpful"]
    message = refusal(tmp_path, header, *rows(*cells), skip_bad_rows=True)
    assert message.startswith(f"said.csv has percentages in {', '.join(map(repr, classes))}, which add up to 100")
    assert "divide them by 100" in message


@pytest.mark.parametrize("cells", [PROBS, HOT])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", (0, 1, 2, 3)),
        ("year", (2020, 2020, 2020, 2020)),
        ("stars", (5, 5, 5, 5)),
        ("score", (0.4, 0.9, 0.1, 0.3)),
        ("confidence", (0.7, 0.6, 0.5, 0.9)),
        ("length", (80, 20, 33, 7)),
        ("flagged", (0, 1, 1, 0)),
        ("label_id", (0, 1, 2, 1)),
        ("override", ("", "", "", 1)),
        ("p_id", (7, 7, 7, 7)),
        ("p_value", (0.03, 0.2, 0.001, 0.5)),
    ],
)
def test_numbers_beside_probabilities_are_no_classes_and_are_told(
    tmp_path: Path, cells: tuple[str, ...], name: str, values: tuple[object, ...]
) -> None:
    found = given(tmp_path, f"{THREE},{name}", *beside(cells, *values))
    assert found.scores.task["classes"] == ["bad", "fair", "good"]
    told = {
        f"numbers in {name!r} are not read: the others are the classes, and add up to 1",
        f"{name!r} is taken for no class: the rows add up to 1 without it",
    }
    assert told & set(notices(found))


def test_several_columns_that_are_no_classes(tmp_path: Path) -> None:
    lines = rows(*(f"{own},{n % 2},{0.1 * n:g},{n + 20}" for n, own in enumerate(PROBS)))
    found = given(tmp_path, f"{THREE},flagged,doubt,n_words", *lines)
    assert found.scores.task["classes"] == ["bad", "fair", "good"]
    assert notices(found)[1:3] == [
        "'flagged', 'doubt' are taken for no class: the rows add up to 1 without them",
        "numbers in 'n_words' are not read: the others are the classes, and add up to 1",
    ]


def test_where_several_columns_could_be_the_class_it_asks(tmp_path: Path) -> None:
    message = refusal(tmp_path, f"{THREE},mark", *beside(HOT, 1, 0, 0, 0))
    assert message == (
        "said.csv does not tell which columns are the classes: rows add up to 1 with 'fair', 'good', 'mark' and with "
        "'bad', 'fair', 'good'; call the columns of the classes p_<class>, or take the others out"
    )
    labelled = given(tmp_path, f"{THREE},label_id", *beside(HOT, 1, 0, 0, 0))  # a name that tells
    assert labelled.scores.task["classes"] == ["bad", "fair", "good"]


def test_a_column_that_gives_nothing_is_no_class_and_is_told(tmp_path: Path) -> None:
    found = given(tmp_path, f"{THREE},flagged", *beside(PROBS, 0, 0, 0, 0))
    assert found.scores.task["classes"] == ["bad", "fair", "good"]
    assert notices(found)[1] == (
        "'flagged' gives no row any probability and is taken for no class (columns called p_<class> always are)"
    )
    said_so = given(tmp_path, "text,p_bad,p_good,p_flagged", "a film,0.5,0.5,0", "a room,0.25,0.75,0")
    assert said_so.scores.task["classes"] == ["bad", "flagged", "good"]
    alone = given(tmp_path, "text,bad,good", "a film,1,0")  # all that it says is of one class
    assert alone.scores.task["classes"] == ["bad", "good"]


def test_a_class_that_only_late_rows_have_is_found(tmp_path: Path) -> None:
    lines = rows(*["0.5,0.5,0"] * 300, "0.1,0.1,0.8")
    assert given(tmp_path, THREE, *lines).scores.task["classes"] == ["bad", "fair", "good"]
    flagged = given(tmp_path, f"{THREE},flagged", *rows(*["0.5,0.3,0.2,0"] * 300, "0.1,0.1,0.8,1"))
    assert "'flagged' is taken for no class: the rows add up to 1 without it" in notices(flagged)


def test_json_lines_that_name_only_the_classes_with_a_share(tmp_path: Path) -> None:
    shares: list[dict[str, float]] = [
        {"bad": 0.9, "fair": 0.1},
        {"good": 1},
        {"fair": 0.4, "good": 0.6},
        {"bad": 0.2, "fair": 0.2, "good": 0.6},
    ]
    lines = [json.dumps({"text": f"a film {n}", **cells}) for n, cells in enumerate(shares)]
    found = given(tmp_path, *lines, name="said.jsonl")
    assert found.scores.task["classes"] == ["bad", "fair", "good"] and len(found.scores) == 4
    assert notices(found, "said.jsonl")[-1] == (
        "3 rows without a key for each class, which counts as 0 there (lines 1, 2, 3)"
    )
    late = [json.dumps({"text": f"a film {n}", "bad": 0.5, "fair": 0.5}) for n in range(1001)]
    assert given(tmp_path, *late, lines[1], name="said.jsonl").scores.task["classes"] == ["bad", "fair", "good"]
    short = json.dumps({"text": "a room", "bad": 0.3, "fair": 0.1})
    assert refusal(tmp_path, *lines, short, name="said.jsonl").startswith(
        "said.jsonl, line 5: column 'good' is missing there, and the others do not add up to 1 without it"
    )


def test_empty_cells_of_a_class_are_named(tmp_path: Path) -> None:
    message = refusal(tmp_path, THREE, *rows("0.9,0.1,", ",0.1,0.9", "0.1,0.9,"), skip_bad_rows=True)
    assert message.startswith(
        "said.csv says nothing, no row is left:\n3 problems:\n  - said.csv, line 2: column 'good'"
    )


def test_one_column_of_probabilities_is_no_classifier(tmp_path: Path) -> None:
    assert refusal(tmp_path, "text,good,length", "a film,0.4,80") == (
        "said.csv has one column of probabilities alone, 'good': give one a class, called as the class or p_<class>, "
        'with numbers from 0 to 1; or all of a row in one cell, {"<class>": 0.9, ...}; or --task regress, for '
        "numbers; it has 'text', 'good', 'length'; 80 is none (of logits take the softmax of each row)"
    )


@pytest.mark.parametrize("twin", ["good ", "p_good"])
def test_two_columns_of_one_spelling_are_refused(tmp_path: Path, twin: str) -> None:
    prefix = "p_" if twin == "good " else ""
    names = ["p_good", "p_good "] if prefix else ["good", "\u200bgood"]
    header = f"text,{prefix}bad,{','.join(names)}"
    assert refusal(tmp_path, header, *rows("0.7,0.2,0.1", "0.1,0.6,0.3")) == (
        f"said.csv has 2 columns for the class 'good', {names[0]!r}, {names[1]!r}: leave one in"
    )


def test_classes_behind_a_prefix_are_found_beside_all_that_predict_writes(tmp_path: Path) -> None:
    header = "text,x_predicted,x_p_bad,x_p_good,x_score,x_tokens_read,x_tokens_dropped"
    found = given(tmp_path, header, "a film,bad,0.75,0.25,0.04,13,0", "a room,good,0.2,0.8,0.3,12,0")
    assert found.scores.task["classes"] == ["bad", "good"]
    two = refusal(tmp_path, "text,x_p_bad,x_p_good,y_p_bad,y_p_good", "a film,0.5,0.5,0.25,0.75")
    assert two == ("said.csv has probabilities under several prefixes, x_p_<class> and y_p_<class>: leave one set in")


def test_a_header_alone_says_nothing(tmp_path: Path) -> None:
    assert refusal(tmp_path, THREE) == "said.csv says nothing, it has a header and no rows"


def test_classes_with_names_of_labels_are_classes_where_rows_need_them(tmp_path: Path) -> None:
    assert given(tmp_path, "text,x,y,z", *rows(*PROBS)).scores.task["classes"] == ["x", "y", "z"]


def test_many_columns_are_looked_through_one_by_one(tmp_path: Path) -> None:
    names = ",".join(f"topic {letter}" for letter in "abcdefghij")
    found = given(tmp_path, f"text,{names},mark", *rows("0.1," * 10 + "1", "0.1," * 10 + "0.5", "0.1," * 10 + "0"))
    assert len(found.scores.task["classes"]) == 10
    assert "'mark' is taken for no class: the rows add up to 1 without it" in notices(found)
    more = ",".join(f"other {letter}" for letter in "abcdefghij")
    votes = refusal(tmp_path, f"text,bad,good,fair,{more}", *rows("0,1,2" + ",7" * 10, "1,0,2" + ",3.5" * 10))
    assert votes.startswith("said.csv has counts in 'bad', 'good', 'fair', which add up to 3")


@pytest.mark.parametrize(
    "header",
    ["text,app_bug,app_crash,billing", "text,shop_a,shop_b,card", "text,top_up_failed,step_1,refund"],
)
@pytest.mark.parametrize("cells", [PROBS, HOT, ("0.5,0.49,0.01", "0.2,0.79,0.01", "0.6,0.385,0.015", "0.1,0.89,0.01")])
def test_a_class_may_have_p_in_its_name(tmp_path: Path, header: str, cells: tuple[str, ...]) -> None:
    found = given(tmp_path, header, *rows(*cells))
    assert sorted(found.scores.task["classes"]) == sorted(header.split(",")[1:])
    assert len(found.scores) == 4


def test_a_damaged_row_makes_no_counts_of_answers_beside_another_number(tmp_path: Path) -> None:
    header = f"{THREE},helpful"
    cells = beside(HOT + HOT, 0, 3, 12, 1, 5, 2, 0, 7)
    for damaged in ("a film 9,,,,3", "a film 9,1,1,0,4"):
        found = given(tmp_path, header, *cells, damaged, skip_bad_rows=True)
        assert (len(found.scores), found.scores.task["classes"]) == (8, ["bad", "fair", "good"])


def test_whole_percent_of_something_else_is_no_percentage(tmp_path: Path) -> None:
    found = given(tmp_path, f"{THREE},certainty", *beside(PROBS, 98, 99, 97, 99))
    assert found.scores.task["classes"] == ["bad", "fair", "good"]
    many = [f"a film {n},{HOT[n % 3]},{n}" for n in range(1, 301)]
    assert len(given(tmp_path, f"{THREE},place_in_line", *many).scores) == 300


def test_huge_numbers_are_damage_and_no_warning(tmp_path: Path) -> None:
    assert "add up to inf" not in refusal(tmp_path, "text,bad,good", *rows("1e308,1e308", "1e308,1e308"))
