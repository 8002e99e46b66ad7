from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect.pick import BUCKETS, features, margins, pick

CLUSTERS = (
    "the waiter brought the wrong dish and the soup was cold",
    "my parcel arrived late and the box was torn",
    "the app crashes when i open the camera",
    "our flight was delayed by six hours in lisbon",
    "the second season lost its sense of humour",
)
"""Each stands ten times among the candidates, with another number in it."""


def clusters() -> tuple[list[str], list[int], np.ndarray]:
    """Fifty near-copies of five texts; the first cluster is the one that the model is least sure of."""
    texts = [f"{text} {number}" for text in CLUSTERS for number in range(10)]
    owner = [n for n in range(len(CLUSTERS)) for _ in range(10)]
    likely = np.array([0.5 + 0.02 * n + 0.001 * number for n in range(len(CLUSTERS)) for number in range(10)])
    return texts, owner, np.stack([likely, 1 - likely], axis=1)


def test_picks_cover_clusters_that_margins_alone_miss() -> None:
    texts, owner, probs = clusters()
    by_margin = {owner[place] for place in np.argsort(margins(probs))[:5]}
    assert by_margin == {0}
    for seed in range(10):
        picked = pick(probs, features(texts), 5, seed=seed)
        assert len({owner[place] for place in picked}) == 5


def test_margins_are_hand_computed() -> None:
    assert margins(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])) == pytest.approx([0.5, 0.0])


def test_the_first_is_the_least_sure_and_a_sure_text_is_hardly_ever_drawn() -> None:
    probs = np.array([[0.9999, 0.0001]] * 50 + [[0.55, 0.45], [0.52, 0.48], [0.6, 0.4]])
    texts = [f"plain text number {n} of some length" for n in range(50)] + ["red apples", "a slow train", "old books"]
    for seed in range(10):
        picked = pick(probs, features(texts), 3, seed=seed)
        assert picked[0] == 51
        assert sum(place >= 50 for place in picked) >= 2


def test_copies_come_last() -> None:
    probs = np.array([[0.5, 0.5], [0.5, 0.5], [0.6, 0.4]])
    like = features(["one text", "one text", "quite another thing"])
    assert pick(probs, like, 3) == [0, 2, 1]


def test_texts_that_would_be_corrected_otherwise_are_far_apart() -> None:
    # both texts look the same; the predicted class differs, so that their gradients point apart
    probs = np.array([[0.51, 0.49], [0.52, 0.48], [0.45, 0.55]])
    like = features(["same words", "same words", "same words"])
    assert all(pick(probs, like, 2, seed=seed) == [0, 2] for seed in range(10))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 12), st.integers(1, 15), st.integers(0, 3))
def test_picks_are_different_places_and_repeat(n_candidates: int, n: int, seed: int) -> None:
    random = np.random.default_rng(n_candidates)
    probs = random.dirichlet(np.ones(3), n_candidates).reshape(n_candidates, 3)
    like = features([f"word{value}" for value in random.integers(0, 4, n_candidates)])
    picked = pick(probs, like, n, seed=seed)
    assert len(set(picked)) == len(picked) == min(n, n_candidates)
    assert picked == pick(probs, like, n, seed=seed)


def test_features_have_length_one_and_tell_parts_apart() -> None:
    like = features(["A fine day", ("a fine", "day"), ("day", "a fine"), "...", "lone \ud83d half"])
    assert like.shape == (5, BUCKETS)
    assert np.linalg.norm(like, axis=1) == pytest.approx([1, 1, 1, 0, 1])
    assert float(like[1] @ like[2]) < 0.5
