"""The scaling of the sentiment recipe: by hand, and found again from what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.plain_modules import plain_modules

pytest.importorskip("sklearn")
FOLDER = Path(__file__).parents[2] / "recipes" / "sentiment"


@pytest.fixture(scope="module")
def scaling() -> Any:
    with plain_modules(FOLDER, ("scaling",)) as modules:
        yield modules["scaling"]


def drawn(seed: int, n: int, neutral: float, true: Any) -> tuple[Any, Any]:
    """Logits about ``neutral`` of neutral, and labels as ``true`` would have them."""
    draw = np.random.default_rng(seed)
    logits = draw.normal([0.0, neutral, 0.0], [1.5, 0.5, 1.5], (n, 3))
    scaled = true(logits)
    probs = 1 / (1 + np.exp(scaled[:, 0] - scaled[:, 2]))
    return logits, (draw.random(n) < probs).astype(np.int64)


def test_three_logits_by_hand(scaling: Any) -> None:
    found = scaling.Scaling(slope=0.5, lean=-0.1, shift=0.2, temperature=2.0)
    # side 3 - 1 = 2, middle 2, neutral 4 - 2 = 2: the new side is 1 - 0.2 + 0.2 = 1, the middle 1, neutral 1 above it
    assert found(np.array([[1.0, 4.0, 3.0]])) == pytest.approx(np.array([[0.5, 2.0, 1.5]]))
    assert scaling.positive(np.array([[0.5, 2.0, 1.5]]))[0] == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_what_all_logits_have_in_common_counts_for_nothing(scaling: Any) -> None:
    found = scaling.Scaling(slope=1.3, lean=0.4, shift=-0.7, temperature=1.7)
    logits = np.array([[0.3, -1.0, 2.0], [1.0, 0.5, -0.5]])
    moved = found(logits + 5.0) - found(logits)
    assert moved == pytest.approx(np.full((2, 3), 5.0 / 1.7))


def test_a_temperature_alone_divides_all_three(scaling: Any) -> None:
    found = scaling.Scaling(slope=1 / 1.6, lean=0.0, shift=0.0, temperature=1.6)
    logits = np.array([[0.3, -1.0, 2.0]])
    assert found(logits) == pytest.approx(logits / 1.6)


def test_the_numbers_that_made_the_labels_are_found_again(scaling: Any) -> None:
    true = scaling.Scaling(slope=0.7, lean=-0.3, shift=-0.4, temperature=1.0)
    kinds = {"sentences": drawn(1, 40_000, -0.4, true), "reviews": drawn(2, 60_000, -3.0, true)}
    found = scaling.fit(kinds)
    assert (found.slope, found.lean, found.shift) == pytest.approx((true.slope, true.lean, true.shift), abs=0.04)
    assert found.temperature == pytest.approx(1 / true.slope, rel=0.1)


def test_each_kind_counts_as_much_as_another(scaling: Any) -> None:
    kinds = {
        "sentences": drawn(3, 500, -0.4, lambda logits: logits),
        "reviews": drawn(4, 500, -3.0, lambda logits: logits),
    }
    thrice = kinds | {"reviews": tuple(np.concatenate([part] * 3) for part in kinds["reviews"])}
    first, second = scaling.fit(kinds), scaling.fit(thrice)
    assert (first.slope, first.lean, first.shift) == pytest.approx((second.slope, second.lean, second.shift), abs=1e-3)


def test_rows_left_out_tell_what_leans(scaling: Any) -> None:
    true = scaling.Scaling(slope=1.0, lean=-0.3, shift=-0.6, temperature=1.0)
    told = scaling.judged({"sentences": drawn(5, 4_000, -0.4, true), "reviews": drawn(6, 4_000, -3.0, true)})
    assert told["scaling"]["loss"] < told["temperature"]["loss"]
    assert told["temperature"]["sentences"] > 3 > 1 > abs(told["scaling"]["sentences"])
    assert told["temperature"]["reviews"] < -3 < -1 < -abs(told["scaling"]["reviews"])
