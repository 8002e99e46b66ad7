"""What numbers are that are no probabilities: signs, percentages, counts, logits; told once, whatever the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from limbeck.data import open_rows
from limbeck.distil.figures import figures_of
from support.said import refusal, write

TWO = ("bad", "good")
LIMITS = "and probabilities go from 0 to 1"


@pytest.mark.parametrize("classes", [None, TWO])
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("86.6%", "13.4%"), "numbers with percent signs in 'bad', 'good', such as '86.6%': write 0.866"),
        (("80 %", "20 %"), "numbers with percent signs in 'bad', 'good', such as '80 %': write 0.8"),
        (('"0,8663"', '"0,1337"'), "numbers with decimal commas in 'bad', 'good', such as '0,8663': write 0.8663"),
        (('"80,5%"', '"19,5%"'), "numbers with percent signs and decimal commas in 'bad', 'good', such as '80,5%'"),
        (
            ("2.856", "-0.273"),
            f"numbers such as 2.856 in 'bad', 'good': they look like logits, {LIMITS}: take the softm",
        ),
        (("-0.105", "-2.303"), "numbers such as -0.105 in 'bad', 'good': they look like logarithms of probabilities"),
        (("3", "0"), f"counts in 'bad', 'good', which add up to 3, {LIMITS}: divide each by the number of votes"),
        (("80", "20"), f"percentages in 'bad', 'good', which add up to 100, {LIMITS}: divide them by 100"),
    ],
)
def test_what_is_no_probability_is_told_once(
    tmp_path: Path, classes: tuple[str, ...] | None, cells: tuple[str, str], told: str
) -> None:
    first, second = cells
    lines = [f"a film {n},{first},{second}" for n in range(20)]
    for skip in (False, True):
        message = refusal(tmp_path, "text,bad,good", *lines, classes=classes, skip_bad_rows=skip)
        assert message.startswith(f"said.csv has {told}") and len(message.splitlines()) == 1


def test_logits_above_0_are_told_where_the_classes_are_known(tmp_path: Path) -> None:
    lines = ["a film,2.5,1.25", "a room,7.5,3.1", "a meal,1.5,0.4"]
    assert "'bad', 'good': they look like logits" in refusal(tmp_path, "text,bad,good", *lines, classes=TWO)
    assert refusal(tmp_path, "text,price,weight", *lines).endswith(
        "it has 'text', 'price', 'weight'; 2.5 is none (of logits take the softmax of each row)"
    )


def test_a_row_of_counts_among_probabilities_is_told_what_to_do(tmp_path: Path) -> None:
    message = refusal(tmp_path, "text,bad,good", "a film,0.5,0.5", "a room,2,1", "a meal,1,1", classes=TWO)
    assert "line 3: column 'bad' holds 2, which is no probability from 0 to 1; divide counts by their sum" in message
    assert "line 4: the probabilities 1, 1 add up to 2, not to 1; divide counts by their sum" in message


def test_all_rows_are_read_and_keys_that_come_late_too(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "a", "bad": 1}] * 1000
    rows += [{"text": "b", "bad": "40%", "good": 0.5}, {"text": "c", "bad": [1, 2], "good": None}]
    path = write(tmp_path / "said.jsonl", *map(json.dumps, rows))
    figures = figures_of(open_rows(path), ["text", None])
    assert (len(figures), figures.columns, figures.headings) == (1002, ("bad", "good"), ("text", "bad", "good"))
    assert (figures.n_filled, figures.marked) == ((1001, 1), (("40%", 1), ("", 0)))
    assert figures.sums(["bad", "good"])[-3:].tolist() == [1.0, 0.5, 0.0]
    assert figures.are_shares("good") and figures.are_shares("bad") and not figures.are_none("good")
