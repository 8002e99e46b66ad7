"""A time that a training may take, told as people tell it: ``10m``, ``90s``, ``1h30m``."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from limbeck.errors import SettingsError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([hms])")


def seconds_of(text: str) -> float:
    """Seconds of a time of hours, minutes and seconds, in this order, each at most once.

    >>> seconds_of("10m"), seconds_of("90s"), seconds_of("1h30m"), seconds_of("1.5h")
    (600.0, 90.0, 5400.0, 5400.0)

    Raises:
        SettingsError: it is none, or nothing at all.
    """
    parts = _PART.findall(text.strip().lower())
    units = [unit for _, unit in parts]
    whole = "".join(number + unit for number, unit in parts) == text.strip().lower()
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not whole or units != sorted(set(units), key="hms".index) or not 0 < total < math.inf:
        raise SettingsError(f"--within {text!r} is no time; give hours, minutes or seconds such as 10m, 90s or 1h30m")
    return total


@dataclass(frozen=True)
class Limit:
    """A moment at which all must be done."""

    seconds: float
    """The whole time; infinite for none."""
    ends_at: float
    """By ``clock``."""
    reserve: float = 0.0
    """Seconds of it that are kept for what comes after the last update."""
    clock: Callable[[], float] = time.monotonic

    @staticmethod
    def of(text: str, *, begun: float | None = None, clock: Callable[[], float] = time.monotonic) -> Limit:
        """The limit of a time that began at ``begun``, by ``clock``; now where not given.

        Raises:
            SettingsError: ``text`` is no time.
        """
        seconds = seconds_of(text)
        return Limit(seconds, (clock() if begun is None else begun) + seconds, clock=clock)

    def left(self) -> float:
        """Seconds until the last update must be done."""
        return self.ends_at - self.clock() - self.reserve

    def is_up(self) -> bool:
        """Whether it is time to come to an end."""
        return self.left() <= 0

    def watch(self) -> Callable[[], bool]:
        """Something to ask before the first piece of work and after each: is the time up, or would be in the next?

        A piece is taken to last as long as the longest so far; what was prepared before the first question is none.
        """
        last: float | None = None
        longest = 0.0

        def is_up() -> bool:
            nonlocal last, longest
            now = self.clock()
            if last is not None:
                longest = max(longest, now - last)
            last = now
            return self.left() <= longest

        return is_up


NO_LIMIT = Limit(math.inf, math.inf)
