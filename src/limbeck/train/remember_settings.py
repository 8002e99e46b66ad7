"""What a training keeps of an encoder beside learning its labels: the flags. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from limbeck.errors import SettingsError


@dataclass(frozen=True)
class RememberSettings:
    """What the encoder keeps of what another one knows, so that it can learn other tasks as well later."""

    remember: str | None = None
    """The folder or hub name of an encoder as wide as the model: texts' vectors (the mean of their tokens' last states)
    are held near those that this encoder has of them, while the labels are learnt."""

    remember_texts: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Files of the texts whose vectors are held, labels in them not read; the training texts themselves where not
    given. Other texts leave those that are learnt free to move: some are read beside every batch."""

    remember_weight: float = 1.0
    """Weight of one minus the cosine of the two vectors, beside the loss of the labels."""

    def __post_init__(self) -> None:
        if not 0 < self.remember_weight < math.inf:
            raise SettingsError(
                f"--remember-weight {self.remember_weight} is no weight; give a number above 0, or leave --remember out"
            )
        if self.remember is None and (self.remember_weight != 1.0 or self.remember_texts):
            flag = f"--remember-weight {self.remember_weight:g}" if self.remember_weight != 1.0 else "--remember-texts"
            raise SettingsError(f"{flag} is of no use without --remember; name an encoder with it")


def see_that_nothing_is_chosen(remember: object, flag: str) -> None:
    """Raise where an encoder is remembered and ``flag`` would choose between trainings by labels alone.

    Raises:
        SettingsError: so it is.
    """
    if remember:
        raise SettingsError(
            f"{flag} tries trainings by labels alone, and --remember adds to them; give --epochs and --lr with "
            "--remember, or leave it out"
        )
