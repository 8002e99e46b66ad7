"""What a fine-tuned model takes over from a saved one: its languages and its reading, where the rows bear them out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import limbeck
from limbeck.artefact.manifest import NAME, Manifest
from limbeck.data import Dataset
from limbeck.text import TextSettings
from limbeck.train.inherit import Inherited
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.encoders import folder
from support.train_data import BAD, GOOD, NOUNS

ENGLISH: list[Any] = [
    f"this was not the {word} {noun}" for noun in NOUNS for pair in zip(GOOD, BAD, strict=True) for word in pair
]
GERMAN = ["das essen war leider nicht gut", "der film ist sehr schön"]
LONG = "a truly lovely film " * 20


def labelled(texts: list[Any], classes: tuple[str, ...] = ("bad", "good")) -> Dataset:
    return Dataset(texts, [classes[k % 2] for k in range(len(texts))], "classify", classes, "rows")


def fit_settings() -> FitSettings:
    return FitSettings(precision="float32", batch_size=4, epochs=1, max_updates=1)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of three classes that reads English, and long texts in windows of 24 tokens."""
    out = tmp_path_factory.mktemp("start") / "model"
    data = Dataset(ENGLISH[:3], ["bad", "fair", "good"], "classify", ("bad", "fair", "good"))
    Learner(data, model=str(folder("bert")), text=TextSettings(max_length=24), fit=fit_settings()).save(out)
    manifest = replace(Manifest.read(out), languages=["en"], reading="windows")
    (out / NAME).write_bytes(manifest.to_bytes())
    return out


def made(start: Path | str, train: Dataset, valid: Dataset | None = None, max_length: int = 24) -> Learner:
    return Learner(train, valid, model=str(start), text=TextSettings(max_length=max_length), fit=fit_settings())


def test_english_rows_of_the_same_classes_take_over_both(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(start))
    learner = made("sentiment", labelled(ENGLISH), labelled([*ENGLISH[:9], GERMAN[0]]))
    assert learner.inherited == Inherited((), "windows", learner.inherited.notices)  # 1 of 50 is German
    learner = made("sentiment", labelled(ENGLISH * 5), labelled([*ENGLISH[:9], GERMAN[0]]))
    assert (learner.inherited.languages, learner.inherited.reading) == (("en",), "windows")
    assert learner.notices == [
        "reads English, as its start does: a text surely in another language gets no label",
        "reads long texts whole, in windows, as its start does",
    ]
    learner.fit()
    manifest = learner.save(tmp_path / "out", calibrated=False)
    assert (manifest.languages, manifest.reading) == (["en"], "windows")
    right = [answer.predicted for answer in limbeck.load(tmp_path / "out").predict([*ENGLISH[:9], GERMAN[0], LONG])]
    wanted = [right[k] == ("bad", "good")[k % 2] for k in range(9)]
    assert manifest.metrics["accuracy"] == pytest.approx(sum(wanted) / 9)  # what has no answer is in no figure
    refused, long = limbeck.load(tmp_path / "out").predict([GERMAN[0], LONG])
    assert refused.predicted is None and refused.reason.startswith("this looks like German; this model reads English")
    assert long.tokens_dropped == 0 and long.tokens_read == 80


@pytest.mark.parametrize(
    "texts",
    [
        GERMAN * 10,  # another language
        [*ENGLISH, GERMAN[0]],  # more than one in a hundred is
        [*ENGLISH, "10/10"],  # nor may texts without words be left unanswered that are learnt from
        ["a lovely film", "awful"] * 10,  # too short to tell
        ["magna parte temporis nulla res", "multa carmina legit puella et cantat"] * 10,  # none of English
    ],
)
def test_languages_are_left_open_where_the_rows_do_not_bear_them_out(start: Path, texts: list[str]) -> None:
    found = made(start, labelled(texts)).inherited
    assert found.languages == ()
    assert found.notices[0] == (
        "its start reads English; these texts are not surely so, and every text will get a label"
    )


def test_validation_rows_in_another_language_leave_it_open_too(start: Path) -> None:
    assert made(start, labelled(ENGLISH * 20), labelled(GERMAN[:1])).inherited.languages == ()


@pytest.mark.parametrize(
    ("data", "max_length"),
    [
        (labelled(ENGLISH, ("bad", "poor")), 24),  # other classes
        (Dataset(ENGLISH, [*map(float, range(len(ENGLISH)))], "regress", (), "rows"), 24),
        (labelled([(text, text) for text in ENGLISH]), 24),
        (labelled(ENGLISH), 20),  # shorter pieces than its start reads
    ],
)
def test_long_texts_are_cut_where_their_pieces_need_not_be_as_the_whole(
    start: Path, data: Dataset, max_length: int
) -> None:
    found = made(start, data, max_length=max_length).inherited
    assert (found.languages, found.reading) == (("en",), "head_and_tail")
    assert found.notices[1] == (
        f"a text over {max_length} tokens loses its middle in answers, as in training (its start reads it in windows)"
    )


def test_a_plain_encoder_has_nothing_to_take_over() -> None:
    assert made(folder("bert"), labelled(ENGLISH)).inherited == Inherited()
    assert made("small", labelled(ENGLISH)).inherited == Inherited()
