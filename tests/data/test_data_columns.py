"""Which columns are found, and what is said when they cannot be."""

from __future__ import annotations

import pytest

from limbeck.data import Columns, guess_columns
from limbeck.data.columns import find_column
from limbeck.errors import DataError


@pytest.mark.parametrize(
    ("columns", "text", "pair", "label"),
    [
        (["text", "label"], "text", None, "label"),
        (["id", " text ", "Label "], " text ", None, "Label "),
        (["review", "stars"], "review", None, "stars"),
        (["Sentiment", "Tweet"], "Tweet", None, "Sentiment"),
        (["title", "content", "rating"], "content", None, "rating"),
        (["Title", "Review Text", "Rating"], "Review Text", None, "Rating"),
        (["headline", "Customer Review", "stars"], "Customer Review", None, "stars"),
        (["id", "user", "Tweet Content", "created_at", "label"], "Tweet Content", None, "label"),
        (["reviewID", "reviewTitle", "fullReview", "overall"], "fullReview", None, "overall"),
        (["title", "review_date", "stars"], "title", None, "stars"),
        (["sentence1", "sentence2", "label"], "sentence1", "sentence2", "label"),
        (["premise", "hypothesis", "label"], "premise", "hypothesis", "label"),
        (["question1", "question2", "is_duplicate"], "question1", "question2", "is_duplicate"),
        (["question", "sentence", "label"], "question", "sentence", "label"),
        (["text_a", "text_b", "target"], "text_a", "text_b", "target"),
        (["text", "verdict"], "text", None, "verdict"),
        (["wording", "label"], "wording", None, "label"),
        (["text", "text_label", "category"], "text", None, "category"),
        (["text", "label", "sentiment"], "text", None, "label"),
    ],
)
def test_columns_by_name(columns: list[str], text: str, pair: str | None, label: str) -> None:
    found = guess_columns(columns)
    assert (found.text, found.text_pair, found.label) == (text, pair, label)
    assert found.why


@pytest.mark.parametrize("columns", [["id", "price"], ["price"], ["text_en", "text_de"]])
def test_numbers_are_no_texts_and_two_texts_are_asked_about(columns: list[str]) -> None:
    sample = [dict.fromkeys(columns, f"-{place},500.25" if place % 2 else f"{place}e3") for place in range(9)]
    with pytest.raises(DataError, match="cannot tell which column of the data is the text: name it with --text-column"):
        guess_columns(columns, sample, labelled=False)


def test_columns_by_their_cells() -> None:
    sample = [
        {"n": str(place), "words": f"a sentence of some length {place}", "kind": "ab"[place % 2]} for place in range(9)
    ]
    found = guess_columns(["n", "words", "kind"], sample)
    assert (found.text, found.label) == ("words", "kind")
    assert found.why == (
        "text column 'words' as the one with the longest cells; label column 'kind' as the one with few distinct values"
    )


def test_two_columns_are_told_apart_by_length() -> None:
    found = guess_columns(["a", "b"], [{"a": "0", "b": "all fine"}, {"a": "1", "b": "all lost"}])
    assert (found.text, found.label) == ("b", "a")


def test_named_columns_win_and_need_no_reason() -> None:
    found = guess_columns(["text", "body", "label", "mood"], text_column="BODY ", label_column="mood")
    assert found == Columns("body", None, "mood", "")
    paired = guess_columns(["text", "body", "label"], text_column="text", text_pair_column="body")
    assert (paired.text, paired.text_pair, paired.label) == ("text", "body", "label")


def test_headings_that_look_the_same_are_one_name() -> None:
    columns = ["u\u0308bung", "\ufeffText\u200b", "mood\u00a0now"]
    found = guess_columns(columns, text_column="\u00fcbung", label_column="mood now")
    assert (found.text, found.label) == ("u\u0308bung", "mood\u00a0now")
    assert guess_columns(columns[1:]).text == "\ufeffText\u200b"
    assert find_column("text", ["te\u00adxt", "TEXT"]) is None  # two of them


def test_a_named_pair_and_a_guessed_text() -> None:
    found = guess_columns(["text", "reply", "label"], text_pair_column="reply")
    assert (found.text, found.text_pair, found.label) == ("text", "reply", "label")


def test_unlabelled_seeks_no_label() -> None:
    assert guess_columns(["text", "label"], labelled=False).label is None
    assert guess_columns(["anything"], labelled=False).text == "anything"
    assert guess_columns(["text", "label"], labelled=False, label_column="label").label == "label"


def test_a_frame_index_is_no_column() -> None:
    found = guess_columns(["__index_level_0__", "text", "mood"])
    assert (found.text, found.label) == ("text", "mood")


def test_all_missing_names_are_named_at_once() -> None:
    with pytest.raises(DataError) as error:
        guess_columns(["review", "stars"], text_column="text", label_column="star", name="f.csv")
    assert str(error.value) == (
        "2 problems:\n"
        "  - f.csv has no column 'text'; --text-column takes 'review', 'stars'\n"
        "  - f.csv has no column 'star'; --label-column takes 'stars' (nearest), 'review'"
    )


def test_one_column_named_twice() -> None:
    with pytest.raises(DataError, match="column 'text' of f is named twice, the second time by --label-column"):
        guess_columns(["text", "label"], text_column="text", label_column="Text", name="f")


def test_no_safe_text_is_asked_for() -> None:
    sample = [{"a": "some words here", "b": "some other words", "c": "x"}] * 3
    with pytest.raises(DataError) as error:
        guess_columns(["a", "b", "c"], sample, name="f.csv")
    expected = (
        "cannot tell which column of f.csv is the text: name it with --text-column (text_column in Python), "
        "one of 'a', 'b', 'c'"
    )
    assert str(error.value) == expected


def test_no_safe_label_is_asked_for() -> None:
    with pytest.raises(DataError, match=r"is the label: name it with --label-column .*, one of 'text', 'p', 'q'"):
        guess_columns(["text", "p", "q"], [{"text": "t", "p": "1", "q": "2"}, {"text": "u", "p": "2", "q": "1"}])


def test_where_no_column_is_left_for_the_labels_none_is_asked_for() -> None:
    with pytest.raises(DataError, match="the data has no column of labels: beside 'text', read as text, there is none"):
        guess_columns(["text"])
    with pytest.raises(DataError, match="beside 'question' and 'sentence', read as text, there is none"):
        guess_columns(["question", "sentence"])


def test_an_ambiguous_spelling_is_not_found() -> None:
    assert find_column("TEXT", ["text", "Text"]) is None
    assert find_column("text", ["text", "Text"]) == "text"
    with pytest.raises(DataError, match="no column 'TEXT'"):
        guess_columns(["text", "Text", "label"], text_column="TEXT")
