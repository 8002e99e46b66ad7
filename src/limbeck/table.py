"""Tables of names: the files of a folder, and what other packages add by entry points.

A table of tasks, losses, passes, models or commands is its folder: the file's name is the name. Listing the names
imports none of them. Another package adds one with an entry point whose group is ``limbeck.<folder>``, or
``limbeck.commands``.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

from limbeck.errors import SettingsError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Table:
    """The entries of one folder, by name.

    Args:
        package: the folder, as an importable name such as ``limbeck.tasks``.
        noun: what an entry is called in messages.
        flag: the flag or argument that names an entry, for messages.
        group: of the entry points that add to it; the package's name where not given.
    """

    def __init__(self, package: str, noun: str, flag: str, *, group: str | None = None) -> None:
        self.package = package
        self.group = group or package
        self.noun = noun
        self.flag = flag

    def names(self) -> tuple[str, ...]:
        """All names, sorted; files that begin with an underscore are parts of others."""
        folder = importlib.import_module(self.package).__path__
        own = {entry.name for entry in pkgutil.iter_modules(folder) if not entry.name.startswith("_")}
        return tuple(sorted(own | {entry.name for entry in self._added()}))

    def __contains__(self, name: str) -> bool:
        return name in self.names()

    def module(self, name: str) -> ModuleType:
        """Import the entry called ``name``.

        Raises:
            SettingsError: there is none of that name.
        """
        if name.isidentifier() and not name.startswith("_") and importlib.util.find_spec(f"{self.package}.{name}"):
            return importlib.import_module(f"{self.package}.{name}")
        for entry in self._added():
            if entry.name == name:
                return importlib.import_module(entry.module)
        raise SettingsError(f"no {self.noun} is called {name!r}; {self.flag} takes {nearest(name, self.names())}")

    def _added(self) -> tuple[EntryPoint, ...]:
        import importlib.metadata  # the scan of all that is installed takes a tenth of a second: own names need none

        return tuple(importlib.metadata.entry_points(group=self.group))
