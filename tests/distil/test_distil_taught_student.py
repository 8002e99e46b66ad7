"""The student that is taught: where it starts, what is saved of it, and how it stands beside its teacher."""

from __future__ import annotations

import copy
import gc
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.numpy import load_file

import limbeck
from limbeck import sentiment
from limbeck.artefact.card import AGREEMENT
from limbeck.artefact.manifest import NAME, Manifest
from limbeck.data import Dataset
from limbeck.distil import student_of
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.student import WHOLE, Cut
from limbeck.distil.taught import (
    TRANSFORMER_EPOCHS,
    TRANSFORMER_LR,
    Student,
    compared,
    finishing,
    learner_of,
    place_student,
    with_defaults,
)
from limbeck.errors import DataError, ModelError, SettingsError
from limbeck.text import TextSettings
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.saved import saved
from support.taught import (
    classifier,
    fitted,
    hashes,
    learner,
    lesson,
    log_of,
    updates,
    weights,
    wide,
    with_all_parts,
)
from support.train_data import numbers, rows

HIDDEN = BesideSettings(hidden=1.0)


@pytest.mark.parametrize("source", ["frozen", "frozen:somewhere"])
def test_a_family_that_fits_itself_is_no_student(tmp_path: Path, source: str) -> None:
    expected = f"--student {source} is fitted in one go: no step of it could take a teacher's word"
    for act in (
        lambda: learner_of(lesson(rows(8)), source),
        lambda: place_student(Student(source), tmp_path, []),
        lambda: place_student(Student(source, Cut(layers=3)), tmp_path, []),
    ):
        with pytest.raises(SettingsError) as caught:
            act()
        assert str(caught.value) == expected


def test_a_student_made_anew_has_nothing_to_cut(tmp_path: Path) -> None:
    assert place_student(Student("small"), tmp_path, []) == "small"
    with pytest.raises(SettingsError, match="--student small is made anew and has nothing to cut; leave --layers"):
        place_student(Student("small", Cut(layers=1)), tmp_path, [])


def test_a_student_that_is_not_there_is_told_by_its_flag(tmp_path: Path) -> None:
    for cut in (WHOLE, Cut(layers=1)):
        with pytest.raises(ModelError, match=r"^--student './nowhere' is not a folder"):
            place_student(Student("./nowhere", cut), tmp_path, [])


def test_a_small_student_learns_from_scores_alone() -> None:
    taught = lesson(rows(16), teacher=wide())
    made = fitted(learner(taught, "small", epochs=1))
    assert [list(entry["parts"]) for entry in updates(made)] == [["soft"]] * 4
    with pytest.raises(ModelError, match="the teacher cannot read the student's pieces"):
        learner(taught, "small", teacher=wide(), beside=HIDDEN)


def test_a_cut_student_keeps_the_name_of_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sentiment.VARIABLE, str(saved("bert")))
    assert place_student(Student("sentiment"), tmp_path, []) == "sentiment"
    placed = Path(place_student(Student("sentiment", Cut(layers=1)), tmp_path / "a", []))
    assert (placed.name, placed.is_dir()) == ("sentiment", True)
    assert place_student(Student(str(classifier())), tmp_path, []) == str(classifier())
    monkeypatch.chdir(classifier())
    here = Path(place_student(Student(".", Cut(layers=1)), tmp_path / "b", []))
    assert here.name == classifier().name


def test_a_cut_student_takes_over_languages_reading_and_output_layer(tmp_path: Path) -> None:
    fit = FitSettings(precision="float32")
    source = Learner(rows(8), model=str(classifier()), text=TextSettings(max_length=32), fit=fit)
    source.save(tmp_path / "model", calibrated=False)
    manifest = Manifest.read(tmp_path / "model")
    (tmp_path / "model" / NAME).write_bytes(replace(manifest, languages=["en"], reading="windows").to_bytes())
    placed = place_student(Student(str(tmp_path / "model"), Cut(layers=1)), tmp_path / "home", [])
    made = learner(lesson(rows(16)), placed, epochs=1)
    assert (made.inherited.languages, made.inherited.reading) == (("en",), "windows")
    assert torch.equal(made.model.output_layer().weight, source.model.output_layer().weight)
    made.fit()
    saved_as = made.save(tmp_path / "student")
    assert (saved_as.languages, saved_as.reading, saved_as.model["source"]) == (["en"], "windows", "model")


def test_the_name_of_a_source_that_is_gone_is_no_path(tmp_path: Path) -> None:
    made = student_of(classifier(), rows(16), layers=1, fit=FitSettings(epochs=1, precision="float32"))
    made.fit()
    manifest = made.save(tmp_path / "student")
    assert manifest.model["source"] == classifier().name
    assert str(Path(tempfile.gettempdir())) not in manifest.to_bytes().decode()


def test_the_folder_that_a_student_starts_from_stays_as_long_as_its_learner() -> None:
    before = set(Path(tempfile.gettempdir()).glob("limbeck-distil-*"))
    made = student_of(classifier(), rows(16), layers=1, fit=FitSettings(epochs=1, precision="float32"))
    (home,) = set(Path(tempfile.gettempdir()).glob("limbeck-distil-*")) - before
    first = {name: values.clone() for name, values in made.model.module.state_dict().items()}
    made.fit()
    made.begin_anew()
    for name, values in made.model.module.state_dict().items():
        torch.testing.assert_close(values, first[name])
    assert home.exists()
    del made
    gc.collect()
    assert not home.exists()


def test_rows_are_held_back_of_the_labelled_ones(tmp_path: Path) -> None:
    fit = FitSettings(epochs=1, precision="float32")
    more = Dataset(rows(40).inputs[15:], None, name="more")
    made = student_of(classifier(), rows(20), unlabelled=[more], layers=1, fit=fit)
    assert made.valid is not None and (len(made.valid), made.taught["valid"]) == (2, "labelled")
    labels = dict(zip(rows(20).inputs, rows(20).targets or [], strict=True))
    assert made.valid.targets == [labels[text] for text in made.valid.inputs]
    assert set(made.train.inputs) == set(rows(40).inputs) - set(made.valid.inputs)
    made.fit()
    assert [step["name"] for step in made.save(tmp_path / "student").passes] == ["calibrate"]
    assert "On 2 validation rows held back of " in (tmp_path / "student" / "README.md").read_text()


def test_rows_of_another_task_than_the_teachers_are_refused() -> None:
    fit = FitSettings(epochs=1, precision="float32")
    with pytest.raises(DataError, match=r"is labelled for regress, and .* does classify; give a teacher and rows of"):
        student_of(classifier(), numbers(20), layers=1, fit=fit)
    with pytest.raises(DataError, match="is labelled for regress"):
        student_of(classifier(), rows(20), numbers(20), layers=1, fit=fit)


def test_no_temperature_is_fitted_to_what_the_teacher_says(tmp_path: Path) -> None:
    texts = Dataset(rows(20).inputs, None, name="texts")
    made = student_of(classifier(), texts, layers=1, fit=FitSettings(epochs=1, precision="float32"))
    assert made.valid is not None and (len(made.valid), made.taught["valid"]) == (2, AGREEMENT)
    made.fit()
    manifest = made.save(tmp_path / "student", calibrated=True)
    assert manifest.passes == [] and manifest.metrics
    assert (
        "Against the teacher's answers, not labels, on 2 validation rows"
        in (tmp_path / "student" / "README.md").read_text()
    )


def test_epochs_and_rate_are_an_encoders_where_not_given() -> None:
    asked = with_defaults(FitSettings(), "sentiment")
    assert (asked.epochs, asked.lr) == (TRANSFORMER_EPOCHS, TRANSFORMER_LR)
    asked = with_defaults(FitSettings(epochs=7, lr=1e-5), str(classifier()))
    assert (asked.epochs, asked.lr) == (7, 1e-5)
    assert with_defaults(FitSettings(), "small") == FitSettings()


def test_a_training_that_begins_anew_has_a_projection_of_its_own() -> None:
    made = fitted(with_all_parts(epochs=1))
    first, log = weights(made), log_of(made)
    made.begin_anew()
    made.rounds = ()
    made.fit()
    assert log_of(made) == log
    assert first.keys() == weights(made).keys()
    assert all(torch.equal(first[name], value) for name, value in weights(made).items())


def test_the_saved_student_is_its_own(tmp_path: Path) -> None:
    made = with_all_parts(epochs=1)
    source = load_file(classifier() / "model.safetensors")
    own = sum(value.size for value in source.values())
    assert made.n_parameters() == own < sum(value.numel() for value in made.model.module.parameters())
    teacher = hashes(wide())
    made.fit()
    assert hasattr(made.model.module, "projection")  # which is not saved
    out = tmp_path / "student"
    manifest = made.save(out, calibrated=False)
    assert hashes(wide()) == teacher
    stored = load_file(out / "model.safetensors")
    assert stored.keys() == source.keys()
    assert manifest.model["parameters"] == sum(value.size for value in stored.values()) == own
    told = manifest.training["taught"]
    assert (told["temperature"], told["hard"], told["hidden"], told["cosine"]) == (2.0, 0.25, 1.0, 0.5)
    assert told["teachers"] == [{"name": wide().name, "fingerprint": "ab"}]
    pair = told["compared"]
    assert (pair["n_rows"], pair["measure"]) == (10, "accuracy")
    assert pair["second"] == manifest.metrics["accuracy"]
    assert pair["low"] <= pair["difference"] <= pair["high"]

    loaded = limbeck.load(out)
    texts = list(rows(8).inputs)
    ours = [answer.probs for answer in loaded.predict(texts)]
    pipe = transformers.pipeline("text-classification", model=str(out), top_k=None)
    for probs, answer in zip(ours, pipe(texts), strict=True):
        theirs = {entry["label"]: entry["score"] for entry in answer}
        assert probs == pytest.approx(theirs, abs=1e-5)


def test_without_labelled_validation_rows_nothing_is_compared(tmp_path: Path) -> None:
    valid = rows(40).take(range(30, 40))
    taught = lesson(rows(8), valid, teacher=wide())
    made = fitted(learner(taught, epochs=1))
    made.save(tmp_path / "model", calibrated=False)
    loaded = limbeck.load(tmp_path / "model")
    found = compared(taught, made, loaded.folder, loaded.manifest)
    assert found is not None
    for without in (replace(taught, valid_is_labelled=False), replace(taught, said_of_valid=None)):
        assert compared(without, made, loaded.folder, loaded.manifest) is None
        assert finishing(without, made)(loaded.folder, loaded.manifest) == loaded.manifest
    alone = copy.copy(made)
    alone.valid = None
    assert compared(taught, alone, loaded.folder, loaded.manifest) is None
