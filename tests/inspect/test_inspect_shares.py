"""Wilson's interval of a share: by hand, at its ends, and what holds for any counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.inspect.shares import wilson


def test_wilson_by_hand() -> None:
    # 8 of 10, z 1.959964: middle (0.8 + 0.192073) / 1.384146, reach 1.41600 * sqrt(0.016 + 0.00960365)
    middle = (0.8 + 1.959964**2 / 20) / (1 + 1.959964**2 / 10)
    reach = 1.959964 / (1 + 1.959964**2 / 10) * math.sqrt(0.8 * 0.2 / 10 + 1.959964**2 / 400)
    assert wilson(8, 10) == pytest.approx((0.8, middle - reach, middle + reach), abs=1e-6)
    assert wilson(8, 10)[1:] == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_wilson_at_the_ends() -> None:
    assert wilson(0, 5)[:2] == (0.0, 0.0)
    assert wilson(5, 5).high == 1.0
    assert wilson(5, 5).low == pytest.approx(1 / (1 + 1.959964**2 / 5), abs=1e-6)
    assert math.isnan(wilson(0, 0).value) and wilson(0, 0)[1:] == (0.0, 1.0)


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_share_and_narrows_with_rows(counts: tuple[int, int]) -> None:
    hits, n = counts
    share, low, high = wilson(hits, n)
    assert 0 <= low <= share <= high <= 1
    wider = wilson(hits * 4, n * 4)
    assert wider.high - wider.low < high - low


def test_wilson_by_other_hands() -> None:
    # z^2 = 3.841459; middle (0.1 + z^2 / 20) / (1 + z^2 / 10) = 0.292073 / 1.384146,
    # reach z sqrt(0.1 x 0.9 / 10 + z^2 / 400) / (1 + z^2 / 10) = 1.959964 x 0.136395 / 1.384146
    assert wilson(1, 10)[1:] == pytest.approx((0.017876, 0.404150), abs=1e-6)
    # 1 / (1 + z^2 / n) and its complement at the ends
    assert wilson(0, 10)[1:] == pytest.approx((0, 3.841459 / 13.841459), abs=1e-6)
    assert wilson(10, 10)[1:] == pytest.approx((10 / 13.841459, 1), abs=1e-6)
    assert wilson(5, 10).low + wilson(5, 10).high == pytest.approx(1)


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(counts: tuple[int, int]) -> None:
    n_hits, n = counts
    _, low, high = wilson(n_hits, n)
    assert 0 <= low <= n_hits / n <= high <= 1
    _, other_low, other_high = wilson(n - n_hits, n)
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high))
