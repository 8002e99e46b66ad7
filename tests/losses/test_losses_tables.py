"""Losses: one value a text, equal to what the tasks compute in numpy, with gradients by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from limbeck.errors import SettingsError
from limbeck.losses import LOSSES, get_loss
from limbeck.tasks import TASKS, make_task

OTHERS = {"contrastive", "cosine", "hidden", "mlm", "relations", "soft", "soft_binary"}


def test_each_task_has_the_loss_of_its_name_and_the_others_are_known() -> None:
    assert set(LOSSES.names()) == set(TASKS.names()) | OTHERS
    assert not set(TASKS.names()) & OTHERS


@pytest.mark.parametrize(
    ("asked", "told"), [("regres", "'regress' (nearest), 'classify'"), ("", "'classify', 'regress'")]
)
def test_a_task_without_a_loss_is_answered_by_the_losses_of_tasks_alone(asked: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        get_loss(asked)
    assert str(caught.value) == f"no loss is called {asked!r}; tasks have {told}"


def test_a_loss_of_distillation_is_found_by_its_name() -> None:
    with pytest.raises(SettingsError, match=r"no loss is called 'sofft'; loss takes 'soft' \(nearest\)"):
        LOSSES.module("sofft")
    assert callable(LOSSES.module("soft").loss)


@pytest.mark.parametrize(("name", "n_outputs"), [("classify", 3), ("regress", 1)])
def test_training_and_evaluation_agree(name: str, n_outputs: int) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(9, n_outputs)).astype(np.float32)
    targets = random.integers(0, 3, 9) if name == "classify" else random.normal(size=9)
    task = make_task(name, **({"classes": ["a", "b", "c"]} if name == "classify" else {}))
    found = get_loss(name)(torch.from_numpy(logits), torch.from_numpy(targets))
    assert found.shape == (9,)
    np.testing.assert_allclose(found.numpy(), task.loss(logits.astype(np.float64), targets), rtol=1e-5)


def test_classify_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, math.log(3.0)]], requires_grad=True)
    found = get_loss("classify")(logits, torch.tensor([0, 1]))
    assert found.tolist() == pytest.approx([math.log(4), math.log(4 / 3)])
    (gradient,) = torch.autograd.grad(found.sum(), logits)  # probabilities 1/4 and 3/4, less 1 at the target
    np.testing.assert_allclose(gradient.numpy(), [[-0.75, 0.75], [0.25, -0.25]], rtol=1e-6)


def test_regress_by_hand() -> None:
    logits = torch.tensor([[1.0], [5.0]], requires_grad=True)
    found = get_loss("regress")(logits, torch.tensor([3.0, 4.0], dtype=torch.float64))
    assert found.tolist() == [4.0, 1.0]
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient.tolist() == [[-4.0], [2.0]]


@pytest.mark.parametrize("name", ["classify", "regress"])
def test_half_precision_is_widened_first(name: str) -> None:
    # in bfloat16 the squares and logarithms would keep three digits
    logits = torch.tensor([[3.015625, 1.0]], dtype=torch.bfloat16)
    found = get_loss(name)(logits, torch.tensor([1.0]))
    assert found.dtype == torch.float32
    expected = math.log(1 + math.exp(2.015625)) if name == "classify" else 2.015625**2
    assert found.item() == pytest.approx(expected, rel=1e-6)
