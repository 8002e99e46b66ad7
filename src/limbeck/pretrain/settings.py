"""How an encoder is pre-trained: from what, by what losses, for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from limbeck.errors import SettingsError, nearest, refuse
from limbeck.train.limit import seconds_of
from limbeck.train.settings import FitSettings

TEMPERATURES = (1e-2, 1e3)
"""Beyond these float32 loses what logits say."""

SoftOn = Literal["masked", "all"]

BATCH_TOKENS = 4096
"""Tokens a batch where nothing is said."""


def published_fit() -> FitSettings:
    """The optimisation of DistilBERT's published script, but for its batches, which eight GPUs held.

    Source: huggingface/transformers, ``examples/research_projects/distillation/train.py``: AdamW with betas 0.9 and
    0.98 and epsilon 1e-6, rate 5e-4, 5 % warm-up and a straight fall, gradients cut at 5, no decay, 3 epochs.
    """
    return FitSettings(
        epochs=3,
        lr=5e-4,
        warmup=0.05,
        weight_decay=0.0,
        beta2=0.98,
        epsilon=1e-6,
        max_grad_norm=5.0,
        keep="last",
        validations=4,
        checkpoint_every=200,
    )


@dataclass(frozen=True)
class CorpusSettings:
    """What is read, and how it is cut and masked."""

    length: int = 128
    """Tokens a block: texts are packed one behind the other into blocks of this length, without padding."""

    text_column: str | None = None
    """Column of the texts; guessed where not given."""

    encoding: str = "utf-8"
    """Encoding of text files."""

    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice; otherwise they are named, and nothing begins."""

    corpus_tokens: int | None = None
    """Read the corpus up to so many tokens; all of it where not given, and of a streamed one a quarter more than
    --tokens or --steps take. With --budget say here how much of a large one is read."""

    valid_share: float | None = None
    """Share of the texts that are held back to measure on, chosen by what they say; where not given 0.01, and 0.1 or
    0.3 of few texts."""

    mask_share: float = 0.15
    """Share of a block's tokens that the model is asked for (Devlin et al. 2019)."""

    mask_smoothing: float = 0.7
    """Exponent s: a token is chosen in proportion to count^-s, rare ones more often (DistilBERT's script); 0: all
    alike."""

    def __post_init__(self) -> None:
        problems = []
        if self.length < 8:
            problems.append(f"--length {self.length} is too short for a block; give 8 or more, 128 say")
        if self.valid_share is not None and not 0 < self.valid_share < 1:
            problems.append(f"--valid-share {self.valid_share} is no share of the texts; give 0.01, say")
        if not 0 < self.mask_share < 1:
            problems.append(f"--mask-share {self.mask_share} is no share of the tokens; give 0.15, say")
        if not 0 <= self.mask_smoothing <= 10:
            problems.append(f"--mask-smoothing {self.mask_smoothing} is no exponent from 0 to 10; give 0.7, say")
        if self.corpus_tokens is not None and self.corpus_tokens < 1:
            problems.append(f"--corpus-tokens {self.corpus_tokens} is too little; give 1 or more")
        refuse(problems)


@dataclass(frozen=True)
class AmountSettings:
    """For how long; one of the three, or --epochs (3, as published) where none is given."""

    steps: int | None = None
    """Updates in all, in as many passes as they take."""

    tokens: int | None = None
    """Tokens in all, repeats counted."""

    budget: str | None = None
    """Time for everything, saving included, such as 45m or 2h: what fits into it is chosen by a measured speed."""

    def __post_init__(self) -> None:
        given = {name: value for name, value in vars(self).items() if value is not None}
        problems = [
            f"--{name} {value} is too little; give 1 or more"
            for name, value in given.items()
            if isinstance(value, int) and value < 1
        ]
        if len(given) > 1:
            flags = " and ".join(f"--{name} {value}" for name, value in given.items())
            problems.append(f"{flags} exclude each other; give one of them")
        if self.budget is not None:
            try:
                seconds_of(self.budget)
            except SettingsError as error:
                problems.append(str(error).replace("--within", "--budget"))
        refuse(problems)


@dataclass(frozen=True)
class TripleSettings:
    """What a student is taught by; the weights are those of DistilBERT's published recipe."""

    temperature: float = 2.0
    """That soft targets are softened by, in student and teacher."""

    soft: float = 5.0
    """Weight of the soft targets: what the teacher holds of all pieces at a place."""

    mlm: float = 2.0
    """Weight of masked language modelling: which piece stood there."""

    cosine: float = 1.0
    """Weight of one minus the cosine of the last layer's hidden states."""

    relations: float = 0.0
    """Weight of the divergence of the last layer's attention and value relations (Wang et al. 2020), for students of
    another width."""

    soft_on: SoftOn = "masked"
    """Where soft targets are compared: at the masked tokens, or at all, which takes seven times as many logits."""

    def __post_init__(self) -> None:
        problems = [
            f"--{name} {weight} is no weight; give 0 to leave it out, or a number above"
            for name, weight in self._all().items()
            if not 0.0 <= weight < math.inf
        ]
        if not TEMPERATURES[0] <= self.temperature <= TEMPERATURES[1]:
            problems.append(f"--temperature {self.temperature} is no temperature; give a number above 0, 2 say")
        if self.soft_on not in get_args(SoftOn):
            accepted = nearest(str(self.soft_on), get_args(SoftOn))
            problems.append(f"--soft-on {self.soft_on!r} names no places; it takes {accepted}")
        if not problems and not self.weights:
            problems.append("all weights are 0, and nothing is left to learn from; give --soft, --mlm or --cosine")
        refuse(problems)

    @property
    def weights(self) -> dict[str, float]:
        """The weights above 0, by the name of the part."""
        return {name: weight for name, weight in self._all().items() if weight}

    @property
    def needs_teacher(self) -> bool:
        """Whether a teacher is asked at all."""
        return bool(self.weights.keys() - {"mlm"})

    def _all(self) -> dict[str, float]:
        return {"soft": self.soft, "mlm": self.mlm, "cosine": self.cosine, "relations": self.relations}
