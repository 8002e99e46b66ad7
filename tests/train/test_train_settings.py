"""The settings of a fit, and what is said of impossible ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from limbeck.errors import SettingsError
from limbeck.plan import Budget
from limbeck.settings import record
from limbeck.train.settings import DEFAULT_TOKENS, FitSettings


def refusal(**settings: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        FitSettings(**settings)
    return str(caught.value)


def test_the_defaults_are_pinned() -> None:
    """A change of one changes everybody's trainings: it must be meant."""
    given = {name: value for name, value in record(FitSettings()).items() if value is not None}
    assert given == {
        "schedule": "linear",
        "warmup": 0.06,
        "cycle_length": 1.0,
        "cycle_mult": 1,
        "plateau_factor": 0.5,
        "plateau_patience": 2,
        "accumulate": 1,
        "weight_decay": 0.01,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "layer_decay": 1.0,
        "max_grad_norm": 1.0,
        "precision": "auto",
        "keep": "best",
        "output_layer": "fresh",
        "freeze": "none",
        "gradual": False,
        "validations": 1,
        "workers": 0,
        "seed": 0,
    }


def test_batches() -> None:
    assert FitSettings().batch == Budget(tokens=DEFAULT_TOKENS) == Budget(tokens=1024)
    assert FitSettings(batch_size=8).batch == Budget(rows=8)
    assert FitSettings(batch_tokens=300).batch == Budget(tokens=300)


def test_limits_are_allowed() -> None:
    FitSettings(epochs=1, lr=9.99, warmup=0, batch_size=1, accumulate=1, weight_decay=0, max_grad_norm=0)
    FitSettings(warmup=0.99, batch_tokens=1, patience=1, checkpoint_every=1, workers=0, seed=0)


def test_two_measures_of_a_batch_exclude_each_other() -> None:
    assert refusal(batch_size=8, batch_tokens=512) == (
        "--batch-size 8 and --batch-tokens 512 exclude each other; give one of them"
    )


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("epochs", 1),
        ("batch_size", 1),
        ("batch_tokens", 1),
        ("accumulate", 1),
        ("cycle_mult", 1),
        ("plateau_patience", 1),
        ("patience", 1),
        ("checkpoint_every", 1),
        ("workers", 0),
        ("seed", 0),
    ],
)
def test_too_small(name: str, least: int) -> None:
    flag = "--" + name.replace("_", "-")
    assert refusal(**{name: least - 1}) == f"{flag} {least - 1} is too small; give {least} or more"


def test_a_seed_that_torch_cannot_hold() -> None:
    assert FitSettings(seed=2**63 - 1).seed == 2**63 - 1
    assert refusal(seed=2**63) == f"--seed {2**63} is too large; give {2**63 - 1} or less"


def test_epochs_behind_the_last_update_are_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []

    def steps(self: FitSettings, lengths: Any, epoch: int = 0) -> list[int]:
        planned.append(epoch)
        return [0] * 4

    monkeypatch.setattr(FitSettings, "steps", steps)
    fit = FitSettings(epochs=10**9, max_updates=6)
    assert (fit.epoch_sizes(np.zeros(9, np.int64)), fit.course_sizes(np.zeros(9, np.int64))) == ([4, 2], [4, 2])
    cyclic = FitSettings(epochs=10**9, max_updates=6, schedule="sgdr")  # its cycles are not cut
    assert (cyclic.epoch_sizes(np.zeros(9, np.int64)), cyclic.course_sizes(np.zeros(9, np.int64))) == ([4, 2], [4, 4])
    assert set(planned) == {0, 1}


@pytest.mark.parametrize("lr", [0.0, -1e-5, 10, math.nan, math.inf])
def test_rates(lr: float) -> None:
    assert refusal(lr=lr) == f"--lr {lr} is no learning rate; give one between 0 and 10, such as 5e-5"


@pytest.mark.parametrize("warmup", [-0.1, 1, 500, math.nan])
def test_shares(warmup: float) -> None:
    assert refusal(warmup=warmup).startswith(f"--warmup {warmup} is not a share of the updates; give a number from 0")


@pytest.mark.parametrize("value", [0, -1, 0.001, math.nan, math.inf])
def test_cycles(value: float) -> None:
    assert refusal(cycle_length=value) == f"--cycle-length {value} is no number of epochs from 0.01 up; give 1, say"


@pytest.mark.parametrize("value", [0, 1, 2.0, math.nan])
def test_what_lowers_a_rate(value: float) -> None:
    assert refusal(plateau_factor=value) == f"--plateau-factor {value} lowers no rate; give a number between 0 and 1"


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_decay_and_norm(value: float) -> None:
    what = f"{value} is no finite number from 0 up; give 0 to switch it off"
    assert (
        refusal(weight_decay=value) == f"--weight-decay {value} is no finite number from 0 up; give 0 to switch it off"
    )
    assert refusal(max_grad_norm=value) == f"--max-grad-norm {what}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"schedule": "1-cycle"},
            "--schedule '1-cycle' is unknown; it takes '1cycle' (nearest), 'constant', 'cosine', 'linear', "
            "'plateau', 'sgdr', 'triangular', 'triangular2'",
        ),
        ({"precision": "half"}, "--precision 'half' is unknown; it takes 'auto', 'bf16', 'float32'"),
        ({"keep": None}, "--keep None is unknown; it takes 'best', 'last'"),
        ({"keep": "lst"}, "--keep 'lst' is unknown; it takes 'last' (nearest), 'best'"),
        ({"output_layer": "frosen"}, "--output-layer 'frosen' is unknown; it takes 'frozen' (nearest), 'fresh'"),
    ],
)
def test_names(settings: dict[str, Any], message: str) -> None:
    assert refusal(**settings) == message


def test_problems_are_named_together() -> None:
    assert refusal(epochs=0, lr=50.0, warmup=2.0, batch_size=4, batch_tokens=9, keep="none", weight_decay=-0.5) == (
        "6 problems:\n"
        "  - --keep 'none' is unknown; it takes 'best', 'last'\n"
        "  - --batch-size 4 and --batch-tokens 9 exclude each other; give one of them\n"
        "  - --epochs 0 is too small; give 1 or more\n"
        "  - --lr 50.0 is no learning rate; give one between 0 and 10, such as 5e-5\n"
        "  - --warmup 2.0 is not a share of the updates; give a number from 0 to below 1\n"
        "  - --weight-decay -0.5 is no finite number from 0 up; give 0 to switch it off"
    )
