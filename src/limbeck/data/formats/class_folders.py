"""A folder with a folder of ``.txt`` files for each class, as in aclImdb; the folder's name is the class.

Hidden files, ``__MACOSX`` and ``unsup`` (texts without a label) are passed over; so is, with a notice, what else stands
in the folders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from limbeck.data.formats.text_file import open_text
from limbeck.data.rows import BadRow, Record, Row, RowSource
from limbeck.data.spelling import spelling
from limbeck.errors import PROBLEMS_SHOWN, DataError

TEXT_SUFFIX = ".txt"
_PASSED_OVER = frozenset({"__MACOSX", "unsup"})


def open_rows(path: Path, encoding: str, skip_bad_rows: bool) -> RowSource:
    """Open a folder of class folders: columns ``text`` and ``label``, files in the order of their names.

    Raises:
        DataError: there is no class folder with a text in it.
    """
    listed = [(folder, *_listed(folder)) for folder in visible_folders(path)]
    files = [(spelling(folder.name), file) for folder, texts, _ in listed for file in texts]
    if not files:
        raise DataError(
            f"{str(path)!r} holds no class folders: wanted {path.name}/CLASS/FILE{TEXT_SUFFIX}, one text a file"
        )

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
        notices=_passed_over(path, [entry for _, _, others in listed for entry in others]),
        places=[file.relative_to(path).as_posix() for _, file in files],
    )


def _passed_over(path: Path, others: Sequence[Path]) -> list[str]:
    """A notice about what stands in the class folders and is no text, so that no class is lost unsaid."""
    if not others:
        return []
    more = f" and {len(others) - PROBLEMS_SHOWN} more" if len(others) > PROBLEMS_SHOWN else ""
    first = (entry.relative_to(path).as_posix() + ("/" if entry.is_dir() else "") for entry in others[:PROBLEMS_SHOWN])
    shown = ", ".join(first)
    return [f"{path}: {len(others)} passed over that are not CLASS/FILE{TEXT_SUFFIX}: {shown}{more}"]


def class_folders(path: Path) -> list[Path]:
    """Give the folders of ``path`` that hold texts, by name."""
    return [folder for folder in visible_folders(path) if _listed(folder)[0]]


def visible_folders(path: Path) -> list[Path]:
    """Give the folders of ``path`` by name, without hidden ones, ``__MACOSX`` and ``unsup``."""
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in _PASSED_OVER
    )


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of texts in a folder, and what else is not hidden, each by name."""
    texts: list[Path] = []
    others: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith("."):
            (texts if entry.suffix.lower() == TEXT_SUFFIX and entry.is_file() else others).append(entry)
    return texts, others
