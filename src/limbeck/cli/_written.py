"""Files that a command writes, looked at before the work: they can be written, and replace nothing that is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

PAGES = (".html", ".htm")
"""How the name of a page ends."""


def hindrances(
    flag: str,
    path: Path | None,
    *,
    reads: Sequence[Path | None] = (),
    endings: Sequence[str] = (),
    makes_folders: bool = False,
) -> list[str]:
    """Why no file can be written at ``path``, in words for the user; nothing where one can, or none is wanted.

    Args:
        flag: the flag that names the file.
        path: where it is to stand.
        reads: what the command reads.
        endings: how its name has to end; anyhow where not given.
        makes_folders: whether folders that are missing will be made.
    """
    if path is None:
        return []
    name, above = f"{flag} {str(path)!r}", path.parent
    if endings and path.suffix.lower() not in endings:
        return [f"{name} is no name of such a file; give one that ends in {endings[0]}"]
    if path.is_dir():
        return [f"{name} is a folder; name a file to write"]
    if path.exists() and any(one is not None and one.exists() and path.samefile(one) for one in reads):
        return [f"{name} is the file that is read; name another"]
    while makes_folders and not above.exists():
        above = above.parent
    if not above.is_dir():
        return [f"{name} cannot be written: {str(above)!r} is no folder that exists; name another place"]
    if not os.access(above, os.W_OK):
        return [f"{name} cannot be written: the folder {str(above)!r} may not be changed; name another place"]
    return []
