"""What configurations of encoders call their rates of dropout."""

from __future__ import annotations

import re

_RATE = re.compile(r"(\w+_)?dropout(_prob|_rate)?")


def is_rate(name: str) -> bool:
    """Whether an entry of a configuration is called as rates of dropout are.

    >>> is_rate("hidden_dropout_prob"), is_rate("dropout"), is_rate("hidden_size")
    (True, True, False)
    """
    return _RATE.fullmatch(name) is not None
