"""How much a student's hidden states count beside what its teacher says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from limbeck.errors import nearest, refuse

LAYERS = ("all", "last")
"""Which of the student's layers hidden states can be compared of."""


@dataclass(frozen=True)
class BesideSettings:
    """Weights of the losses of single tokens. Where one is above 0 the teacher runs beside the student, on its pieces,
    which takes the teacher's time for every update."""

    hidden: float = 0.0
    """Weight of the squared distance of hidden states, through a learned projection where the widths differ (Jiao et
    al. 2020)."""

    cosine: float = 0.0
    """Weight of one minus the cosine of the last layer's hidden states (Sanh et al. 2019 give it 1)."""

    relations: float = 0.0
    """Weight of the divergence of the last layer's attention and value relations (Wang et al. 2020)."""

    hidden_layers: str = "all"
    """Whose states ``hidden`` compares: all, each of the student's layers with the teacher's at the same share of the
    height, or last."""

    def __post_init__(self) -> None:
        problems = [
            f"--{name} {weight} is no weight; give 0 to leave it out, or a number above"
            for name, weight in self._all().items()
            if not 0.0 <= weight < math.inf
        ]
        if self.hidden_layers not in LAYERS:
            accepted = nearest(self.hidden_layers, LAYERS)
            problems.append(f"--hidden-layers {self.hidden_layers!r} names no layers; it takes {accepted}")
        elif self.hidden_layers != LAYERS[0] and not self.hidden:
            problems.append(f"--hidden-layers {self.hidden_layers} says what --hidden compares; give --hidden 1, say")
        refuse(problems)

    @property
    def weights(self) -> dict[str, float]:
        """The weights above 0, by the name of the part; none where no teacher is needed beside the student."""
        return {name: weight for name, weight in self._all().items() if weight}

    def _all(self) -> dict[str, float]:
        return {"hidden": self.hidden, "cosine": self.cosine, "relations": self.relations}
