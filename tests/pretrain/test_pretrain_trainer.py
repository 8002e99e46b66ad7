"""Pre-training in the one loop: it learns, goes on to the bit after a stop, and keeps to what it is given."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.distil.student import Cut, make
from limbeck.errors import Interrupted, SettingsError, TrainingError
from limbeck.pretrain import amount, measuring
from limbeck.pretrain.masked import open_masked
from limbeck.pretrain.micro import MaskedBatch
from limbeck.pretrain.settings import AmountSettings, TripleSettings
from limbeck.pretrain.step import triple
from limbeck.pretrain.teacher import TeacherBeside, teacher_beside
from limbeck.pretrain.trainer import Lesson, Pretrainer
from limbeck.train.limit import Limit
from limbeck.train.step import MicroBatch, StepResult
from support.encoders import tokenizer_json
from support.pretraining import LENGTH, TEXTS, corpus_of, masked_bert, pretrainer_of, quick
from support.stopping import stop_at


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return masked_bert(tmp_path)


def taught(folder: Path, source: Path, **changes: Any) -> Pretrainer:
    """A student of two layers beside its teacher."""
    if not (folder / "student").exists():
        make(source, folder / "student", Cut(layers=2, dropout=0.1))
    student, teacher = open_masked(folder / "student").model, open_masked(source).model
    settings = TripleSettings()
    beside = teacher_beside(teacher, student, settings, None)
    lesson = Lesson(triple(beside, settings), tuple(settings.weights), {"temperature": 2.0}, beside)
    return Pretrainer(student, corpus_of(folder, student), quick(**changes), lesson=lesson)


def weights(pretrainer: Pretrainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in pretrainer.model.state_dict().items()}


def test_it_learns_and_says_what_it_gets(tmp_path: Path, source: Path) -> None:
    pretrainer = pretrainer_of(tmp_path, source, epochs=4, max_updates=None)
    before = pretrainer.measure()
    assert before["perplexity"] == pytest.approx(math.exp(before["loss"]))
    progress = pretrainer.fit()
    after = pretrainer.measure()
    assert after["perplexity"] < 0.7 * before["perplexity"]
    assert progress.update == pretrainer.n_updates()
    last = [entry for entry in progress.log if "valid" in entry][-1]["valid"]
    assert last == pytest.approx(after)


def test_the_parts_are_logged_and_measured(tmp_path: Path, source: Path) -> None:
    pretrainer = taught(tmp_path, source)
    progress = pretrainer.fit()
    steps = [entry for entry in progress.log if "parts" in entry]
    assert len(steps) == 4
    assert all(sum(entry["parts"].values()) == pytest.approx(entry["loss"], rel=1e-5) for entry in steps)
    measured = pretrainer.measure()
    assert set(measured) == {"loss", "perplexity", "soft", "mlm", "cosine"}
    assert measured["mlm"] == pytest.approx(2 * math.log(measured["perplexity"]), rel=1e-5)
    own = pretrainer_of(tmp_path, source).measure()
    assert pretrainer.perplexity_of_teacher() == pytest.approx(own["perplexity"], rel=1e-5)


def test_what_is_measured_is_spread_over_all_that_is_held_back(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretrainer = pretrainer_of(tmp_path, source)
    honest, seen = pretrainer._measured, list[int]()

    def collate(rows: Any) -> MaskedBatch:
        seen.extend(rows.tolist())
        return honest(rows)

    monkeypatch.setattr(measuring, "_MEASURED_TOKENS", 3 * LENGTH)
    monkeypatch.setattr(pretrainer, "_measured", collate)
    pretrainer.measure()
    last = len(pretrainer.corpus.valid) - 1
    assert last > 4 and seen == [0, round(last / 2), last]


def test_other_tokens_are_hidden_in_each_epoch(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretrainer = pretrainer_of(tmp_path, source, epochs=2, max_updates=None)
    seen: dict[int, list[list[int]]] = {}
    honest = pretrainer.lesson.step

    def step(model: torch.nn.Module, micro: MicroBatch) -> StepResult:
        assert isinstance(micro, MaskedBatch)
        for row, places in zip(micro.rows.tolist(), micro.positions.tolist(), strict=True):
            if model.training:
                seen.setdefault(row, []).append(sorted(places))
        return honest(model, micro)

    monkeypatch.setattr(pretrainer, "lesson", Lesson(step))
    pretrainer.fit()
    assert set(seen) == set(range(len(pretrainer.corpus.train)))
    assert all(len(places) == 2 for places in seen.values())
    assert np.mean([first != second for first, second in seen.values()]) > 0.5


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_stopped_one_goes_on_to_the_bit(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    fit: dict[str, Any] = {"batch_size": 128, "epochs": 2, "max_updates": 7, "checkpoint_every": 2}
    whole = taught(tmp_path, source, **fit)
    whole.fit()
    with monkeypatch.context() as patch:
        stop_at(patch, stop)
        with pytest.raises(Interrupted):
            taught(tmp_path, source, **fit).fit(tmp_path / "checkpoints")
    again = taught(tmp_path, source, **fit)
    assert again.fit(tmp_path / "checkpoints", resume=True).update == 7
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(whole).items())
    assert whole.progress is not None
    assert again.progress is not None
    assert [entry.get("loss") for entry in again.progress.log] == [entry.get("loss") for entry in whole.progress.log]


def test_another_corpus_or_other_losses_do_not_go_on(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_at(patch, 2)
        with pytest.raises(Interrupted):
            taught(tmp_path, source).fit(tmp_path / "checkpoints")
    other = taught(tmp_path, source)
    other.lesson = Lesson(other.lesson.step, other.lesson.parts, {"temperature": 1.0}, other.lesson.teacher)
    with pytest.raises(TrainingError, match=r"taught by temperature was 2.0, is 1.0"):
        other.fit(tmp_path / "checkpoints", resume=True)
    with pytest.raises(TrainingError, match=r"mask_share was 0.15, is 0.2"):
        model = open_masked(tmp_path / "student").model
        Pretrainer(model, corpus_of(tmp_path, model), quick(), mask_share=0.2).fit(
            tmp_path / "checkpoints", resume=True
        )


def test_all_that_decides_the_weights_is_told_apart_by_name(tmp_path: Path, source: Path) -> None:
    model = open_masked(source).model
    corpus = corpus_of(tmp_path, model)
    first = Pretrainer(model, corpus, quick()).identity()

    def changed(other: Pretrainer) -> set[str]:
        found = other.identity()
        assert found.keys() == first.keys()
        return {name for name, value in found.items() if value != first[name]}

    (tmp_path / "fewer").mkdir()
    assert changed(Pretrainer(model, corpus_of(tmp_path, model), quick())) == set()
    assert changed(Pretrainer(model, corpus_of(tmp_path / "fewer", model, texts=TEXTS[1:]), quick())) == {"corpus"}
    assert changed(Pretrainer(model, corpus_of(tmp_path, model, length=20), quick())) == {"length"}
    assert changed(Pretrainer(model, corpus, quick(seed=1, checkpoint_every=3))) == {"seed"}
    assert changed(Pretrainer(model, corpus, quick(), mask_share=0.2)) == {"mask_share"}
    assert changed(Pretrainer(model, corpus, quick(), mask_smoothing=0.5)) == {"mask_smoothing"}
    with torch.no_grad():
        next(model.parameters()).add_(1)
    assert changed(Pretrainer(model, corpus, quick())) == {"model"}


def test_a_part_that_is_no_number_is_named(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from limbeck.losses import cosine

    monkeypatch.setattr(cosine, "loss", lambda states, _targets, _mask: states.sum(-1) * math.nan)
    with pytest.raises(TrainingError, match=r"the loss became nan \(of its parts, cosine is nan\) at update 1"):
        taught(tmp_path, source).fit()


def test_accumulation_changes_nothing(tmp_path: Path, source: Path) -> None:
    whole = pretrainer_of(tmp_path, source, batch_size=8)
    parted = pretrainer_of(tmp_path, source, batch_size=4, accumulate=2)
    whole.fit()
    parted.fit()
    for name, value in weights(whole).items():
        torch.testing.assert_close(value, weights(parted)[name], rtol=1e-3, atol=1e-5)


# how long


def test_steps_and_tokens(tmp_path: Path, source: Path) -> None:
    pretrainer = pretrainer_of(tmp_path, source, max_updates=None)
    an_epoch = pretrainer.n_updates()
    assert f"{an_epoch:,} updates" == pretrainer.last(AmountSettings())
    told = pretrainer.last(AmountSettings(steps=2 * an_epoch + 1))
    assert (pretrainer.n_updates(), pretrainer.fit_settings.epochs) == (2 * an_epoch + 1, 3)
    assert "passes over the corpus" in told
    pretrainer.last(AmountSettings(tokens=8 * LENGTH * 5))
    assert pretrainer.n_updates() == 5


def test_a_budget_is_planned_by_a_measured_speed(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amount, "seconds_per_update", lambda _: 2.0)
    monkeypatch.setattr(amount, "reserve", lambda *_: 4.0)
    pretrainer = pretrainer_of(tmp_path, source)
    told = pretrainer.last(AmountSettings(budget="1m"), Limit(60.0, 60.0, clock=lambda: 0.0))
    assert pretrainer.n_updates() == 25  # 56 s for updates of 2.2 s
    assert "25 updates" in told
    with pytest.raises(SettingsError, match=r"--budget 6s is too short for one update: .* give 8s or more"):
        pretrainer.last(AmountSettings(budget="6s"), Limit(6.0, 6.0, clock=lambda: 0.0))


@pytest.mark.parametrize(("update", "budget", "told"), [(0.05, 1.0, 4), (0.5, 5.0, 7)])
def test_the_budget_that_is_told_is_enough(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, update: float, budget: float, told: int
) -> None:
    """Of a short one most is kept for saving, however long it is."""
    monkeypatch.setattr(amount, "seconds_per_update", lambda _: update)
    monkeypatch.setattr(amount, "seconds_of_validation", lambda _: 0.0)
    pretrainer = pretrainer_of(tmp_path, source)

    def asked(seconds: float) -> str:
        limit = Limit(seconds, seconds, clock=lambda: 0.25)  # a quarter of a second was spent on reading
        return pretrainer.last(AmountSettings(budget=f"{seconds:g}s"), limit)

    with pytest.raises(SettingsError, match=f"give {told}s or more"):
        asked(budget)
    assert "updates, " in asked(told)


def test_the_clock_ends_it_in_time(tmp_path: Path, source: Path) -> None:
    pretrainer = pretrainer_of(tmp_path, source)
    pretrainer.limit = Limit(1.0, -1.0, clock=lambda: 0.0)
    assert pretrainer.fit().update == 1


def test_measuring_the_speed_changes_nothing(tmp_path: Path, source: Path) -> None:
    pretrainer = taught(tmp_path, source)
    before, state = weights(pretrainer), torch.get_rng_state()
    assert amount.seconds_per_update(pretrainer) > 0
    assert all(torch.equal(value, weights(pretrainer)[name]) for name, value in before.items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(value.grad is None for value in pretrainer.model.parameters())


def test_a_model_without_a_teacher_has_none_to_ask(tmp_path: Path, source: Path) -> None:
    with pytest.raises(SettingsError, match="taught by no teacher"):
        pretrainer_of(tmp_path, source).perplexity_of_teacher()


def test_epochs_and_rate_are_the_published_ones_where_not_given(tmp_path: Path, source: Path) -> None:
    fit = pretrainer_of(tmp_path, source, epochs=None, lr=None, max_updates=None).fit_settings
    assert (fit.epochs, fit.lr) == (3, 5e-4)


def test_more_frozen_layers_than_there_are_is_told_at_once(tmp_path: Path, source: Path) -> None:
    with pytest.raises(SettingsError, match="--freeze 9: the model has 4 layers"):
        pretrainer_of(tmp_path, source, freeze="9")


def test_ids_may_have_gaps(tmp_path: Path) -> None:
    """The highest id is asked for, and none that stands for no piece is put in place of others."""
    record = json.loads(tokenizer_json("bert"))
    highest = max(record["model"]["vocab"].values())
    record["model"]["vocab"]["film"] = highest + 20
    gaps = {*range(highest + 20)} - {*record["model"]["vocab"].values()}
    source = masked_bert(tmp_path, name="gaps", tokenizer=json.dumps(record), vocab_size=highest + 25)
    pretrainer = taught(tmp_path, source, max_updates=1)
    hidden = pretrainer.collate(np.arange(len(pretrainer.corpus.train)))
    assert highest + 20 in hidden.targets
    assert not gaps & {*hidden.batch.input_ids.flatten().tolist()}
    assert math.isfinite(pretrainer.perplexity_of_teacher())
    assert pretrainer.fit().update == 1


@pytest.mark.parametrize(("precision", "is_asked"), [("float32", False), ("bf16", True)])
def test_in_float32_the_teacher_is_as_exact_wherever_bf16_is_quick(
    precision: str, is_asked: bool, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def settled(teacher: TeacherBeside, micro: object) -> str:
        del micro
        asked.append(teacher.precision)
        return "bf16"

    monkeypatch.setattr(TeacherBeside, "settle_precision", settled)
    lesson = taught(tmp_path, source, precision=precision).lesson
    assert lesson.teacher is not None
    assert lesson.teacher.precision == lesson.record["teacher precision"] == precision
    assert bool(asked) is is_asked
