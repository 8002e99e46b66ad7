"""Files that go along from one model's folder to another's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from limbeck.artefact.manifest import NAME
from limbeck.artefact.verify import sha256

CARD = "README.md"
LICENCES = ("LICENSE", "LICENCE", "NOTICE", "COPYING")
"""What their files are called, in any case."""
LICENCE_FOLDERS = ("LICENSES", "LICENCES")
"""Folders of nothing else, as the REUSE specification (version 3.3) has them."""
LICENCE_SUFFIXES = ("", ".txt", ".md", ".rst", ".html")
_NAMED = re.compile(rf"({'|'.join(LICENCES)})S?([-_.].*)?", re.IGNORECASE)
_OF_ITS_NAME = re.compile(r"\.[A-Z0-9]+")
"""What stands behind the point is a licence's name, as in COPYING.LESSER and LICENSE.Apache-2.0."""


def is_licence(path: Path) -> bool:
    """Whether it is a file that has to stand wherever the weights do, by its name in any case.

    >>> is_licence(Path("License.txt")), is_licence(Path("config.json")), is_licence(Path("licensed-reviews.csv"))
    (True, False, False)
    """
    is_text = path.suffix.lower() in LICENCE_SUFFIXES or _OF_ITS_NAME.fullmatch(path.suffix) is not None
    return is_text and _NAMED.fullmatch(path.name) is not None


def licences_in(folder: Path) -> dict[str, bytes]:
    """The files that have to stand wherever the weights of ``folder`` do, by name, which in a folder
    of licences is ``LICENSES/<name>``.

    Raises:
        OSError: one cannot be read.
    """
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in licences_of(folder)}


def licences_of(folder: Path) -> list[Path]:
    """The files that licences are: beside the weights of ``folder``, and in a folder of licences there."""
    beside = sorted(folder.iterdir())
    inside = [path for place in beside if place.is_dir() and place.name in LICENCE_FOLDERS for path in place.rglob("*")]
    return [path for path in (*filter(is_licence, beside), *sorted(inside)) if path.is_file()]


def files_of(folder: Path) -> list[Path]:
    """All files of a saved model but its manifest and its card, which a copy gets anew; those in its folders too."""
    return [path for path in folder.rglob("*") if path.is_file() and path not in (folder / NAME, folder / CARD)]


def list_files(folder: Path) -> dict[str, dict[str, object]]:
    """Size in ``bytes`` and ``sha256`` of all files but the manifest, by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths
    }


def copy_into(staging: Path, folder: Path, paths: Iterable[Path]) -> None:
    """Copy files of ``folder`` to the same places in ``staging``, free to be written on even if they are not there.

    Raises:
        OSError: a file cannot be read, or there is no room.
    """
    for path in paths:
        place = staging / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
