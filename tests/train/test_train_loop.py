"""The loop: what an optimiser step sums up, which weights are kept, when it stops."""

from __future__ import annotations

import math
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from limbeck.errors import Interrupted, TrainingError
from limbeck.losses import get_loss
from limbeck.train import checkpoint
from limbeck.train.learner import Learner
from limbeck.train.loop import Loop
from limbeck.train.progress import Silent
from limbeck.train.step import MicroBatch, Step, StepResult, supervised
from support.train_data import flipped, learner, rows


def weights(made: Learner) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in made.model.module.state_dict().items()}


def updates(made: Learner) -> list[dict[str, Any]]:
    assert made.progress is not None
    return [entry for entry in made.progress.log if "rows" in entry]


def epochs(made: Learner) -> list[dict[str, Any]]:
    assert made.progress is not None
    return [entry for entry in made.progress.log if "rows" not in entry]


def fitted(*arguments: Any, **fit: Any) -> Learner:
    made = learner(*arguments, **fit)
    made.fit()
    return made


def breaking(at_update: int, loss: float = math.nan) -> Step:
    """The ordinary step until an update whose losses are all ``loss``."""
    honest, seen = supervised(get_loss("classify")), 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        result = honest(model, micro)
        return result if seen < at_update else StepResult(result.losses * loss, result.logits)

    return step


def interrupting(at_update: int) -> Step:
    """The ordinary step; Ctrl-C comes in the middle of an update."""
    honest, seen = supervised(get_loss("classify")), 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        if seen == at_update:
            os.kill(os.getpid(), signal.SIGINT)
        return honest(model, micro)

    return step


# accumulation


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_four_batches_of_four_are_one_of_sixteen(family: str) -> None:
    small = fitted(rows(37), family=family, batch_size=4, accumulate=4)
    large = fitted(rows(37), family=family, batch_size=16)
    assert [len(entry["rows"]) for entry in updates(small)] == [16, 16, 5, 16, 16, 5]
    assert [entry["rows"] for entry in updates(small)] == [entry["rows"] for entry in updates(large)]
    losses = [[entry["loss"] for entry in updates(made)] for made in (small, large)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    assert 0.3 < losses[0][0] < 1.5  # about ln 2, not four times it
    for name, value in weights(large).items():
        difference = torch.linalg.vector_norm(weights(small)[name] - value)
        assert float(difference) <= 1e-6 * float(torch.linalg.vector_norm(value)) + 1e-7, name


def test_an_update_weighs_every_text_alike() -> None:
    made = learner(rows(5), batch_size=2, accumulate=3, epochs=1)
    expected = float(made.task.loss(made.forward(np.arange(5)), made.task.encode(made.train.targets or [])).mean())
    made.fit()
    (only,) = updates(made)
    assert only["loss"] == pytest.approx(expected, rel=1e-5)  # 2 + 2 + 1 rows: a mean of means would differ
    assert sorted(only["rows"]) == [0, 1, 2, 3, 4]


def test_tokens_may_measure_a_batch() -> None:
    made = fitted(rows(20), batch_size=None, batch_tokens=30, accumulate=2, epochs=1)
    lengths = made.encoded.lengths
    for entry in updates(made):
        assert len(entry["rows"]) * lengths[entry["rows"]].max() <= 60
    assert Counter(row for entry in updates(made) for row in entry["rows"]) == Counter(range(20))


# seeds


def test_the_same_seed_twice_in_one_process_and_another() -> None:
    first, again, other = (weights(fitted(rows(16), dropout=True, seed=seed)) for seed in (7, 7, 8))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_what_was_drawn_before_does_not_matter() -> None:
    first = weights(fitted(rows(8), dropout=True, epochs=1))
    made = learner(rows(8), dropout=True, epochs=1)
    torch.rand(17)
    np.random.default_rng(3).random(5)
    made.fit()
    assert all(torch.equal(first[name], value) for name, value in weights(made).items())


def test_neither_workers_nor_checkpoints_change_the_weights(tmp_path: Path) -> None:
    plain = weights(fitted(rows(12), dropout=True, accumulate=3, batch_size=2))
    made = learner(rows(12), dropout=True, accumulate=3, batch_size=2, checkpoint_every=1, workers=2)
    made.fit(tmp_path / "c")
    assert all(torch.equal(plain[name], value) for name, value in weights(made).items())


# the log


def test_every_row_is_seen_once_an_epoch_in_another_order() -> None:
    made = fitted(rows(10), epochs=3)
    seen = [[row for entry in updates(made) if entry["epoch"] == n for row in entry["rows"]] for n in (1, 2, 3)]
    assert [sorted(order) for order in seen] == [list(range(10))] * 3
    assert seen[0] != seen[1]
    assert [entry["update"] for entry in updates(made)] == list(range(1, 10))
    assert made.progress is not None
    assert (made.progress.update, made.progress.texts) == (9, 30)
    assert made.n_updates() == 9


def test_the_rate_rises_and_falls_to_just_above_nothing() -> None:
    rates = [entry["lr"] for entry in updates(fitted(rows(20), epochs=1, warmup=0.4))]
    assert rates == pytest.approx([0.5e-3, 1e-3, 1e-3, 2e-3 / 3, 1e-3 / 3])


@pytest.mark.parametrize("schedule", ["1cycle", "constant"])
def test_other_schedules_run_to_the_end(schedule: str) -> None:
    rates = [entry["lr"] for entry in updates(fitted(rows(12), epochs=1, schedule=schedule, warmup=0.0))]
    assert len(rates) == 3
    assert max(rates) == pytest.approx(1e-3, rel=0.01)


def test_gradients_are_clipped_and_their_length_is_logged() -> None:
    free = updates(fitted(rows(8), epochs=1, max_grad_norm=0.0))
    cut = updates(fitted(rows(8), epochs=1, max_grad_norm=1e-3))
    assert free[0]["norm"] == pytest.approx(cut[0]["norm"])  # the length before the cut
    assert free[0]["norm"] > 1e-3


def loop_of(**fit: Any) -> Loop:
    made = learner(rows(8), **fit)
    return Loop(made.work(), made.fit_settings, checkpoints=None, reporter=Silent())


@pytest.mark.parametrize(("limit", "cut"), [(0.5, 0.5), (1e9, None), (0.0, None)])
def test_gradients_longer_than_the_limit_are_cut_to_it(limit: float, cut: float | None) -> None:
    loop = loop_of(max_grad_norm=limit)
    values = list(loop.model.parameters())
    for value in values:
        value.grad = torch.ones_like(value)
    length = math.sqrt(sum(value.numel() for value in values))
    assert loop._clip() == pytest.approx(length, rel=1e-4)
    left = math.sqrt(sum(float(value.grad.square().sum()) for value in values if value.grad is not None))
    assert left == pytest.approx(length if cut is None else cut, rel=1e-3)


def test_what_is_asked_of_the_optimiser_reaches_it() -> None:
    asked = {"lr": 2e-3, "weight_decay": 0.3, "layer_decay": 0.5, "beta2": 0.9, "epsilon": 1e-6}
    groups = loop_of(schedule="constant", warmup=0.0, **asked).optimizer.param_groups
    assert {group["weight_decay"] for group in groups} == {0.3, 0.0}
    assert {(group["betas"], group["eps"]) for group in groups} == {((0.9, 0.9), 1e-6)}
    rates = sorted({group["lr"] for group in groups}, reverse=True)
    assert rates == pytest.approx([2e-3, 1e-3, 0.5e-3, 0.25e-3])  # above two layers, these, the embeddings


def test_the_loss_of_an_epoch_is_the_mean_over_its_texts() -> None:
    made = fitted(rows(5), batch_size=2, epochs=1)
    steps, (end,) = updates(made), epochs(made)
    assert [entry["texts"] for entry in steps] == [2, 2, 1]
    assert end["train_loss"] == pytest.approx(sum(entry["loss"] * entry["texts"] for entry in steps) / 5)
    assert end["train_loss"] != pytest.approx(np.mean([entry["loss"] for entry in steps]))


def test_bf16_runs_where_it_is_asked_for() -> None:
    made = fitted(rows(8), epochs=1, precision="bf16")
    assert all(value.dtype != torch.bfloat16 for value in weights(made).values())
    assert math.isfinite(updates(made)[0]["loss"])


# which weights are kept


def test_the_best_weights_are_those_of_the_lowest_validation_loss(tmp_path: Path) -> None:
    valid = flipped(rows(40).take(range(30, 40)))  # wrong labels: the loss rises as the rows are learnt
    made = fitted(rows(30), valid, epochs=6, lr=3e-3)
    losses = [entry["valid"]["loss"] for entry in epochs(made)]
    assert made.progress is not None
    best = int(np.argmin(losses))
    assert best < 5, "the test needs a loss that rises"
    assert losses[-1] > losses[best] + 0.01
    assert made.progress.best_loss == losses[best]
    assert made.progress.best_update == epochs(made)[best]["update"]
    now = made.task.metrics(made.score(valid).logits.astype(float), made.task.encode(valid.targets or []))
    assert now["loss"] == pytest.approx(losses[best], abs=1e-6)
    manifest = made.save(tmp_path / "out", calibrated=False)
    assert manifest.metrics["loss"] == pytest.approx(losses[best], abs=1e-5)
    assert manifest.training["best_update"] == made.progress.best_update


def test_the_last_weights_are_kept_on_request_and_without_validation() -> None:
    valid = flipped(rows(40).take(range(30, 40)))
    last = weights(fitted(rows(30), valid, epochs=6, lr=3e-3, keep="last"))
    alone = weights(fitted(rows(30), epochs=6, lr=3e-3))
    best = weights(fitted(rows(30), valid, epochs=6, lr=3e-3))
    assert all(torch.equal(last[name], alone[name]) for name in last)
    assert any(not torch.equal(last[name], best[name]) for name in last)


def test_a_loss_as_low_as_the_best_is_no_better_one() -> None:
    loop = loop_of()
    for update, loss in ((1, 0.5), (2, 0.5), (3, 0.6)):
        loop.progress.update = update
        loop._keep_best(loss)
    assert (loop.progress.best_loss, loop.progress.best_update, loop.progress.stale) == (0.5, 1, 2)
    loop._keep_best(math.nextafter(0.5, 0.0))
    assert (loop.progress.best_update, loop.progress.stale) == (3, 0)


def test_patience_counts_epochs_that_have_fewer_updates_than_validations() -> None:
    valid = flipped(rows(40).take(range(30, 40)))
    made = fitted(rows(8), valid, epochs=12, lr=3e-3, patience=2, validations=4, batch_size=8)
    assert made.progress is not None
    assert made.progress.update == made.progress.best_update + 2 < 12  # an epoch has one update


def test_patience_ends_a_training_that_gets_no_better() -> None:
    valid = flipped(rows(40).take(range(30, 40)))
    made = fitted(rows(30), valid, epochs=12, lr=3e-3, patience=2)
    losses = [entry["valid"]["loss"] for entry in epochs(made)]
    assert len(losses) < 12
    assert int(np.argmin(losses)) == len(losses) - 3
    assert made.progress is not None
    assert made.progress.stale == 2


# stops


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_and_the_checkpoint_stands(tmp_path: Path, loss: float) -> None:
    made = learner(rows(16), checkpoint_every=2)
    made._step = breaking(4, loss)
    with pytest.raises(TrainingError) as caught:
        made.fit(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"the loss became {loss} at update 4 (epoch 1, rate ")
    assert "it changed no weights. Train again with a lower --lr (a third of 0.001, say)" in message
    saved = checkpoint.newest(tmp_path)
    assert saved is not None
    assert saved.progress.update == 2
    assert all(bool(value.isfinite().all()) for value in saved.tensors["model"].values())
    again = learner(rows(16), checkpoint_every=2)
    again.fit(tmp_path, resume=True)
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(fitted(rows(16))).items())


def test_a_gradient_that_is_no_number_stops_too() -> None:
    made = learner(rows(8))
    honest = supervised(get_loss("classify"))

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        result = honest(model, micro)
        return StepResult(torch.sqrt(result.losses * 0.0), result.logits)  # 0, with an infinite slope times 0

    made._step = step
    with pytest.raises(TrainingError, match="the gradient's length became nan at update 1"):
        made.fit()


def test_ctrl_c_saves_after_the_update_and_the_resume_ends_alike(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    made = learner(rows(16), dropout=True)
    made._step = interrupting(6)
    with pytest.raises(Interrupted, match="stopped after update 6 of 8; a checkpoint stands"):
        made.fit(tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    again = learner(rows(16), dropout=True)
    again.fit(tmp_path, resume=True)
    whole = fitted(rows(16), dropout=True)
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(whole).items())
    assert [entry["rows"] for entry in updates(again)] == [entry["rows"] for entry in updates(whole)]


def test_ctrl_c_at_the_end_of_an_epoch_leaves_the_epoch_to_be_closed(tmp_path: Path) -> None:
    valid = rows(40).take(range(30, 40))
    made = learner(rows(16), valid)
    made._step = interrupting(4)
    with pytest.raises(Interrupted, match="stopped after update 4 of 8"):
        made.fit(tmp_path)
    again = learner(rows(16), valid)
    again.fit(tmp_path, resume=True)
    assert epochs(again) == epochs(fitted(rows(16), valid))


def test_ctrl_c_without_a_folder_for_checkpoints() -> None:
    made = learner(rows(8))
    made._step = interrupting(1)
    with pytest.raises(Interrupted, match="stopped after update 1 of 4; nothing was saved: no checkpoint folder"):
        made.fit()


def test_the_loop_tells_its_reporter(tmp_path: Path) -> None:
    told: list[Any] = []

    class Listener(Silent):
        def begin(self, done: int, total: int) -> None:
            told.append(("begin", done, total))

        def update(self, done: int, loss: float) -> None:
            told.append(("update", done))

        def line(self, text: str) -> None:
            told.append(("line", text))

        def end(self) -> None:
            told.append(("end",))

    made = learner(rows(8), rows(40).take(range(30, 40)))
    made.reporter = Listener()
    made.fit(tmp_path)
    assert told[0] == ("begin", 0, 4)
    assert [entry[1] for entry in told if entry[0] == "update"] == [1, 2, 3, 4]
    lines = [entry[1] for entry in told if entry[0] == "line"]
    assert lines[0].startswith("epoch 1 of 2: train loss ")
    assert ", valid accuracy " in lines[0]
    assert told[-1] == ("end",)
    told.clear()
    made.fit(tmp_path, resume=True)
    assert [entry for entry in told if entry[0] != "line"] == [("begin", 4, 4), ("end",)]
    assert told[0] == ("line", "resumed after update 4 of 4")


def test_a_loop_knows_its_updates_before_it_runs() -> None:
    made = learner(rows(37), batch_size=4, accumulate=4, epochs=3)
    loop = Loop(made.work(), made.fit_settings, checkpoints=None, reporter=Silent())
    assert (loop.total, loop.epoch_sizes) == (9, [3, 3, 3])
