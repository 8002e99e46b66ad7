"""What a training keeps of an encoder beside learning its labels: the flags. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from limbeck.errors import SettingsError


@dataclass(frozen=True)
class RememberSettings:
    """What the encoder keeps of what another one knows, so that it can learn other tasks as well later."""

    remember: str | None = None
    """The folder or hub name of an encoder as wide as the model: each text's vector (the mean of its tokens' last
    states) is held near the one that this encoder has of it, while the labels are learnt."""

    remember_weight: float = 1.0
    """Weight of one minus the cosine of the two vectors, beside the loss of the labels."""

    def __post_init__(self) -> None:
        if not 0 < self.remember_weight < math.inf:
            raise SettingsError(
                f"--remember-weight {self.remember_weight} is no weight; give a number above 0, or leave --remember out"
            )
        if self.remember is None and self.remember_weight != 1.0:
            raise SettingsError(
                f"--remember-weight {self.remember_weight:g} weighs what --remember names; name an encoder with it"
            )
