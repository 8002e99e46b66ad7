"""Stands for tyro in the annotations, which are read only when flags are parsed: it takes 0.1 s to import."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tyro
else:

    class _Tyro:
        """Gives tyro's own names."""

        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("tyro"), name)

    tyro = _Tyro()

__all__ = ["tyro"]
