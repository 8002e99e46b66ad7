"""A look at the frozen encoder before a fine-tuning: what it says, when it is left out, and that it changes nothing."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.train import look as looking
from limbeck.train.learner import Learner
from limbeck.train.look import look
from limbeck.train.settings import FitSettings
from support.encoders import folder
from support.train_data import learner, numbers, rows


def weights(made: Learner) -> dict[str, Any]:
    return {name: value.clone() for name, value in made.model.module.state_dict().items()}


def test_it_tells_what_the_frozen_family_gets() -> None:
    valid = rows(40).take(range(30, 40))
    made = learner(rows(30), valid)
    told = look(made, 0.1)
    assert told is not None
    source = folder("bert")
    said = re.fullmatch(
        r"frozen encoder with a logistic regression: valid accuracy (\d\.\d{4}) on 10 rows \(in \d+ s\); "
        rf"for that result alone: --model frozen:{source}",
        told,
    )
    assert said is not None
    alone = Learner(rows(30), valid, model=f"frozen:{source}", text=made.text, fit=FitSettings(precision="float32"))
    alone.fit()
    assert float(said[1]) == pytest.approx(alone.evaluate().metrics["accuracy"], abs=1e-4)


def test_without_validation_rows_it_is_cross_validated() -> None:
    told = look(learner(rows(40)), 0.1)
    assert told is not None and "with a logistic regression: cross-validated accuracy " in told
    told = look(learner(numbers(40)), 0.1)
    assert told is not None and "with a ridge regression: cross-validated pearson " in told


@pytest.mark.parametrize("valid", [True, False])
def test_it_changes_neither_weights_nor_random_states(valid: bool) -> None:
    made = learner(rows(30), rows(40).take(range(30, 40)) if valid else None, dropout=True)
    made.model.module.train()
    torch.manual_seed(5)
    random.seed(6)
    np.random.seed(7)
    before = weights(made)
    assert look(made, 0.1) is not None
    drawn = torch.rand(1).item(), random.random(), np.random.rand()
    torch.manual_seed(5)
    random.seed(6)
    np.random.seed(7)
    assert drawn == (torch.rand(1).item(), random.random(), np.random.rand())
    assert all(torch.equal(before[name], value) for name, value in made.model.module.state_dict().items())
    assert all(value.requires_grad for value in made.model.module.parameters())
    assert all(part.training for part in made.model.module.modules())


def test_it_is_left_out_where_it_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(Learner(rows(8), model="small"), 0.1) is None
    assert look(Learner(rows(8), model=f"frozen:{folder('bert')}"), 0.1) is None
    assert look(learner(rows(2)), 0.1) is None  # a row of each class: none can be held back
    monkeypatch.setattr(looking, "MOST_ROWS", 29)
    assert look(learner(rows(30)), 0.1) is None


def test_it_is_left_out_where_it_takes_long_and_that_is_said() -> None:
    valid = rows(40).take(range(30, 40))
    told = look(learner(rows(30), valid), 15.0)
    assert told == (
        f"skipped: a quick trial of the frozen encoder (about 20 s); `--model frozen:{folder('bert')}` runs it alone"
    )
    assert look(learner(rows(30), valid), 5.9) is not None
    slower = look(learner(rows(30), precision="bf16"), 4.1)
    assert slower is not None and "(about 8 s)" in slower


def test_the_flag_is_what_a_shell_takes() -> None:
    assert looking._flag("sentiment") == "--model frozen"
    assert looking._flag("my models/one") == "--model 'frozen:my models/one'"
