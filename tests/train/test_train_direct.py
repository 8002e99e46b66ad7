"""Fits without the loop: a frozen encoder from dataset to folder, and an output layer's start before a fine-tuning."""

from __future__ import annotations

import json
import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import limbeck
from limbeck import models
from limbeck.artefact.verify import sha256
from limbeck.data import Dataset
from limbeck.errors import Interrupted, SettingsError
from limbeck.train.identity import identity_of
from limbeck.train.learner import Learner
from limbeck.train.loop import Loop
from limbeck.train.progress import Console
from limbeck.train.settings import FitSettings
from support.encoders import folder
from support.train_data import learner, numbers, rows


def held_back() -> Dataset:
    return rows(40).take(range(30, 40))


def frozen(train: Dataset, valid: Dataset | None = None, *, family: str = "bert", **options: Any) -> Learner:
    fit = FitSettings(precision="float32", **options)
    return Learner(train, valid, model=f"frozen:{folder(family)}", text=limbeck.TextSettings(max_length=32), fit=fit)


def test_a_frozen_encoder_is_fitted_saved_and_answers(tmp_path: Path) -> None:
    made = frozen(rows(30), held_back())
    assert (made.n_updates(), made.notices, made.fit_settings.epochs) == (0, [], None)
    progress = made.fit(tmp_path / "checkpoints")
    assert not (tmp_path / "checkpoints").exists()
    assert (progress.update, progress.texts, len(progress.log)) == (0, 30, 1)
    manifest = made.save(tmp_path / "out", calibrated=False)
    (entry,) = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert entry == progress.log[0]
    assert entry["fit"]["name"] == "logistic regression"
    assert entry["valid"]["loss"] == pytest.approx(manifest.metrics["loss"], abs=1e-5)
    assert (manifest.model["family"], manifest.model["source"]) == ("frozen", "bert")
    assert manifest.model["parameters"] == made.n_parameters()
    assert manifest.settings["model"] == "frozen:bert"
    assert (manifest.settings["epochs"], manifest.settings["lr"], manifest.training["updates"]) == (None, None, 0)
    texts = list(held_back().inputs)
    predictor = limbeck.load(tmp_path / "out")
    said = made.score(Dataset(texts, None)).logits
    np.testing.assert_allclose(predictor.logits(texts)[0], said, atol=1e-3)
    pipeline = transformers.pipeline("text-classification", model=str(tmp_path / "out"), device="cpu")
    for answer, theirs in zip(predictor.predict(texts), pipeline(texts), strict=True):
        assert theirs["label"] == answer.predicted
        assert theirs["score"] == pytest.approx(max(answer.probs.values()), abs=1e-4)


def test_it_is_calibrated_where_there_are_rows_for_it(tmp_path: Path) -> None:
    valid = held_back().take([*range(10)] * 6)
    made = frozen(rows(30), valid)
    made.fit()
    (note,) = made.save(tmp_path / "out").passes
    assert (note["name"], note["rows"]) == ("calibrate", 60)


def test_numbers_are_in_the_targets_unit(tmp_path: Path) -> None:
    made = frozen(numbers(30), numbers(40).take(range(30, 40)), family="roberta")
    made.fit()
    manifest = made.save(tmp_path / "out")
    answers = limbeck.load(tmp_path / "out").predict(list(numbers(40).inputs))
    predicted = np.array([answer.predicted for answer in answers], np.float64)
    np.testing.assert_allclose(predicted, made.score(numbers(40)).logits[:, 0], atol=0.05)
    assert 750 < predicted.min() < 950 < predicted.max() < 1150
    assert manifest.metrics["root_mean_squared_error"] < 150  # in their unit: they deviate by about 70


def test_the_same_seed_saves_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        made = frozen(rows(20), seed=3)
        made.fit()
        made.save(tmp_path / name)
    for file in ("model.safetensors", "onnx/model.onnx"):
        assert sha256(tmp_path / "one" / file) == sha256(tmp_path / "other" / file)


def test_it_tells_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    made = frozen(rows(30), held_back())
    made.reporter = Console()
    made.fit()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("frozen encoder (")
    assert ", valid accuracy " in line and ", valid loss " in line


def test_flags_of_the_loop_do_nothing_and_it_says_so() -> None:
    source = f"frozen:{folder('bert')}"
    made = frozen(rows(8), epochs=3, batch_size=4, seed=5)
    assert made.notices == [f"--epochs, --batch-size do nothing with --model {source}, which is fitted without epochs"]
    assert made.fit_settings.epochs is None
    assert frozen(rows(8), lr=1e-3).notices[0].startswith("--lr does nothing with --model frozen:")
    assert learner(rows(8)).notices == []


def test_a_family_of_another_package_may_fit_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(job: models.Job) -> models.Fitted:
        with torch.no_grad():
            job.model.output_layer().bias.fill_(float(len(job.train.targets)))
        return models.Fitted(job.model, {"name": "counting"}, "counted")

    monkeypatch.setattr(models.MODELS.module("transformer"), "fit", fit, raising=False)
    made = learner(rows(8))
    assert made.fit().log == [{"fit": {"name": "counting"}}]
    assert made.model.output_layer().bias.tolist() == [8.0, 8.0]


# an output layer's start


def first_loss(made: Learner) -> float:
    made.fit()
    assert made.progress is not None
    return float(made.progress.log[0]["loss"])


def test_fine_tuning_starts_from_the_fitted_layer() -> None:
    options: dict[str, Any] = {"batch_size": 40, "epochs": 1}
    fitted, fresh = (first_loss(learner(rows(40), output_layer=layer, **options)) for layer in ("frozen", "fresh"))
    assert fitted < math.log(2) < fresh  # a fitted layer is never worse than a coin


def test_it_is_said_and_numbers_are_standardised(capsys: pytest.CaptureFixture[str]) -> None:
    made = learner(numbers(30), output_layer="frozen", batch_size=30, epochs=1)
    made.reporter = Console()
    assert first_loss(made) < 1.0
    assert capsys.readouterr().err.startswith("output layer: fitted to 30 rows with the encoder as it is, loss in 5 f")


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("one", "other"):
        made = learner(rows(20), dropout=True, output_layer="frozen")
        made.fit()
        made.save(tmp_path / name)
    assert sha256(tmp_path / "one" / "model.safetensors") == sha256(tmp_path / "other" / "model.safetensors")


def test_a_resumed_run_is_the_same_to_the_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"dropout": True, "output_layer": "frozen", "checkpoint_every": 2}
    whole = learner(rows(20), **options)
    whole.fit()
    honest = Loop._update

    def interrupted(self: Loop, *arguments: Any) -> None:
        honest(self, *arguments)
        if self.progress.update == 7:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_update", interrupted)
        with pytest.raises(Interrupted):
            learner(rows(20), **options).fit(tmp_path / "checkpoints")
    resumed = learner(rows(20), **options)
    resumed.fit(tmp_path / "checkpoints", resume=True)
    state = resumed.model.module.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in whole.model.module.state_dict().items())
    other = learner(rows(20), dropout=True, checkpoint_every=2)
    assert identity_of(other) != identity_of(resumed)


def test_a_task_that_cannot_be_fitted_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.models.frozen.TASKS", ("regress",))
    with pytest.raises(SettingsError, match="--output-layer frozen fits 'regress'; the task is 'classify': leave"):
        learner(rows(4), output_layer="frozen")


def test_no_class_is_lost_on_the_way(tmp_path: Path) -> None:
    """A class with a single row, and one that the blank rows took away."""
    data = rows(20)
    assert data.targets is not None
    targets = [*data.targets[:-1], "so so", "gone"]
    made = frozen(replace(data, inputs=[*data.inputs, " "], targets=targets, classes=("bad", "gone", "good", "so so")))
    made.fit()
    made.save(tmp_path / "out")
    answers = limbeck.load(tmp_path / "out").predict(list(data.inputs))
    assert all(list(answer.probs) == ["bad", "gone", "good", "so so"] for answer in answers)
    assert all(answer.probs["gone"] < 0.2 for answer in answers)
