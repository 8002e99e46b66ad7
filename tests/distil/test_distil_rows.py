"""The texts that a student learns from: each once, none of a test, sentences of long ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from limbeck.data import Dataset, input_id
from limbeck.distil.rows import LONGEST, SHORTEST, labelled_by, missing, pool, sentences_of, texts_of, without
from limbeck.errors import DataError

LABELLED = Dataset(["a film", "a room", "a film", "a book"], ["good", "bad", "bad", "good"], "classify", (), "rows.csv")
MORE = Dataset(["a meal", "a room", "a meal"], None, name="more.csv")


def test_each_text_once_and_the_first_label_counts() -> None:
    made = pool(LABELLED, [MORE], task="classify", name="rows.csv")
    assert made.dataset.inputs == ["a film", "a room", "a book", "a meal"]
    assert made.labels == ("good", "bad", "good", None)
    assert made.dataset.targets is None and len(made) == 4
    assert made.is_labelled.tolist() == [True, True, True, False]
    assert made.notices == (
        "rows.csv: 1 rows repeat a text, which is learnt once (1 of them under another label: the first counts)",
        "more.csv: 2 rows repeat a text, which is learnt once",
    )


def test_what_the_columns_were_called_and_corrections_are_kept() -> None:
    columns, mended = ("comment", None, "verdict"), {"file": "fixes.csv", "rows": 1}
    made = pool(replace(LABELLED, columns=columns, corrections=mended), [MORE], task="classify", name="rows.csv")
    assert (made.dataset.columns, made.dataset.corrections) == (columns, mended)
    texts = replace(MORE, columns=("comment", None, None))
    assert pool(None, [texts, LABELLED], task="classify", name="x").dataset.columns == ("comment", None, None)


def test_texts_that_are_kept_out_are_learnt_from_nowhere() -> None:
    valid = Dataset(["a room"], ["bad"], name="valid.csv")
    test = Dataset(["a meal", "elsewhere"], None, name="test.csv")
    made = pool(LABELLED, [MORE], kept_out=[valid, test], task="classify", name="rows.csv")
    assert made.dataset.inputs == ["a film", "a book"]
    assert made.notices[0] == "rows.csv: 1 rows stand among the validation or test texts and are left out"
    assert made.notices[2] == "more.csv: 3 rows stand among the validation or test texts and are left out"
    assert made.kept_out == {input_id(text) for text in ("a room", "a meal", "elsewhere")}
    assert made.take([1]).kept_out == made.kept_out


def test_white_space_lets_no_test_text_through() -> None:
    test = Dataset(["a  room ", "\ta film"], None, name="test.csv")
    made = pool(LABELLED, [MORE], kept_out=[test], task="classify", name="rows.csv")
    assert {"a room", "a film"}.isdisjoint(made.dataset.inputs)
    spaced = Dataset(["a room\n", "a shed "], None, name="more.csv")
    made = pool(None, [spaced], kept_out=[Dataset(["a room"], None)], task="classify", name="rows.csv")
    assert made.dataset.inputs == ["a shed "]
    pairs = Dataset([("a", "b "), ("a", "c")], None, name="pairs.csv")
    made = pool(None, [pairs], kept_out=[Dataset([(" a", "b")], None)], task="classify", name="pairs.csv")
    assert made.dataset.inputs == [("a", "c")]


def test_accents_let_no_test_text_through_and_twins_are_learnt_once() -> None:
    apart, composed = "un cafe\u0301", "un caf\u00e9"
    texts = Dataset([composed, f"{apart} ", "un the\u0301"], None, name="more.csv")
    assert pool(None, [texts], kept_out=[Dataset([apart], None)], task="classify", name="x").dataset.inputs == [
        "un the\u0301"
    ]
    labelled = Dataset([apart], ["good"], "classify", ("good",), "rows.csv")
    made = pool(labelled, [texts], task="classify", name="x")
    assert (made.dataset.inputs, made.labels) == ([apart, "un the\u0301"], ("good", None))


def test_validation_rows_that_stand_in_a_test() -> None:
    left = without(LABELLED, [Dataset(["a  film"], None), Dataset(["elsewhere"], None)])
    assert (left.inputs, left.targets) == (["a room", "a book"], ["bad", "good"])
    assert left.notices == ("2 of 4 validation rows stand among the test texts and are left out",)
    assert without(LABELLED, []).inputs == LABELLED.inputs and not without(LABELLED, [MORE.take([0])]).notices


def test_no_text_is_left() -> None:
    with pytest.raises(DataError, match=r"rows.csv: no text is left to learn from; rows.csv: 4 rows stand among"):
        pool(LABELLED, [], kept_out=[LABELLED], task="classify", name="rows.csv")
    with pytest.raises(DataError, match="no text is left to learn from; give labelled rows, or --unlabelled FILE"):
        pool(None, [], task="classify", name="nothing")


def test_pairs_and_texts_do_not_mix() -> None:
    pairs = Dataset([("a", "b")], None, name="pairs.csv")
    with pytest.raises(DataError, match=r"rows.csv \(texts\), pairs.csv \(pairs\); --text-column and --text-pair"):
        pool(LABELLED, [pairs], task="classify", name="rows.csv")
    made = pool(None, [pairs], kept_out=[Dataset([], None)], task="classify", name="pairs.csv")
    assert made.dataset.is_pairs  # nothing is neither


def test_take_keeps_labels_with_their_texts() -> None:
    made = pool(LABELLED, [MORE], task="classify", name="rows.csv").take(np.array([3, 0]))
    assert (made.dataset.inputs, made.labels) == (["a meal", "a film"], (None, "good"))


def test_targets_are_labels_or_what_the_teacher_says() -> None:
    made = labelled_by(pool(LABELLED, [MORE], task="classify", name="x"), ["bad"] * 4, ("good", "bad", "other"))
    assert made.targets == ["good", "bad", "good", "bad"]
    assert made.classes == ("good", "bad", "other")  # the teacher's, in its order
    zero = Dataset(["a", "b"], [0.0, 2.5], "regress")
    numbers = labelled_by(pool(zero, [MORE], task="regress", name="x"), [7.0] * 4, ())
    assert (numbers.targets, numbers.classes) == ([0.0, 2.5, 7.0, 7.0], ())  # a label of 0 is one


def test_texts_without_an_answer_are_told_by_their_places_and_never_shown() -> None:
    lines = Dataset(["a secret", "a room", "a letter"], None, name="more.csv", rows=(2, 3, 7))
    files = Dataset(["a note", "a room"], None, name="notes", rows=(1, 2), unit="file", places=("a.txt", "b.txt"))
    review = Dataset(["One two three four five. Five four three two one."], None, name="long.txt", rows=(4,))
    sources = [lines, files, Dataset(["a list"], None, name="list"), sentences_of(review)]
    made = pool(None, sources, task="classify", name="x")
    assert len(made) == 7
    told = missing(made, np.array([False, True] + [False] * 5))
    assert told == (
        "6 of 7 texts have no teacher's answer (more.csv: lines 2, 7; notes: file a.txt; list: row 1; long.txt: line 4)"
    )
    assert made.take([4, 2]).where([1, 0]) == "more.csv: line 7; list: row 1"


@pytest.mark.parametrize("name", ["more.txt", "more.csv", "more.jsonl"])
def test_texts_of_a_file_and_what_was_left_out(tmp_path: Path, name: str) -> None:
    lines = {
        "more.txt": ["a meal", "  ", "a room"],
        "more.csv": ["text,label", "a meal,good", " ,bad", "a room,"],
        "more.jsonl": [json.dumps({"text": text}) for text in ("a meal", "", "a room")],
    }[name]
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    found = texts_of(tmp_path / name, text_column="review")  # which it has not: then it is guessed
    assert (found.inputs, found.targets) == (["a meal", "a room"], None)
    assert found.notices[-1].endswith(f"1 row without a text left out (line {3 if name == 'more.csv' else 2})")


def test_sentences_by_their_words() -> None:
    long = " ".join(["word"] * (LONGEST + 1)) + "."
    text = f"One two three four five. Too short. {long} Here are six words of it."
    found = sentences_of(Dataset([text, "no"], None, name="more.csv", rows=(1, 2)))
    assert found.inputs == ["One two three four five.", "Here are six words of it."]
    assert (found.rows, found.unit) == ((1, 1), "line")  # of the text that they were cut from
    assert found.notices == (f"more.csv: 2 sentences of {SHORTEST} to {LONGEST} words in 2 texts",)


def test_no_sentence_of_a_text_that_is_kept_out() -> None:
    text, test = "One two three four five. Two three four five six.", "The film was a joy. It was a joy to see."
    found = sentences_of(Dataset([test, text], None), kept_out={input_id(test)})
    assert found.inputs == ["One two three four five.", "Two three four five six."]


def test_sentences_of_both_texts_of_a_pair_and_none_at_all() -> None:
    found = sentences_of(Dataset([("One two three four five.", "Two three four five six.")], None))
    assert len(found) == 2 and not found.is_pairs
    with pytest.raises(DataError, match=f"no sentence has {SHORTEST} to {LONGEST} words; leave --cut-sentences out"):
        sentences_of(Dataset(["Too short."], None, name="more.csv"))
