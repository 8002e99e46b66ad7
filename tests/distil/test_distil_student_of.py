"""The door in Python: what it takes in place of flags, several teachers, and what it refuses in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import limbeck
from limbeck.data import Dataset
from limbeck.distil import student_of
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.settings import DistilSettings
from limbeck.errors import DataError, LimbeckError, SettingsError
from limbeck.metrics import softmax
from limbeck.text import TextSettings
from limbeck.train.settings import FitSettings
from support.encoders import make
from support.taught import classifier
from support.train_data import numbers, rows

FIT = FitSettings(epochs=1, precision="float32")


def of(dataset: Dataset, said: NDArray[np.float32], inputs: list[Any]) -> NDArray[np.float64]:
    """Probabilities that a learner has before it, in the order of ``inputs``."""
    by_text = dict(zip(dataset.inputs, softmax(said.astype(np.float64)), strict=True))
    return np.stack([by_text[text] for text in inputs])


def asked(teacher: Any, train: Dataset, **options: Any) -> NDArray[np.float64]:
    """What the teachers say of the rows that a student learns from, as probabilities."""
    kept: list[Any] = []
    honest = limbeck.distil.taught.learner_of

    def watched(lesson: Any, *arguments: Any, **named: Any) -> Any:
        kept.append(lesson)
        return honest(lesson, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("limbeck.distil.taught.learner_of", watched)
        student_of(teacher, train, rows(40).take([38, 39]), layers=1, fit=FIT, **options)
    return of(kept[-1].train, kept[-1].logits, list(train.inputs))


def test_several_teachers_are_averaged_by_the_names_of_their_classes(tmp_path: Path) -> None:
    other = make(tmp_path / "other", "bert", classes=("good", "bad"), num_hidden_layers=2)
    train = rows(12)
    said = tmp_path / "said.csv"
    said.write_text("text,good,bad\n" + "".join(f"{text},0.75,0.25\n" for text in train.inputs))
    first, second = asked(classifier(), train), asked(other, train)
    both = asked([classifier(), str(other)], train)
    assert both == pytest.approx((first + second[:, ::-1]) / 2, abs=1e-5)  # in the first one's order: bad, good
    three = asked([said, classifier(), other], train)
    assert three == pytest.approx((2 * both + [0.25, 0.75]) / 3, abs=1e-4)
    made = student_of([other, classifier(), said], train, layers=1, fit=FIT)
    assert [one["name"] for one in made.taught["teachers"]] == ["other", classifier().name, "said.csv"]
    assert made.task.classes == ("good", "bad") and made.source.endswith("other")
    with pytest.raises(
        SettingsError, match=r"--hidden compares hidden states with those of one teacher, and 2 folders"
    ):
        student_of([other, classifier()], train, layers=1, fit=FIT, beside=BesideSettings(hidden=1.0))


def test_teachers_that_are_not_there_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 problems:\n  - no teacher 'nope'.*\n  - no teacher 'neither'"):
        student_of(["nope", classifier(), "neither"], rows(8))
    with pytest.raises(DataError, match=r"^no teacher: give the folder of a model, or a file of probabilities$"):
        student_of([], rows(8))
    for odd in (None, [classifier(), 3]):
        with pytest.raises(DataError, match=r"^an? (NoneType|int) is no teacher: give the folder of a model"):
            student_of(odd, rows(8))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="is named twice; teachers count alike, so name each once"):
        student_of([classifier(), f"{classifier()}/."], rows(8))


@pytest.mark.parametrize("take", ["0,1", [0, 1], (0, 1), np.array([0, 1])])
def test_layers_are_named_as_on_the_command_line_or_as_numbers(take: Any) -> None:
    made = student_of(classifier(num_hidden_layers=3), rows(8), take=take, fit=FIT)
    module: Any = made.model.module
    assert module.inner.config.num_hidden_layers == 2


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"take": "0-1"}, "--take '0-1' is no list of numbers; give 0,2,4, say"),
        ({"take": [0, "1"]}, "take=[0, '1'] names no layers; give their numbers, from 0: [0, 2, 4] or"),
        ({"layers": "2"}, "layers='2' is no whole number; give layers=3, say"),
        ({"layers": 0}, "--layers 0 is too small; give 1 or more"),
        ({"layers": 2.0, "width": "wide"}, "2 problems:\n  - layers=2.0 is no whole number"),
        ({"take": 7}, "--take 7: "),
        ({"layers": True}, "layers=True is no whole number"),
        ({"dropout": "0"}, "dropout='0' is no number; give dropout=0.1, say"),
        ({"dropout": 2.0}, "--dropout 2.0"),
        ({"unlabelled": "more.txt"}, "a str is no dataset; give limbeck.read(FILE)"),
        ({"unlabelled": [["a film"]]}, "a list is no dataset; give limbeck.read(FILE)"),
    ],
)
def test_what_is_no_number_and_no_dataset_is_told(named: dict[str, Any], message: str) -> None:
    with pytest.raises(LimbeckError) as caught:
        student_of(classifier(), rows(8), **named)
    assert message in str(caught.value)


def test_one_dataset_without_labels_needs_no_list() -> None:
    more = Dataset(["a further film", "another room"], None, name="more")
    made = student_of(classifier(), rows(12), unlabelled=more, layers=1, fit=FIT)
    assert {"a further film", "another room"} <= set(made.train.inputs)


def test_rows_that_nobody_can_use_are_left_out_where_asked(tmp_path: Path) -> None:
    odd = Dataset([*rows(12).inputs, "a meal"], [*(rows(12).targets or []), "odd"], "classify", ("bad", "good", "odd"))
    with pytest.raises(DataError, match="leave these rows out with --skip-bad-rows"):
        student_of(classifier(), odd, layers=1, fit=FIT)
    made = student_of(classifier(), odd, layers=1, fit=FIT, skip_bad_rows=True)
    assert "a meal" not in made.train.inputs
    said = tmp_path / "said.csv"
    lines = [f"{text},0.75,0.25\n" for text in rows(8).inputs]
    said.write_text("".join(["text,good,bad\n", *lines, "a shed,2,1\n"]))
    with pytest.raises(DataError, match="no probability"):
        student_of(said, rows(12), student="small", fit=FIT)
    made = student_of(said, rows(12), student="small", fit=FIT, skip_bad_rows=True)
    assert set(made.train.inputs) <= set(rows(8).inputs)


def test_what_cannot_be_taught_is_told_before_a_teacher_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("the teacher is asked")

    monkeypatch.setattr("limbeck.distil.judging.score", never)
    one = make(tmp_path / "one", "bert", classes=("score",))
    short = make(tmp_path / "short", "bert", classes=("bad", "good"), max_position_embeddings=20)
    hidden = BesideSettings(hidden=1.0)
    tried: list[tuple[Path, Dataset, dict[str, Any], str]] = [
        (one, numbers(12), {"layers": 1, "distil": DistilSettings(temperature=2.0)}, "--temperature 2 softens"),
        (classifier(), rows(12), {"student": "static", "beside": hidden}, "without layers of hidden states has none"),
        (short, rows(12), {"student": str(classifier()), "beside": hidden}, "the teacher reads 20 tokens of a text"),
    ]
    for teacher, train, options, message in tried:
        with pytest.raises(LimbeckError, match=message):
            student_of(teacher, train, fit=FIT, **options)


def test_what_was_left_out_is_among_the_notices(tmp_path: Path) -> None:
    said = tmp_path / "said.csv"
    said.write_text("text,good,bad\n" + "".join(f"{text},0.75,0.25\n" for text in rows(30).inputs))
    made = student_of(said, rows(40), student="small", fit=FIT, skip_bad_rows=True)
    assert any(line.startswith(f"{said}: probabilities from ") for line in made.notices)
    assert any("are left out" in line for line in made.notices)
    more = Dataset(["a further film", "a further film", "another room"], None, name="more")
    made = student_of(classifier(), rows(12), unlabelled=more, layers=1, fit=FIT)
    assert any("more: 1 row" in line for line in made.notices)


def test_validation_rows_of_their_own_are_named_on_the_card(tmp_path: Path) -> None:
    valid = Dataset(rows(40).inputs[30:], (rows(40).targets or [])[30:], "classify", ("bad", "good"), "dev.csv")
    made = student_of(classifier(), rows(20), valid, layers=1, dropout=0.0, fit=FIT)
    module: Any = made.model.module
    assert module.inner.config.hidden_dropout_prob == 0.0
    made.fit()
    made.save(tmp_path / "student")
    assert "On 10 validation rows (dev.csv), from which" in (tmp_path / "student" / "README.md").read_text()


def test_other_parts_of_long_texts_are_told() -> None:
    long = Dataset(
        [f"{text} {'and ' * 300}" for text in rows(12).inputs], rows(12).targets, "classify", ("bad", "good")
    )
    teacher = classifier(max_position_embeddings=600)
    made = student_of(teacher, long, layers=1, fit=FIT, text=TextSettings(max_length=40))
    assert (
        f"{teacher.name} read up to 512 tokens of a text, and the student 40: 11 texts are longer, of which they read "
        "other parts; --max-length 512 --head 0.25 makes both alike"
    ) in made.notices
    same = student_of(teacher, long, layers=1, fit=FIT, text=TextSettings(max_length=512))
    assert not any("other parts" in line for line in same.notices)
