from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from limbeck.inspect.deletion import curve_area, deletion_gain, deletion_masks
from limbeck.inspect.explain import explain, probability_without
from limbeck.inspect.occlude import Masks
from support.tiny import predictor

WEIGHTS = np.array([0.1, 0.6, 0.2, 0.1])


def additive(masks: Masks) -> NDArray[np.float64]:
    fell: NDArray[np.float64] = masks.astype(np.float64) @ WEIGHTS
    return fell


def test_areas_are_hand_computed() -> None:
    # trapezia of width 1/3: (1 + .4)/2 + (.4 + .2)/2 + (.2 + 0)/2, a third of 1.1
    assert curve_area(np.array([1.0, 0.4, 0.2, 0.0])) == pytest.approx(1.1 / 3)
    assert curve_area(np.ones((2, 5))) == pytest.approx([1.0, 1.0])


def test_the_right_effects_beat_chance_and_the_wrong_ones_lose() -> None:
    gain = deletion_gain(WEIGHTS, additive, n_random=200)
    # in random order a sum of words falls along a line, area 1/2; the right order: 1, .4, .2, .1, 0
    assert gain == pytest.approx(0.5 - (0.5 + 0.4 + 0.2 + 0.1) / 4, abs=0.02)
    assert deletion_gain(-WEIGHTS, additive, n_random=200) < -0.1


def test_words_that_do_nothing_gain_nothing() -> None:
    assert deletion_gain(WEIGHTS, lambda masks: np.full(len(masks), 0.7)) == pytest.approx(0.0)


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(6)))
def test_masks_lose_a_word_a_row(order: list[int]) -> None:
    masks = deletion_masks(order)
    assert masks.shape == (7, 6) and masks[0].all() and not masks[-1].any()
    assert [int((masks[n] & ~masks[n + 1]).argmax()) for n in range(6)] == order
    assert masks.sum(axis=1).tolist() == [6, 5, 4, 3, 2, 1, 0]


def test_an_explanation_of_a_model_is_better_than_chance() -> None:
    model = predictor()
    gains = []
    for text in ("the film was a joy from start to end", "what a waste of time and money", "an hour i want back"):
        made = explain(model, text)

        def ask(masks: Masks, made: object = made) -> NDArray[np.float64]:
            return probability_without(model, made, masks)  # type: ignore[arg-type]

        assert ask(np.ones((1, len(made.words)), np.bool_))[0] == pytest.approx(made.probs[str(made.label)], abs=1e-5)
        gains.append(deletion_gain(np.array([word.effect for word in made.words]), ask))
    assert np.mean(gains) > 0.02
