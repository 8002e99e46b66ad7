"""How many processes a launcher started, and which one this is: told by the environment, without torch.

torchrun and ``accelerate launch`` set ``WORLD_SIZE`` and ``RANK``; where either is missing there is one process.
"""

from __future__ import annotations

import os

from limbeck.errors import SettingsError

LAUNCHERS = "torchrun or accelerate launch"


def started() -> int:
    """The number of processes that were started to work together; 1 without a launcher."""
    return _number("WORLD_SIZE", 1) if "RANK" in os.environ else 1


def number() -> int:
    """Which of them this one is, counted from 0; the first writes files and speaks."""
    return _number("RANK", 0) if started() > 1 else 0


def refuse_several(what: str) -> None:
    """See that one process runs.

    Raises:
        SettingsError: several do, and ``what`` is done by one.
    """
    if started() > 1:
        raise SettingsError(
            f"{what} runs in one process, and {started()} were started: run the same command without {LAUNCHERS}"
        )


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default
