"""Schedules in the loop: what is logged of each update, and resumes that end with the very same weights."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from limbeck.errors import Interrupted
from limbeck.train.learner import Learner
from limbeck.train.loop import Loop
from limbeck.train.settings import Schedule
from support.train_data import flipped, learner, rows

VALID = flipped(rows(40).take(range(30, 40)))
"""Labels are wrong, so that the validation loss rises and a plateau is found."""


def made(name: str, **fit: Any) -> Learner:
    settings = {"epochs": 4, "plateau_patience": 1, "layer_decay": 0.5, "warmup": 0.3, **fit}
    return learner(rows(12), VALID, schedule=name, **settings)


def logged(whole: Learner, key: str) -> list[float]:
    assert whole.progress is not None
    return [entry[key] for entry in whole.progress.log if key in entry]


@pytest.mark.parametrize("name", get_args(Schedule))
def test_stopped_in_mid_epoch_it_ends_with_the_very_same_weights(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made(name)
    whole.fit()
    honest = Loop._update

    def interrupted(self: Loop, *arguments: Any) -> None:
        honest(self, *arguments)
        if self.progress.update == 8:  # of 12, three an epoch
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_update", interrupted)
        with pytest.raises(Interrupted):
            made(name).fit(tmp_path)
    resumed = made(name)
    resumed.fit(tmp_path, resume=True)
    assert resumed.progress is not None and whole.progress is not None
    assert resumed.progress.log == whole.progress.log
    expected = whole.model.module.state_dict()
    for weight, value in resumed.model.module.state_dict().items():
        assert torch.equal(value, expected[weight]), weight


def test_rate_and_momentum_of_each_update_are_logged() -> None:
    whole = made("triangular", epochs=2, lr=1e-3)
    whole.fit()
    # cycles of 3 updates: the tops lie between two updates
    assert logged(whole, "lr") == pytest.approx([1e-4, 7e-4, 7e-4] * 2)
    assert logged(whole, "momentum") == pytest.approx([0.95, 0.95 - 0.2 / 3, 0.95 - 0.2 / 3] * 2)


def test_a_plateau_is_found_by_the_validation_loss() -> None:
    whole = made("plateau", warmup=0, lr=1e-3, plateau_factor=0.1)
    whole.fit()
    assert whole.progress is not None
    losses = [entry["valid"]["loss"] for entry in whole.progress.log if "valid" in entry]
    rate, expected = 1e-3, []
    for n, loss in enumerate(losses):
        expected += [rate] * 3
        if n and loss >= min(losses[:n]):
            rate /= 10
    assert rate < 1e-3
    assert logged(whole, "lr") == pytest.approx(expected)


def test_what_does_nothing_is_noticed() -> None:
    assert "--schedule plateau has no validation rows to watch: the rate stays as it is" in (
        learner(rows(8), schedule="plateau").notices
    )
    assert not [line for line in learner(rows(8)).notices if line.startswith("--")]
