from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> Iterator[Any]:
    """The benchmark as a module, its neighbours importable while the tests run."""
    with plain_modules(FOLDER, ("records", "commands", "sentiment_sides", "explain")) as modules:
        yield modules["explain"]


def test_lime_rows_begin_with_the_text_and_leave_something_out(bench: Any) -> None:
    masks = bench.lime_masks(6, 40, 0)
    assert masks.shape == (40, 6) and masks[0].all() and not masks[1:].all(axis=1).any()
    assert np.array_equal(masks, bench.lime_masks(6, 40, 0))


def test_lime_finds_the_weights_of_a_linear_model(bench: Any) -> None:
    masks = bench.lime_masks(4, 2500, 1)
    truth = np.array([0.4, -0.2, 0.1, 0.0])
    effects = bench.lime_effects(masks, 0.3 + masks @ truth)
    assert effects == pytest.approx(truth, abs=0.02)


def test_lime_is_weighted_least_squares_with_a_free_level(bench: Any) -> None:
    # one word, kept or not: weights 1 and exp(-100^2 / 25^2)^(1/2); the slope by hand with penalty 1
    masks = np.array([[True], [False]])
    light = float(np.sqrt(np.exp(-16.0)))
    spread = light / (1 + light)  # weighted sum of squares about the weighted mean
    assert bench.lime_effects(masks, np.array([0.9, 0.1]))[0] == pytest.approx(0.8 * spread / (spread + 1))


def test_intervals_are_hand_computed(bench: Any) -> None:
    # deviation of 0, 2, 4 is 2; 1.96 * 2 / sqrt(3)
    assert bench.interval([0.0, 2.0, 4.0]) == (2.0, pytest.approx(2.263, abs=1e-3))
