"""The file formats: a file each, found by the suffix that it names in ``SUFFIXES``.

A format's file has ``open_rows(path, encoding, skip_bad_rows) -> RowSource`` and, where it can be written, an
``Encoder`` class: ``Encoder(file, path, columns, schema)`` with ``write_rows(rows)`` and ``finish()``. A format whose
columns have types has ``typed(schema, kinds)`` too, which gives the schema with columns added.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType

from limbeck.errors import DataError, nearest


@cache
def by_suffix() -> dict[str, ModuleType]:
    """Suffix -> the file of this folder that reads it."""
    modules = [importlib.import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)]
    return {suffix: module for module in modules for suffix in getattr(module, "SUFFIXES", ())}


def format_of(path: Path, *, to_write: bool = False) -> ModuleType:
    """Give the format of a file by its suffix.

    Raises:
        DataError: no format has that suffix, or it is only read.
    """
    formats = {suffix: module for suffix, module in by_suffix().items() if not to_write or hasattr(module, "Encoder")}
    suffix = path.suffix.lower()
    if suffix not in formats:
        verb = "write" if to_write else "read"
        raise DataError(f"cannot {verb} {str(path)!r} by its suffix {path.suffix!r}: use {nearest(suffix, formats)}")
    return formats[suffix]
