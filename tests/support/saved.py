"""Saved models whose weights all matter: encoders with random ones, a ``small`` that learnt. Tests change none."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from limbeck import TextSettings
from limbeck.data import Dataset
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.encoders import FAMILIES, POSITIONS, folder, scatter
from support.folders import licensed

CLASSES = ("10", "9", "True", "déjà payé", "refund: late")
"""In the order of code points, which is that of the logits."""
TEXTS = (
    *("a truly lovely film for everyone", "an awful cold room", "?", "the end", "Zoë's naïve café!", "zebra 42"),
    *("people with their window to the river are on way to the office in the end", "great great great great", "a"),
    *("this was not a great meal of that there", "word near room meal book film " * 5, "charming, superb; warm."),
)


def saved(model: str) -> Path:
    """The folder of a model of five classes: a family of :mod:`support.encoders`, or ``small``."""
    return _saved(model)


@functools.cache
def _saved(model: str) -> Path:
    home = Path(tempfile.mkdtemp(prefix="limbeck-saved-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    words = ("lovely", "cold", "warm", "poor", "great")
    rows = [
        (f"{start} {word} film", name)
        for start in ("a", "the", "truly a")
        for word, name in zip(words, CLASSES, strict=True)
    ]
    data = Dataset([text for text, _ in rows], [name for _, name in rows], "classify", CLASSES)
    source = str(folder(model)) if model in FAMILIES else model
    fit = FitSettings(precision="float32", batch_size=5, seed=3)
    made = Learner(data, model=source, text=TextSettings(max_length=POSITIONS), fit=fit)
    if model in FAMILIES:
        scatter(made.model.module)
    else:
        made.fit()
    made.save(home / "model", calibrated=False)
    return licensed(home / "model")
