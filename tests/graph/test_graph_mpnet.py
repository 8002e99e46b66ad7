"""MPNet's buckets of relative distance, worked out at emission."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limbeck.graph.family.mpnet import bucket


def test_buckets_by_hand() -> None:
    # 8 + 8 ln(n / 8) / ln(16): 16 -> 10, 32 -> 12, 64 -> 14, 127 -> 15, capped at 15; the right side adds 16.
    far = np.array([0, 1, 7, 8, 16, 32, 64, 127, 128, 4000])
    want = np.array([0, 1, 7, 8, 10, 12, 14, 15, 15, 15])
    np.testing.assert_array_equal(bucket(-far), want)
    np.testing.assert_array_equal(bucket(far), want + 16 * (far > 0))


def test_buckets_equal_transformers_at_every_distance() -> None:
    import torch
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    distance = np.arange(-1100, 1101)
    want = MPNetEncoder.relative_position_bucket(torch.from_numpy(distance)).numpy()
    np.testing.assert_array_equal(bucket(distance), want)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_farther_is_never_a_nearer_bucket(one: int, two: int) -> None:
    near, far = sorted((one, two))
    assert bucket(np.array([-near]))[0] <= bucket(np.array([-far]))[0] < 16
    assert 16 <= bucket(np.array([near]))[0] <= bucket(np.array([far]))[0] < 32
