"""What stands in a folder, and the licences that have to go along with a model's weights."""

from __future__ import annotations

from pathlib import Path

LICENCES = {"LICENSE": "Do as you like.\n", "LICENSES/Ours-1.0.txt": "Say who made it.\n"}


def licensed(folder: Path) -> Path:
    """Write a licence into a folder, and another into its folder of licences; the folder is given back."""
    (folder / "LICENSES").mkdir()
    for name, text in LICENCES.items():
        (folder / name).write_text(text)
    return folder


def licences_of(folder: Path) -> dict[str, str]:
    """What stands in a folder under the names of :data:`LICENCES`, to be compared with them."""
    return {name: (folder / name).read_text() for name in LICENCES}


def names_of(folder: Path) -> set[str]:
    """All files of a folder and of those in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
