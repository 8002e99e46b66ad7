"""Operations a token: counted of the updates alone, each multiplication and each addition as one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from limbeck.plan import Budget
from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("records", "commands", "pretrain_speed", "pretrain_operations")


@dataclass(frozen=True)
class Fit:
    max_updates: int
    batch: Budget


@dataclass(frozen=True)
class Setting:
    fit: Fit


def test_what_is_done_once_falls_out() -> None:
    def side(setting: Any) -> None:
        for _ in range(setting.fit.max_updates):
            torch.ones(4, 5) @ torch.ones(5, 6)  # 4 x 6 sums of 5 products: 240 operations
        torch.ones(7, 8) @ torch.ones(8, 9)  # as validating at the end

    with plain_modules(FOLDER, MODULES) as found:
        counted = found["pretrain_operations"].operations(side, Setting(Fit(99, Budget(tokens=10))))
    assert counted == 24
