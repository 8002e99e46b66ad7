"""The teachers of ``limbeck distil``: told apart from the data on the command line, and opened."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._say import say
from limbeck.cli.train import DataChoices
from limbeck.distil.settings import ALIKE, TextChoices, named_again
from limbeck.errors import DataError, LimbeckError, SettingsError, closest, quoted, together

if TYPE_CHECKING:
    from limbeck.distil.teacher import Teacher

_CONFIG = "config.json"
_OFFERED = 3
"""So many models are named that may have been meant."""


@dataclass(frozen=True)
class Given:
    """The files and folders of one command."""

    teachers: tuple[Path, ...]
    """Folders of models."""
    data: Path | None
    """Labelled rows."""
    scores: tuple[Path, ...] = ()
    """Files of what teachers said."""
    columns: DataChoices = field(default_factory=DataChoices)
    texts: TextChoices = field(default_factory=TextChoices)
    seed: int = 0
    exact: bool = False
    """Whether a teacher that is asked answers in float32 alone."""


def told_apart(
    inputs: Sequence[Path], scores: Sequence[Path], others: Sequence[Path | None] = ()
) -> tuple[tuple[Path, ...], Path | None]:
    """The teachers' folders and the labelled data among what stands on the command line: a model's folder has a
    ``config.json``.

    Args:
        inputs: what stands before the flags.
        scores: files of what teachers said.
        others: further files that will be read; those that are missing are told with the rest.

    Raises:
        SettingsError: there are two files of data, a teacher or a file of what one said twice, a folder where such a
            file is wanted, or neither a teacher nor such a file.
        DataError: there is nothing at some of the paths; all of them are told.
    """
    _see_that_all_are_there(inputs, [*scores, *(path for path in others if path is not None)])
    models = [path for path in inputs if (path / _CONFIG).is_file()]
    data = [path for path in inputs if path not in models]
    problems = []
    if len(data) > 1:
        no_model = "" if models else f" (a teacher's folder has a {_CONFIG}; neither has one)"
        problems.append(
            f"two data files: {' and '.join(map(str, data))}{no_model}; one is taken (--unlabelled takes more texts, "
            "--teacher-scores what more teachers said)"
        )
    problems += [f"the teacher {path} is named twice; {ALIKE}" for path in named_again([*models, *scores])]
    for path in scores:
        asked = " ".join(map(str, dict.fromkeys([*models, path])))
        if (path / _CONFIG).is_file():
            problems.append(
                f"--teacher-scores {path} is a model's folder, and a file of what a teacher said is wanted; a teacher "
                f"that can be asked stands before the flags: limbeck distil {asked} "
                f"{data[0] if data else 'DATA'}"
            )
        elif path.is_dir():
            problems.append(f"--teacher-scores {path} is a folder; give a file of what a teacher said")
    if not models and not scores:
        named = f" ({data[0]} is no model's folder: it has no {_CONFIG})" if data else ""
        problems.append(
            f"no teacher was named{named}; give its folder, limbeck distil TEACHER/ DATA, or --teacher-scores FILE"
        )
    if problems:
        raise SettingsError(together(problems))
    return tuple(models), (data[0] if data else None)


def _see_that_all_are_there(inputs: Sequence[Path], files: Sequence[Path]) -> None:
    """Raise for paths where nothing is: of ``inputs`` each may have been meant for a model's folder.

    Raises:
        DataError: there is nothing at some of them.
    """
    from limbeck.cli._asked import FILE_SUFFIXES
    from limbeck.cli.train import see_that_it_is_there

    problems = []
    for n, path in enumerate((*inputs, *files)):
        try:
            if n < len(inputs) and not path.exists() and not path.name.lower().endswith(FILE_SUFFIXES):
                raise DataError(_no_folder(path))
            see_that_it_is_there(path)
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(together(dict.fromkeys(problems)))


def _no_folder(path: Path) -> str:
    """What to say of a name under which there is neither a teacher's folder nor data: the nearest models, and files."""
    from limbeck.cli._asked import FILE_SUFFIXES

    beside: list[Path] = []
    with contextlib.suppress(OSError):
        beside = sorted(path.parent.iterdir())
    models = [one.name for one in beside if _is_model(one)]
    files = [one.name for one in beside if one.name.lower().endswith(FILE_SUFFIXES)]
    meant = closest(path.name, models, n=_OFFERED, cutoff=0.5) or models[:_OFFERED]
    hints = [f"the nearest model is {quoted(meant[0])}" if len(meant) == 1 else ""]
    if len(meant) > 1:
        hints = [f"the nearest models are {', '.join(map(quoted, meant))}"]
    if data := closest(path.name, files, cutoff=0.5):
        hints.append(f"a file is called {quoted(data[0])}")
    told = "; ".join(filter(None, [f"no file or folder {str(path)!r}", *hints]))
    return told if meant or data else f"{told}; give a teacher's folder, which has a {_CONFIG}, or a file of texts"


def _is_model(folder: Path) -> bool:
    """Whether it is a model's folder; of one that may not be entered, no."""
    with contextlib.suppress(OSError):
        return (folder / _CONFIG).is_file()
    return False


def teachers_of(given: Given, home: Path) -> list[Teacher]:
    """Open the teachers: all of one task, with their classes in one order.

    Raises:
        LimbeckError: one cannot be opened, or they do not fit together.
    """
    from limbeck.data.formats.text_file import encoding_of
    from limbeck.distil.given import Wanted
    from limbeck.distil.teacher import open_file, open_models, same_classes

    found: list[Teacher] = [*open_models(given.teachers, home, exact=given.exact)]
    wanted = Wanted(
        task=given.columns.task or "classify",
        text_column=given.columns.text_column,
        text_pair_column=given.columns.text_pair_column,
        encoding=given.columns.encoding,
        skip_bad_rows=given.columns.skip_bad_rows,
    )
    for path in given.scores:
        encoded = replace(wanted, encoding=encoding_of(path, wanted.encoding))
        try:
            said = open_file(path, encoded, found)
        except DataError as error:
            if not found and wanted.task == "classify" and _are_numbers(given):
                wanted = replace(wanted, task="regress")
                said = open_file(path, replace(encoded, task="regress"))
            elif given.data is not None or path == given.scores[0]:
                raise
            else:
                first = f"limbeck distil {path} --teacher-scores {given.scores[0]}"
                raise DataError(f"{error}\n(a labelled file stands before the flags: {first})") from None
        if said.dataset is not None:
            say(*said.dataset.notices)
        found.append(said)
    same_classes(found)
    return found


def _are_numbers(given: Given) -> bool:
    """Whether the labelled rows, of which no task was named, are labelled with numbers."""
    columns = given.columns
    if given.data is None or columns.task is not None:
        return False
    return labelled_for(given.data, {**options_of(columns), "label_column": columns.label_column}) == "regress"


def options_of(columns: DataChoices) -> dict[str, Any]:
    """How texts are read."""
    return {
        "text_column": columns.text_column,
        "text_pair_column": columns.text_pair_column,
        "encoding": columns.encoding,
        "skip_bad_rows": columns.skip_bad_rows,
    }


def labelled_for(path: Path, options: dict[str, Any]) -> str | None:
    """The task that the labels in a file are of: numbers, or names; None where that cannot be told."""
    from limbeck.data import read_splits
    from limbeck.data.dataset import number

    try:
        parts = read_splits(path, **options, one_class_ok=True, labelled_test=False)
    except LimbeckError:
        return None
    found = next(iter(parts.values()))
    labels = found.targets or []
    n_numbers = sum(number(str(label)) is not None for label in labels)
    return found.task if found.task == "regress" or 2 * n_numbers < len(labels) else None
