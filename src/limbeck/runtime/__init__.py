"""Answers without PyTorch: numpy, tokenizers and onnxruntime only.

``load`` and what it gives stand here; files of any size are :mod:`limbeck.runtime.stream`'s work, a dataset's Scores
:mod:`limbeck.runtime.score`'s, the replay of probes :mod:`limbeck.runtime.check`'s. Names are imported when asked
for, so that a folder's hashing can begin before numpy is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limbeck.runtime.answer import Answer
    from limbeck.runtime.loading import load
    from limbeck.runtime.predictor import Predictor

_HOMES = {"load": "loading", "Predictor": "predictor", "Answer": "answer"}

__all__ = ["Answer", "Predictor", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
