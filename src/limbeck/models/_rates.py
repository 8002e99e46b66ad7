"""What configurations of encoders call their rates of dropout."""

from __future__ import annotations

import re
from typing import Any

_RATE = re.compile(r"(\w+_)?dropout(_prob|_rate)?")


def is_rate(name: str) -> bool:
    """Whether an entry of a configuration is called as rates of dropout are.

    >>> is_rate("hidden_dropout_prob"), is_rate("dropout"), is_rate("hidden_size")
    (True, True, False)
    """
    return _RATE.fullmatch(name) is not None


def rates_of(config: Any) -> dict[str, float]:
    """The rates of dropout in a configuration."""
    return {
        name: value
        for name, value in config.to_dict().items()
        if is_rate(name) and isinstance(value, int | float) and not isinstance(value, bool)
    }
