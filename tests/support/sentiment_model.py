"""A tiny sentiment model: three classes, made as the one that ships is, without training."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.runtime.session import answer_probes
from support.tiny import save_tiny

CLASSES = ("negative", "neutral", "positive")


def save_sentiment(
    out: Path,
    *,
    classes: Sequence[str] = CLASSES,
    languages: Sequence[str] = ("en",),
    reading: str = "head_and_tail",
    seed: int = 7,
) -> Manifest:
    """Seal a tiny three-class model at ``out`` that reads as the arguments say."""
    with tempfile.TemporaryDirectory() as home:
        made = save_tiny(Path(home) / "made", classes=classes, seed=seed)
        described = replace(made, languages=list(languages), reading=reading, files={}, probes={})

        def fill(folder: Path) -> Manifest:
            for name in made.files:
                if name != "README.md":
                    (folder / name).parent.mkdir(exist_ok=True)
                    shutil.copy2(Path(home) / "made" / name, folder / name)
            return described

        return seal(out, fill=fill, probe=answer_probes)


@functools.cache
def sentiment_model() -> Path:
    """A sealed sentiment model that reads English, which tests read and never change."""
    home = Path(tempfile.mkdtemp(prefix="limbeck-sentiment-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    save_sentiment(home / "model")
    return home / "model"
