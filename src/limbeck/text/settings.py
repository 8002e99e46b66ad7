"""The choices about text that an artefact records."""

from __future__ import annotations

from dataclasses import dataclass

from limbeck.errors import refuse


@dataclass(frozen=True)
class TextSettings:
    """How much of a text is read, and which part of an overlong one."""

    max_length: int = 256
    """Tokens read of one text, special tokens included. Longer texts lose their middle. 256 covers most reviews
    and costs a quarter of 512's attention."""

    head: float = 0.25
    """Share of an overlong text's tokens taken from its beginning; the rest comes from its end, where verdicts stand
    (Sun et al. 2019, arXiv 1905.05583, section 5.3.1: 128 of 510 tokens from the head was best on IMDb)."""

    def __post_init__(self) -> None:
        problems = []
        if self.max_length < 4:
            problems.append(f"--max-length {self.max_length} leaves no room for a text; give 4 or more tokens")
        if not 0.0 <= self.head <= 1.0:
            problems.append(
                f"--head {self.head} is not a share; give a number from 0 (only the end) to 1 (only the start)"
            )
        refuse(problems)
