"""The learner: from a dataset to a folder whose answers are the model's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import limbeck
from limbeck.artefact.manifest import Manifest
from limbeck.data import Dataset
from limbeck.errors import ArtefactError, DataError, SettingsError, TrainingError
from limbeck.inspect.calibrate import BOUNDS
from limbeck.metrics import softmax
from limbeck.passes import calibrate as calibration
from limbeck.runtime.score import score
from limbeck.text import TextSettings
from limbeck.train.found import FinderSettings
from limbeck.train.identity import identity_of
from limbeck.train.learner import Learner
from limbeck.train.saving import folded, versions
from limbeck.train.settings import FitSettings
from support.encoders import folder, make
from support.train_data import flipped, learner, numbers, rows


def held_back() -> Dataset:
    return rows(40).take(range(30, 40))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier that learnt something, not calibrated; its validation rows have two labels wrong."""
    out = tmp_path_factory.mktemp("learner") / "raw"
    made = learner(rows(30), half_wrong(), epochs=10, lr=3e-3, keep="last")
    made.fit()
    made.save(out, calibrated=False)
    return out


def half_wrong() -> Dataset:
    wrong, right = flipped(held_back()), held_back()
    assert wrong.targets is not None and right.targets is not None
    return replace(right, targets=[*wrong.targets[:2], *right.targets[2:]])


# what goes in


def test_rows_without_a_text_are_left_out_with_a_notice() -> None:
    data = rows(6)
    assert data.targets is not None
    blank = Dataset([*data.inputs, " ", "\u200b"], [*data.targets, "good", "bad"], "classify", data.classes, "gaps")
    made = learner(blank, blank)
    assert made.notices == ["gaps: 2 rows without anything to read are left out"]
    assert made.valid is not None
    assert (len(made.train), len(made.encoded.ids), len(made.valid)) == (6, 6, 6)
    made.fit()
    assert made.progress is not None
    assert made.progress.texts == 12


@pytest.mark.parametrize("train", [True, False])
def test_nothing_but_blanks_is_refused(train: bool) -> None:
    blank = Dataset([" ", ""], ["good", "bad"], "classify", ("bad", "good"), "gaps")
    with pytest.raises(DataError, match=r"gaps: no (validation )?row has a text to read"):
        learner(blank) if train else learner(rows(4), blank)


def test_rows_without_labels_are_refused() -> None:
    with pytest.raises(DataError, match="plain has no labelled row; name the column of labels with --label-column"):
        learner(Dataset(["a film"], None, name="plain"))


def test_rows_without_classes_are_refused() -> None:
    with pytest.raises(DataError, match=r"own tells no classes; limbeck\.read finds them, in lists and frames too"):
        learner(Dataset(["a film", "a room"], ["good", "bad"], name="own"))


def test_validation_rows_without_labels_are_refused() -> None:
    with pytest.raises(DataError, match="plain has no labels to validate by; name their column with --label-column"):
        learner(rows(4), Dataset(["a film"], None, name="plain"))


def test_a_validation_label_that_is_no_class_is_refused() -> None:
    valid = Dataset(["a film"], ["god"], "classify", ("bad", "good"), "valid")
    with pytest.raises(DataError, match=r"label 'god' is none of the classes: 'good' \(nearest\), 'bad'"):
        learner(rows(4), valid)


def test_accumulation_adds_up_the_default_batches_where_none_is_given() -> None:
    made = learner(rows(4), batch_size=None, accumulate=2, epochs=1)
    assert made.fit_settings.batch.tokens == 1024
    assert made.n_updates() == 1


def test_defaults_are_the_models_own() -> None:
    made = Learner(rows(8), model="small")
    assert (made.fit_settings.epochs, made.fit_settings.lr) == (10, 1e-3)
    assert made.fit_settings.precision in ("float32", "bf16")
    other = Learner(rows(8), model=str(folder("bert")), fit=FitSettings(precision="float32"))
    assert (other.fit_settings.epochs, other.fit_settings.lr) == (3, 5e-5)


def test_the_notices_of_the_model_are_the_learners() -> None:
    made = Learner(rows(8), model=str(folder("bert")), text=TextSettings(max_length=64))
    assert made.text.max_length == 40
    assert "positions for 40 tokens" in made.notices[0]


def test_it_describes_its_data() -> None:
    report = learner(rows(30), held_back()).describe()
    assert any("30 train, 10 valid" in line for line in report.lines())


# what comes out


def test_a_model_that_was_never_fitted_can_be_saved(tmp_path: Path) -> None:
    manifest = learner(rows(4)).save(tmp_path / "out")
    assert (manifest.training["updates"], manifest.metrics) == (0, {})
    assert (tmp_path / "out" / "metrics.jsonl").read_text() == ""


def test_the_manifest_tells_how_it_was_made(raw: Path) -> None:
    manifest = Manifest.read(raw)
    assert manifest.model["family"] == "transformer"
    assert manifest.model["source"] == "bert"
    assert manifest.model["output_layer"] == "classifier"
    assert (manifest.inputs, manifest.seed, manifest.passes) == ("text", 0, [])
    assert manifest.settings["lr"] == 3e-3
    assert manifest.settings["max_length"] == 32
    assert (manifest.data["train"]["rows"], manifest.data["valid"]["rows"]) == (30, 10)
    assert (manifest.training["updates"], manifest.training["texts"]) == (80, 300)
    assert manifest.versions["torch"] == torch.__version__
    log = [json.loads(line) for line in (raw / "metrics.jsonl").read_text().splitlines()]
    assert len(log) == 90
    assert sorted(path.name for path in raw.iterdir()) == [
        "README.md",
        "config.json",
        "limbeck.json",
        "metrics.jsonl",
        "model.safetensors",
        "onnx",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_versions_of_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert versions()["torch"] == "not installed"


def test_the_target_is_asked_before_anything_is_written(raw: Path) -> None:
    made = learner(rows(4))
    with pytest.raises(ArtefactError, match="already holds a model"):
        made.save(raw)


def test_nothing_is_left_when_the_export_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path, family: str) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr("limbeck.models.export", broken)
    for calibrated in (False, True):
        with pytest.raises(ArtefactError, match="disk full"):
            learner(rows(4), held_back()).save(tmp_path / "out", calibrated=calibrated)
    assert list(tmp_path.iterdir()) == []


def test_scores_of_torch_and_of_the_folder_are_alike(tmp_path: Path) -> None:
    made = learner(rows(20), held_back(), lr=3e-3)
    made.fit()
    made.save(tmp_path / "out", calibrated=False)
    asked = Dataset([*held_back().inputs, " "], None, name="asked")
    ours, theirs = made.score(asked), score(limbeck.load(tmp_path / "out"), asked)
    np.testing.assert_allclose(ours.logits, theirs.logits, atol=1e-5)
    assert ours.answerable.tolist() == theirs.answerable.tolist() == [True] * 10 + [False]
    assert ours.targets is None
    assert np.array_equal(ours.ids, theirs.ids)


def test_it_evaluates_on_its_validation_rows_or_on_others() -> None:
    made = learner(rows(20), held_back())
    made.fit()
    own, given = made.evaluate(), made.evaluate(held_back())
    assert own.metrics == given.metrics
    with pytest.raises(DataError, match="there are no validation rows to evaluate on; give a dataset"):
        learner(rows(4)).evaluate()


# regression: the scale is folded in


def test_a_regression_answers_in_the_targets_unit(tmp_path: Path) -> None:
    made = learner(numbers(30), numbers(40).take(range(30, 40)), family="mpnet", epochs=12, lr=3e-3)
    first = made.task.metrics(made.forward(np.arange(30)), made._targets)
    assert first["root_mean_squared_error"] < 200  # targets of about 1,000: the mean alone is off by some 60
    made.fit()
    before = made.score(numbers(40)).logits
    manifest = made.save(tmp_path / "out")
    assert manifest.passes == []  # nothing to calibrate
    np.testing.assert_array_equal(made.score(numbers(40)).logits, before)  # the live model is put back
    answers = limbeck.load(tmp_path / "out").predict(list(numbers(40).inputs))
    predicted = np.array([answer.predicted for answer in answers], np.float64)
    np.testing.assert_allclose(predicted, before[:, 0], atol=0.02)
    good = np.array(rows(40).targets) == "good"
    assert predicted[good].mean() > 980 > 950 > predicted[~good].mean()
    assert manifest.metrics["root_mean_squared_error"] < 60
    assert made.progress is not None and made.progress.best_loss is not None
    assert manifest.metrics["loss"] == pytest.approx(made.progress.best_loss, rel=1e-3)


def test_targets_that_are_all_alike_do_no_harm() -> None:
    data = replace(numbers(8), targets=[5.0] * 8)
    made = learner(data, epochs=1)
    assert made.scale == (1.0, 5.0)
    made.fit()


def test_folding_by_hand_and_putting_back() -> None:
    layer = torch.nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2.0]]))
        layer.bias.fill_(0.5)
    with folded(layer, 10.0, 100.0):
        assert layer.weight.tolist() == [[10.0, -20.0]]
        assert layer.bias.tolist() == [105.0]
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([[1.0, -2.0]], [0.5])


# calibration


def test_calibration_changes_no_label_and_lowers_the_loss(raw: Path, tmp_path: Path) -> None:
    manifest = calibration.apply(raw, tmp_path / "out", half_wrong().take([*range(10)] * 6))
    (note,) = manifest.passes
    assert note["name"] == "calibrate"
    assert note["temperature"] > 1.2  # sure of itself, and wrong twice in ten
    assert note["rows"] == 60
    assert note["loss_after"] < note["loss_before"]
    assert note["loss_before"] == pytest.approx(Manifest.read(raw).metrics["loss"], abs=1e-6)
    assert manifest.metrics["loss"] == note["loss_after"]
    texts = list(rows(40).inputs)
    before, after = (limbeck.load(path) for path in (raw, tmp_path / "out"))
    assert [a.predicted for a in before.predict(texts)] == [a.predicted for a in after.predict(texts)]
    cold, warm = before.logits(texts)[0], after.logits(texts)[0]
    np.testing.assert_allclose(cold / note["temperature"], warm, atol=1e-5)
    # the promise by the scores that `evaluate` reads
    again = score(after, half_wrong())
    assert again.targets is not None
    assert after.task.metrics(again.logits.astype(float), again.targets)["loss"] == pytest.approx(
        note["loss_after"], abs=1e-6
    )


def test_a_handful_of_rows_tells_no_temperature(raw: Path, tmp_path: Path) -> None:
    (note,) = calibration.apply(raw, tmp_path / "out", half_wrong()).passes
    assert (note["rows"], note["temperature"]) == (10, 1.0)


def test_where_the_loss_would_rise_the_weights_stay(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "temperature", lambda logits, targets: 0.06)
    manifest = calibration.apply(raw, tmp_path / "out", half_wrong().take([*range(10)] * 6))
    (note,) = manifest.passes
    assert note["temperature"] == 1.0
    assert note["loss_after"] == pytest.approx(note["loss_before"], abs=1e-7)
    texts = list(rows(40).inputs)
    np.testing.assert_array_equal(limbeck.load(raw).logits(texts)[0], limbeck.load(tmp_path / "out").logits(texts)[0])


def test_rows_that_are_all_right_tell_no_temperature(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lowest temperature would lower their loss, and make every other answer a certain one."""
    monkeypatch.setattr(calibration, "temperature", lambda logits, targets: BOUNDS[0])
    said = [answer.predicted for answer in limbeck.load(raw).predict(list(held_back().inputs))]
    agreed = replace(held_back(), targets=[str(label) for label in said])
    (note,) = calibration.apply(raw, tmp_path / "out", agreed.take([*range(10)] * 6)).passes
    assert (note["rows"], note["temperature"]) == (60, 1.0)


def test_the_learner_calibrates_on_its_validation_rows(tmp_path: Path) -> None:
    made = learner(rows(20), half_wrong(), epochs=4, lr=3e-3)
    made.fit()
    manifest = made.save(tmp_path / "out")
    assert [note["name"] for note in manifest.passes] == ["calibrate"]
    assert manifest.passes[0]["data"] == half_wrong().fingerprint
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    probs = softmax(limbeck.load(tmp_path / "out").logits(list(half_wrong().inputs))[0].astype(float))
    assert made.save(tmp_path / "out", overwrite=True).passes == manifest.passes
    assert np.all(probs > 0)


def test_a_number_has_no_temperature(tmp_path: Path) -> None:
    learner(numbers(4)).save(tmp_path / "out")
    with pytest.raises(SettingsError, match="the task is 'regress'; only classifiers have a temperature"):
        calibration.apply(tmp_path / "out", tmp_path / "other", numbers(4))


# from a saved folder on


def test_training_goes_on_from_a_saved_folder(raw: Path) -> None:
    texts = list(held_back().inputs)
    made = Learner(rows(30), model=str(raw), text=TextSettings(max_length=32), fit=FitSettings(precision="float32"))
    np.testing.assert_allclose(made.score(Dataset(texts, None)).logits, limbeck.load(raw).logits(texts)[0], atol=1e-5)


def test_a_saved_regression_starts_with_a_new_head(tmp_path: Path) -> None:
    made = learner(numbers(8), epochs=1)
    made.fit()
    made.save(tmp_path / "out")
    again = Learner(
        numbers(8), model=str(tmp_path / "out"), fit=FitSettings(precision="float32", batch_size=8, epochs=1)
    )
    again.fit()
    assert again.progress is not None
    assert again.progress.log[0]["loss"] < 10  # of standardised targets; folded twice it would be about 400


def test_another_folder_is_another_model_for_a_resume(tmp_path: Path) -> None:
    source = make(tmp_path / "other", "bert")
    made = Learner(rows(4), model=str(source), fit=FitSettings(precision="float32"))
    same = Learner(rows(4), model=f"{source}/", fit=FitSettings(precision="float32"))
    assert identity_of(made)["model"] == identity_of(same)["model"]  # a folder's path may be written in two ways
    other = Learner(rows(4), model=str(folder("electra")), fit=FitSettings(precision="float32"))
    assert identity_of(made)["model"] != identity_of(other)["model"]


def test_other_dropout_is_another_training_for_a_resume(tmp_path: Path) -> None:
    """It stands in the model's configuration alone."""
    found = []
    for rate in (0.0, 0.5):
        source = make(tmp_path / f"{rate}", "bert", hidden_dropout_prob=rate)
        found.append(identity_of(Learner(rows(4), model=str(source), fit=FitSettings(precision="float32"))))
    assert found[0]["dropout"]["hidden_dropout_prob"] == 0.0
    assert found[1]["dropout"]["hidden_dropout_prob"] == 0.5


def test_a_training_and_a_search_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    made = learner(rows(12), epochs=1)
    with pytest.raises(TrainingError, match=r"nothing was trained yet; call fit\(\) first"):
        made.plot()
    with pytest.raises(TrainingError, match=r"no learning rate was looked for yet; call find_lr\(\) first"):
        made.plot_lr()
    made.fit()
    made.find_lr(FinderSettings(lr_min=1e-5, lr_steps=4, pilots=0))
    for what in ("loss", "lr", "momentum"):
        made.plot(what, tmp_path / f"{what}.png")
    made.plot_lr(tmp_path / "finder.png")
    assert len(list(tmp_path.iterdir())) == 4
    assert made.plot().axes[0].get_ylabel() == "loss"
    with pytest.raises(SettingsError, match="'rate' is not drawn"):
        made.plot("rate")
