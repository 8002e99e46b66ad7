"""A command of another package."""

from __future__ import annotations

from dataclasses import dataclass

import tyro

HELP = "Say a word loudly."
EXAMPLE = "limbeck shout word"


@dataclass(frozen=True)
class Settings:
    word: tyro.conf.Positional[str]
    """What to say."""

    marks: int = 1
    """How loudly."""


def run(settings: Settings) -> int:
    print(settings.word.upper() + "!" * settings.marks)
    return 0
