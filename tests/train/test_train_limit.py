"""Times as people write them, and a clock that runs out."""

from __future__ import annotations

import pytest

from limbeck.errors import SettingsError
from limbeck.train.limit import NO_LIMIT, Limit, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("90s", 90), ("1h", 3600), ("1h30m", 5400), ("0.5h", 1800), (" 1H 0", None)]
)
def test_times(text: str, seconds: float | None) -> None:
    if seconds is None:
        with pytest.raises(SettingsError):
            seconds_of(text)
    else:
        assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 min", "-5m", "0s", "30m1h", "5m5m", "1h30", "ten"])
def test_what_is_no_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(SettingsError, match="is no time; give hours, minutes or seconds such as 10m, 90s or 1h30m"):
        seconds_of(text)


def test_a_limit_counts_down_to_what_is_kept_for_the_end() -> None:
    now = [100.0]
    limit = Limit.of("1m", begun=90.0, clock=lambda: now[0])
    assert (limit.left(), limit.is_up()) == (50.0, False)
    limit = Limit(limit.seconds, limit.ends_at, 20.0, limit.clock)
    now[0] = 129.0
    assert (limit.left(), limit.is_up()) == (1.0, False)
    has_no_more = limit.watch()
    assert not has_no_more()  # nothing was done yet
    now[0] = 129.5
    assert has_no_more()  # what took half a second would take another
    now[0] = 130.0
    assert limit.is_up()
    assert not NO_LIMIT.is_up()


def test_what_was_prepared_is_no_piece_of_the_work_and_the_first_piece_is_one() -> None:
    now = [0.0]
    is_up = Limit(60.0, 60.0, clock=lambda: now[0]).watch()
    now[0] = 40.0  # of preparation, longer than what is left
    assert not is_up()
    now[0] = 49.0
    assert not is_up()  # 11 are left, and the first piece took 9
    now[0] = 52.0
    assert is_up()  # 8 are left
    now[0] = 61.0
    assert Limit(60.0, 60.0, clock=lambda: now[0]).watch()()  # up before anything was done
