"""A lesson: every text with what the teachers say of it, rows held back, variants, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.data import Dataset, Input, input_id
from limbeck.data.sketch import sketch
from limbeck.distil.augment import variants
from limbeck.distil.given import Given, table_of
from limbeck.distil.lesson import Choices, Lesson, lesson, unasked
from limbeck.distil.mean import mean_of, targets_for
from limbeck.distil.rows import Pool, pool
from limbeck.distil.teacher import FileTeacher, ModelTeacher, Teacher, open_model
from limbeck.errors import DataError
from limbeck.scores import Scores
from support import tiny
from support.train_data import Lines, numbers, rows

CLASSES = ("negative", "positive")
TASK = {"name": "classify", "classes": list(CLASSES)}
TEXTS: list[Input] = [f"{sentence} {'and' * n}" for n in range(4) for sentence in tiny.SENTENCES]
MORE = Dataset(TEXTS, None, name="more.csv")
NONE = Choices(valid_fraction=0.0)


def model(kind: str = "text") -> ModelTeacher:
    return open_model(tiny.shared(kind), Path("nowhere"))


def said_of(answers: dict[Input, list[float]], name: str = "said.csv") -> tuple[Scores, Dataset]:
    """These probabilities, and their texts."""
    ids = [input_id(text) for text in answers]
    table = table_of(ids, np.log(np.array(list(answers.values()))), task=TASK, model=name)
    return table, Dataset(list(answers), None, name=name)


def file(answers: dict[Input, list[float]], name: str = "said.csv") -> FileTeacher:
    """A teacher that said these probabilities and no others."""
    return FileTeacher(name, Given(said_of(answers, name)[0], None))


def labelled(n: int) -> Dataset:
    """Some of the texts, all of them said to be positive."""
    return Dataset(TEXTS[:n], ["positive"] * n, "classify", ("positive",), "rows.csv")


def texts_of(*others: Dataset, first: Dataset | None = None, kept_out: Any = ()) -> Pool:
    return pool(first, others, kept_out=kept_out, task="classify", name="texts")


def taught(
    teachers: list[Teacher], rows: Pool, valid: Dataset | None = None, choices: Choices = NONE, **changes: Any
) -> Lesson:
    return lesson(teachers, rows, valid, replace(choices, **changes), Lines())


def said(text: Input) -> list[float]:
    row: list[float] = tiny.predictor().logits([text])[0][0].tolist()
    return row


def test_labels_stay_and_the_teacher_says_the_rest() -> None:
    made = taught([model()], texts_of(MORE, first=labelled(3)))
    assert made.train.inputs == TEXTS
    assert made.is_labelled.tolist() == [True] * 3 + [False] * (len(TEXTS) - 3)
    assert made.logits[7] == pytest.approx(said(TEXTS[7]), abs=1e-6)
    assert made.train.targets is not None
    assert made.train.targets[:3] == ["positive"] * 3
    predicted = tiny.predictor().predict(TEXTS[3:])
    assert made.train.targets[3:] == [answer.predicted for answer in predicted]
    assert len(set(made.train.targets[3:])) == 2 and made.train.classes == CLASSES
    assert (made.valid, made.valid_is_labelled, made.said_of_valid) == (None, False, None)
    assert made.teachers == ({"name": "model", "fingerprint": tiny.predictor().fingerprint},)


def test_rows_are_held_back_where_there_are_none_and_stay_with_their_logits() -> None:
    made = taught([model()], texts_of(MORE), valid_fraction=0.25)
    assert made.valid is not None and not made.valid_is_labelled
    assert len(made.valid) == 8 and len(made.train) == 24 == len(made.logits) == len(made.is_labelled)
    assert set(made.valid.inputs) | set(made.train.inputs) == set(TEXTS)
    for text, logits in zip(made.train.inputs, made.logits, strict=True):
        assert logits == pytest.approx(said(text), abs=1e-6)
    assert made.said_of_valid is not None
    again = taught([model()], texts_of(MORE), valid_fraction=0.25)
    assert again.valid is not None and again.valid.inputs == made.valid.inputs
    assert again.fingerprint == made.fingerprint


def test_the_fingerprint_tells_lessons_apart() -> None:
    one = taught([model()], texts_of(MORE))
    other = taught([model()], texts_of(MORE, first=labelled(3)))
    file_ = taught([model(), file({TEXTS[0]: [0.5, 0.5]})], texts_of(MORE))
    assert len({one.fingerprint, other.fingerprint, file_.fingerprint}) == 3


def test_a_folder_and_a_file_are_averaged_where_both_know() -> None:
    made = taught([model(), file({TEXTS[0]: [0.9, 0.1]})], texts_of(MORE))
    own = np.exp(said(TEXTS[0])) / np.exp(said(TEXTS[0])).sum()
    assert np.exp(made.logits[0]) == pytest.approx((own + np.array([0.9, 0.1])) / 2, abs=1e-5)
    other = np.exp(said(TEXTS[1])) / np.exp(said(TEXTS[1])).sum()
    assert np.exp(made.logits[1]) == pytest.approx(other, abs=1e-5)
    assert [one["name"] for one in made.teachers] == ["model", "said.csv"]


def test_texts_that_no_file_knows_are_refused_or_left_out_with_a_notice() -> None:
    teacher, pooled = file({"a": [0.5, 0.5], "b": [0.1, 0.9]}), texts_of(Dataset(["a", "c", "b", "d"], None))
    with pytest.raises(DataError) as caught:
        taught([teacher], pooled)
    told = "2 of 4 texts have no teacher's answer (data: rows 2, 4)"
    assert str(caught.value) == (
        f"{told}; give a teacher's folder that can be asked, or leave them out with --skip-bad-rows"
    )
    made = taught([teacher], pooled, skip_unknown=True)
    assert (made.train.inputs, made.train.targets) == (["a", "b"], ["negative", "positive"])
    assert made.notices == (f"{told} and are left out",)


@pytest.mark.parametrize("skip", [False, True])
def test_scores_of_other_texts_do_not_fit(skip: bool) -> None:
    with pytest.raises(
        DataError, match=r"3 of 3 texts .*: what the teachers said is of other texts; give a teacher and"
    ):
        taught([file({"a": [0.5, 0.5]})], texts_of(Dataset(["x", "y", "z"], None)), skip_unknown=skip)


def test_texts_that_the_teacher_refuses_are_left_out_with_a_notice() -> None:
    data = Dataset(["the film was a joy", "\u200b"], None)
    made = taught([model()], texts_of(data))
    assert made.train.inputs == ["the film was a joy"]
    assert made.notices[0].startswith("1 of 2 texts have no teacher's answer (data: row 2) and are")
    with pytest.raises(DataError, match="it can read none of them"):
        taught([model()], texts_of(Dataset(["\u200b"], None)))


def test_labelled_validation_rows_are_asked_about_too() -> None:
    valid = Dataset(TEXTS[:6], ["negative", "positive"] * 3, "classify", ("negative", "positive"), "valid.csv")
    made = taught([model()], texts_of(MORE, kept_out=[valid]), valid, valid_fraction=0.5)
    assert made.valid_is_labelled and made.valid is not None and made.valid.targets == valid.targets
    assert made.train.inputs == TEXTS[6:]  # none is learnt from, and none more is held back
    assert made.said_of_valid is not None
    logits, found = targets_for(valid, made.said_of_valid)
    assert found.all() and logits[5] == pytest.approx(said(TEXTS[5]), abs=1e-6)
    assert targets_for(MORE, made.scores)[1].all()  # so that another split of the rows finds all it needs


def test_labels_of_validation_rows_must_be_classes() -> None:
    valid = Dataset(["x"], ["positiv"], "classify", ("positiv",), "valid.csv", rows=(2,))
    with pytest.raises(
        DataError, match=r"label 'positiv' is none of the classes: 'positive' \(nearest\).*valid.csv: line 2"
    ):
        taught([model()], texts_of(MORE), valid)


def test_validation_rows_that_the_teacher_does_not_know_are_kept_by_their_labels() -> None:
    valid = Dataset(["x", "y"], ["negative", "positive"], "classify", CLASSES, "valid.csv")
    made = taught([file({"a": [0.5, 0.5], "x": [0.9, 0.1]})], texts_of(Dataset(["a"], None)), valid)
    assert made.valid is not None and made.valid.inputs == ["x", "y"] and made.said_of_valid is not None
    assert targets_for(made.valid, made.said_of_valid)[1].tolist() == [True, False]
    other = taught([file({"a": [0.5, 0.5]})], texts_of(Dataset(["a"], None)), valid)
    assert other.valid is not None and other.said_of_valid is None


def test_validation_rows_without_labels_get_what_the_teachers_say() -> None:
    valid = Dataset(["x", "y", "z"], None, name="valid.csv")
    teacher = file({"a": [0.5, 0.5], "x": [0.9, 0.1], "z": [0.2, 0.8]})
    made = taught([teacher], texts_of(Dataset(["a"], None)), valid)
    assert made.valid is not None and not made.valid_is_labelled
    assert (made.valid.inputs, made.valid.targets, made.valid.classes) == (
        ["x", "z"],
        ["negative", "positive"],
        CLASSES,
    )
    assert made.notices == ("valid.csv: 1 validation rows have no teacher's answer and are left out",)


def test_variants_are_judged_and_none_is_held_back_or_kept_out() -> None:
    texts: list[Input] = ["a good film", "a bad film", "a bad idea", "the good idea"]
    test = Dataset(["the bad film"], None, name="test.csv")
    for seed in range(12):
        pooled = texts_of(Dataset(texts, None), kept_out=[test])
        made = taught([model()], pooled, augment=3, seed=seed, valid_fraction=0.0)
        n_variants = len(made.train) - 4
        assert made.notices == (f"{n_variants:,} variants of texts, judged by the teacher",)
        assert len(made.logits) == len(made.is_labelled) == len(made.train)
        assert not {"the bad film"} & set(made.train.inputs)
        for text, logits in zip(made.train.inputs[4:], made.logits[4:], strict=True):
            assert text not in texts and logits == pytest.approx(said(text), abs=1e-6)
        valid = Dataset(["a good idea"], ["positive"], "classify", CLASSES)
        held = taught([model()], texts_of(Dataset(texts, None), kept_out=[valid]), valid, augment=3, seed=seed)
        assert "a good idea" not in held.train.inputs


@pytest.mark.parametrize("seed", [0, 1])
def test_no_variant_is_a_text_that_was_held_back(seed: int) -> None:
    texts: list[Input] = [
        f"a {word} {noun}" for word in ("good", "bad", "cold", "warm") for noun in ("film", "room", "book", "idea")
    ]
    made = taught([model()], texts_of(Dataset(texts, None)), augment=3, seed=seed, valid_fraction=0.25)
    assert made.valid is not None and len(made.valid) == 4
    assert set(variants(made.train.inputs[:12], 3, seed=seed)) & set(made.valid.inputs)  # where nobody sees to it
    assert not set(made.train.inputs) & set(made.valid.inputs)


def test_variants_need_a_teacher_that_can_be_asked() -> None:
    with pytest.raises(DataError, match="--augment 2 makes new texts, and no teacher can be asked about them; give a"):
        taught([file({"a": [0.5, 0.5]})], texts_of(Dataset(["a"], None)), augment=2)


def test_texts_without_variants_stay_as_they_are() -> None:
    made = taught([model()], texts_of(Dataset(["the film"], None)), augment=2)
    assert len(made.train) == len(made.logits) == 1


def test_numbers() -> None:
    data = numbers(8)
    pooled = pool(data.take(range(4)), [replace(data, targets=None)], task="regress", name="x")
    made = lesson([model("regress")], pooled, None, Choices(valid_fraction=0.25), Lines())
    assert made.valid is not None and len(made.valid) == 2 and made.train.classes == ()
    whole = lesson([model("regress")], pooled, None, NONE, Lines())
    assert whole.train.targets is not None and data.targets is not None
    assert whole.train.targets[:4] == data.targets[:4]
    exact = tiny.predictor("regress").logits(data.inputs)[0]
    assert whole.logits == pytest.approx(exact, abs=1e-5)
    assert whole.train.targets[4:] == pytest.approx(exact[4:, 0].tolist(), abs=1e-5)


def test_the_order_of_rows_is_that_of_the_pool() -> None:
    data = rows(12)
    made = taught([model()], texts_of(replace(data, targets=None)))
    assert made.train.inputs == data.inputs
    assert [key.tobytes() for key in made.scores.ids] == data.ids


def test_a_validation_row_that_stands_twice_changes_no_target() -> None:
    valid = Dataset([TEXTS[0], TEXTS[1], TEXTS[0]], ["positive"] * 3, "classify", ("positive",), "valid.csv")
    pooled = texts_of(MORE, kept_out=[valid])
    made = taught([model()], pooled, valid)
    assert (made.logits == taught([model()], pooled, valid.take([0, 1])).logits).all()
    assert made.logits[0] == pytest.approx(said(TEXTS[2]), abs=1e-6)  # as the teacher says it, no mean of anything


def test_nothing_that_is_held_back_is_learnt_but_for_white_space() -> None:
    twins: list[Input] = [f"{text}  " for text in TEXTS]
    made = taught([model()], texts_of(MORE, Dataset(twins, None)), valid_fraction=0.25)
    assert made.valid is not None and len(made.valid) == 8 and len(made.train) == 24
    assert {*made.valid.inputs, *made.train.inputs} == set(TEXTS)


def test_what_was_said_of_texts_that_look_the_same() -> None:
    asked: list[Input] = ["a  film ", "un cafe\u0301", "a room", "a room  "]
    teacher = FileTeacher(
        "said.csv", Given(*said_of({"a film": [0.9, 0.1], "un caf\u00e9 ": [0.2, 0.8], "a room": [0.5, 0.5]}))
    )
    for one in (teacher, FileTeacher("said.npz", Given(teacher.given.scores, None))):
        scores = one.judge(Dataset(asked, None), Lines())
        logits, found = targets_for(Dataset(asked, None), scores)
        # of a table without texts nobody knows that one had a blank at its end
        assert found.tolist() == [True, one is teacher, True, True]
        probs = np.exp(logits[found])
        assert probs == pytest.approx(np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]])[found], abs=1e-5)
        assert [key.tobytes() for key in scores.ids[:3]] == [key.tobytes() for key in teacher.given.scores.ids]
    twice = table_of([input_id("a film")] * 2, np.log([[0.9, 0.1], [0.3, 0.7]]), task=TASK, model="m")
    other = FileTeacher("said.csv", Given(twice, Dataset(["a film"] * 2, None)))
    logits, _ = targets_for(Dataset(["a  film"], None), mean_of([other.judge(Dataset(["a  film"], None), Lines())]))
    assert np.exp(logits[0]) == pytest.approx([0.6, 0.4])  # the mean of all that was said, as of the text itself
    exact = Dataset(["a room"], None)
    assert teacher.judge(exact, Lines()) is teacher.given.scores
    assert teacher.judge(Dataset(["another"], None), Lines()) is teacher.given.scores


def test_of_too_few_labelled_rows_the_validation_rows_are_some_of_all() -> None:
    few = labelled(4)
    made = taught([model()], texts_of(MORE, first=few), few.take([]), valid_fraction=0.25)
    assert made.valid is not None and len(made.valid) == 8 and not made.valid_is_labelled
    told = unasked([model()], texts_of(MORE, first=few), few.take([]), Choices(valid_fraction=0.25))
    assert told.valid is not None and len(told.valid) == 8 and len(told.train) == len(made.train)
    assert made.notices == ("validation rows are held back of all texts: too few have labels",)
    assert made.valid.targets == [one.predicted for one in tiny.predictor().predict(made.valid.inputs)]  # no labels
    own = taught([model()], texts_of(first=labelled(8)), few.take([]), valid_fraction=0.25)
    assert own.valid is not None and own.valid_is_labelled and set(own.valid.targets or []) == {"positive"}


def trained(folder: Path, on: Sequence[Input]) -> ModelTeacher:
    """A teacher that says that it learnt from these texts."""
    keys = Dataset(list(on), None).ids
    tiny.save_tiny(folder, data={"train": {"rows": len(on), "sketch": sketch(keys)}})
    return open_model(folder, Path("nowhere"))


def test_validation_rows_that_a_teacher_learnt_from_are_told(tmp_path: Path) -> None:
    valid = Dataset(TEXTS[:8], ["positive"] * 8, "classify", CLASSES, "valid.csv")
    teacher = trained(tmp_path / "knows", TEXTS[2:20])
    rest = texts_of(Dataset(TEXTS[8:], None, name="more.csv"))
    for made in (taught([teacher, file({"x": [0.5, 0.5]})], rest, valid), unasked([teacher], rest, valid, NONE)):
        assert made.seen == {"knows": 0.75}
        assert made.notices[-1].startswith("knows learnt from most of the validation rows, so that figures on them")
    new = Dataset(TEXTS[20:28], ["positive"] * 8, "classify", CLASSES, "valid.csv")
    assert taught([teacher], texts_of(MORE), new).seen == {}
    assert taught([teacher], texts_of(MORE), valid_fraction=0.25).seen == {}  # by what it says itself
    start = tmp_path / "start"
    trained(start, TEXTS[4:20])
    assert lesson([file({key: [0.5, 0.5] for key in TEXTS})], rest, valid, NONE, Lines(), start).seen == {"start": 0.5}
    assert lesson([teacher], rest, valid, NONE, Lines(), tmp_path / "none").seen == {"knows": 0.75}


def test_who_judges_variants_is_told() -> None:
    asked, told = model(), file({key: [0.5, 0.5] for key in TEXTS})
    made = taught([asked, told], texts_of(Dataset(TEXTS[:8], None)), augment=3)
    assert made.notices[-1].endswith(", judged by model alone: said.csv cannot be asked about them")
    both = taught([asked, replace(asked, name="other")], texts_of(Dataset(TEXTS[:8], None)), augment=3)
    assert both.notices[-1].endswith("variants of texts, judged by the teachers")
