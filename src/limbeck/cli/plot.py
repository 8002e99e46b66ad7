"""``limbeck plot``: the training of a saved model as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

HELP = "Draw the training of a saved model, update by update: loss, learning rate, momentum."
EXAMPLE = "limbeck plot model/ --out training.png"


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    model: tyro.conf.Positional[Path]
    """Folder of a saved model."""

    out: Path
    """The picture to write (.png, .svg or .pdf); one that stands there is replaced."""

    what: Annotated[tuple[str, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Panels from above: loss, its parts, perplexity, lr, momentum; all that were logged where not given."""


def run(settings: Settings) -> int:
    """Draw and write."""
    from limbeck.plots import check, training, write

    check(settings.out, flag="--out")
    log = training.Log.read(settings.model)
    print(f"saved: {write(training.draw(log, settings.what or None), settings.out)}")
    return 0
