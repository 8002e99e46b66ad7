"""Modules of a folder that is no package, imported by their plain names as its scripts do, for a while."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType


@contextlib.contextmanager
def plain_modules(folder: Path, names: Sequence[str]) -> Iterator[dict[str, ModuleType]]:
    """Import ``names`` from ``folder``, in this order; afterwards path and modules are as they were."""
    before, path = {name: sys.modules.pop(name, None) for name in names}, list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path[:] = path
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
