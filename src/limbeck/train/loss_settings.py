"""How the errors of classes count: the flags. :mod:`limbeck.train.objective` makes the loss of them, with torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from limbeck.errors import refuse

BALANCED = "balanced"


@dataclass(frozen=True)
class LossSettings:
    """How the errors of classes count; for classes only."""

    class_weights: str | None = None
    """balanced (rows / (classes * rows of the class)), or weights by name as in spam=5,ham=1; a class that is not named
    has 1. Only their ratios matter: they are divided by their mean over the training rows."""

    focal: float = 0.0
    """Exponent of the focal loss (Lin et al. 2017; they found 2 best): texts that are learnt already count less."""

    label_smoothing: float = 0.0
    """Share of each label that is spread over all classes (Szegedy et al. 2016; they took 0.1)."""

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.focal < math.inf:
            problems.append(f"--focal {self.focal} is no exponent from 0 up; give 2, say, or 0 to switch it off")
        if not 0 <= self.label_smoothing < 1:
            problems.append(
                f"--label-smoothing {self.label_smoothing} is no share from 0 to below 1; give 0.1, say, or 0 for none"
            )
        refuse(problems)

    def given(self) -> list[str]:
        """The flags that are not as they stand by default."""
        flags = {
            "--class-weights": self.class_weights,
            "--focal": self.focal,
            "--label-smoothing": self.label_smoothing,
        }
        return [flag for flag, value in flags.items() if value not in (None, 0.0)]
