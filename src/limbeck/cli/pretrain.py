"""``limbeck pretrain``: masked language modelling on a corpus of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from limbeck.cli._pretraining import Asked, Made, carry_out
from limbeck.errors import refuse

HELP = "Pre-train an encoder on texts by masked language modelling: from scratch, going on, or fitting a head on one."
EXAMPLE = "limbeck pretrain reviews.jsonl --model encoder/ --tokens 4000000 --out encoder-mlm/"


@dataclass(frozen=True, kw_only=True)
class Settings(Asked):
    """Flags of the command."""

    corpus: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CORPUS...", help_behavior_hint="")]
    """Files of texts (txt, jsonl, csv, parquet), or hub:OWNER/NAME[:SPLIT], which is streamed."""

    model: str
    """The encoder's folder or hub name; it goes on from its weights, with a new masked-LM head where it has none."""

    scratch: bool = False
    """Take the encoder's shape and tokenizer alone: all weights begin anew."""

    dropout: float | None = None
    """Dropout while it learns; what is saved keeps the rates of its configuration. Those where not given."""

    def __post_init__(self) -> None:
        if self.dropout is not None and not 0 <= self.dropout < 1:
            refuse([f"--dropout {self.dropout} is no share; give a number from 0 to below 1"])


def run(settings: Settings) -> int:
    """Pre-train and save; results on stdout, everything else on stderr."""
    return carry_out(settings, settings.corpus, lambda _: _made(settings))


def _made(settings: Settings) -> Made:
    """The model to go on with.

    Raises:
        LimbeckError: it cannot be used.
    """
    from limbeck.cli._say import say
    from limbeck.models import _hub
    from limbeck.pretrain.masked import open_masked

    folder = _hub.find(settings.model, families=False)
    opened = open_masked(folder, seed=settings.fit.seed, scratch=settings.scratch, dropout=settings.dropout)
    if settings.scratch:
        say("from scratch: all weights begin anew")
    return Made(opened.model, has_head=opened.has_head or settings.scratch)
