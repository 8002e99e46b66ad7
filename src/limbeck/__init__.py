"""limbeck: labelled text in, an accurate, small and fast classifier out: a folder that runs without PyTorch.

The public door is a table of names; each is imported when it is asked for, so that ``import limbeck`` loads nothing
heavy and a saved model answers where torch is not installed.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limbeck import sentiment
    from limbeck.data import Dataset, apply_corrections, read, read_splits, split
    from limbeck.errors import LimbeckError
    from limbeck.inspect.errors import find_errors
    from limbeck.inspect.explain import explain
    from limbeck.scores import Scores
    from limbeck.sentiment import load
    from limbeck.text import TextSettings
    from limbeck.train.found import FinderSettings
    from limbeck.train.learner import Learner
    from limbeck.train.loss_settings import LossSettings
    from limbeck.train.settings import FitSettings

__version__ = "0.1.0"

# onnxruntime 1.32 writes an identifier of the machine into the home folder when imported, to report how it is used
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_NAMES = {
    "Dataset": "limbeck.data",
    "FinderSettings": "limbeck.train.found",
    "FitSettings": "limbeck.train.settings",
    "Learner": "limbeck.train.learner",
    "LimbeckError": "limbeck.errors",
    "LossSettings": "limbeck.train.loss_settings",
    "Scores": "limbeck.scores",
    "TextSettings": "limbeck.text",
    "apply_corrections": "limbeck.data",
    "explain": "limbeck.inspect.explain",
    "find_errors": "limbeck.inspect.errors",
    "load": "limbeck.sentiment",
    "read": "limbeck.data",
    "read_splits": "limbeck.data",
    "sentiment": "limbeck",
    "split": "limbeck.data",
}

__all__ = [
    "Dataset",
    "FinderSettings",
    "FitSettings",
    "Learner",
    "LimbeckError",
    "LossSettings",
    "Scores",
    "TextSettings",
    "apply_corrections",
    "explain",
    "find_errors",
    "load",
    "read",
    "read_splits",
    "sentiment",
    "split",
]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'limbeck' has no attribute {name!r}")
    module = _NAMES[name]
    if module == "limbeck.train.learner":
        from limbeck.errors import require

        for needed in ("torch", "transformers", "accelerate"):
            require(needed, "train")
    if module == "limbeck":
        return importlib.import_module(f"limbeck.{name}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_NAMES])
