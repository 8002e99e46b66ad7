"""A folder with a folder of ``.txt`` files for each class, as in aclImdb; the folder's name is the class.

Hidden files, ``__MACOSX`` and ``unsup`` (texts without a label) are passed over; so is, with a notice, what else stands
in the folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from limbeck.data.formats.text_file import open_text
from limbeck.data.rows import PROBLEMS_SHOWN, BadRow, Record, Row, RowSource
from limbeck.data.spelling import spelling
from limbeck.errors import DataError

TEXT_SUFFIX = ".txt"
_PASSED_OVER = frozenset({"__MACOSX", "unsup"})


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a folder of class folders: columns ``text`` and ``label``, files in the order of their names.

    Raises:
        DataError: there is no class folder with a text in it.
    """
    folders = class_folders(path)
    if not folders:
        raise DataError(
            f"{str(path)!r} holds no class folders: wanted {path.name}/CLASS/FILE{TEXT_SUFFIX}, one text a file"
        )
    files = [(spelling(folder.name), file) for folder in folders for file in _texts(folder)]

    def rows() -> Iterator[Record]:
        for place, (label, file) in enumerate(files, start=1):
            try:
                with open_text(file, encoding, newline=None) as opened:
                    yield Row(place, {"text": opened.read().removesuffix("\n"), "label": label})
            except DataError as error:
                yield BadRow(place, str(error))

    return RowSource(
        str(path),
        ["text", "label"],
        rows,
        skip_bad_rows=skip_bad_rows,
        unit="file",
        notices=_passed_over(path),
        places=[file.relative_to(path).as_posix() for _, file in files],
    )


def _passed_over(path: Path) -> list[str]:
    """A notice about what stands in the class folders and is no text, so that no class is lost unsaid."""
    others = [
        entry.relative_to(path).as_posix() + ("/" if entry.is_dir() else "")
        for folder in visible_folders(path)
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and not (entry.suffix.lower() == TEXT_SUFFIX and entry.is_file())
    ]
    if not others:
        return []
    more = f" and {len(others) - PROBLEMS_SHOWN} more" if len(others) > PROBLEMS_SHOWN else ""
    shown = ", ".join(others[:PROBLEMS_SHOWN])
    return [f"{path}: {len(others)} passed over that are not CLASS/FILE{TEXT_SUFFIX}: {shown}{more}"]


def class_folders(path: Path) -> list[Path]:
    """Give the folders of ``path`` that hold texts, by name."""
    return [folder for folder in visible_folders(path) if next(_texts(folder), None) is not None]


def visible_folders(path: Path) -> list[Path]:
    """Give the folders of ``path`` by name, without hidden ones, ``__MACOSX`` and ``unsup``."""
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in _PASSED_OVER
    )


def _texts(folder: Path) -> Iterator[Path]:
    files = (entry for entry in folder.iterdir() if entry.suffix.lower() == TEXT_SUFFIX)
    yield from sorted(entry for entry in files if entry.is_file() and not entry.name.startswith("."))
