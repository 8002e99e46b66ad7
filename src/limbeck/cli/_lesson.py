"""What ``limbeck distil`` is given: teachers, labelled rows, texts without labels; read, and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._say import say
from limbeck.cli.train import DataChoices, read_rows
from limbeck.distil.settings import TextChoices
from limbeck.errors import DataError, SettingsError

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.distil.rows import Pool
    from limbeck.distil.teacher import Teacher

_CONFIG = "config.json"


@dataclass(frozen=True)
class Given:
    """The files and folders of one command."""

    teacher: Path | None
    """Folder of a model."""
    data: Path | None
    """Labelled rows."""
    scores: tuple[Path, ...] = ()
    """Files of what teachers said."""
    columns: DataChoices = field(default_factory=DataChoices)
    texts: TextChoices = field(default_factory=TextChoices)
    seed: int = 0


def told_apart(inputs: Sequence[Path], scores: Sequence[Path]) -> tuple[Path | None, Path | None]:
    """The teacher's folder and the labelled data among what stands on the command line: a model's folder has a
    ``config.json``.

    Raises:
        SettingsError: there are two of one kind, or neither a teacher nor a file of what one said.
        DataError: there is nothing at a path.
    """
    from limbeck.cli.train import see_that_it_is_there

    models = [path for path in inputs if (path / _CONFIG).is_file()]
    others = [path for path in inputs if path not in models]
    for path in (*others, *scores):
        see_that_it_is_there(path)
    for what, found in (("teachers", models), ("data files", others)):
        if len(found) > 1:
            raise SettingsError(
                f"{what}: {' and '.join(map(str, found))}; one is taken (--unlabelled and --teacher-scores take more)"
            )
    if not models and not scores:
        named = f" ({others[0]} is no model's folder: it has no {_CONFIG})" if others else ""
        raise SettingsError(
            f"no teacher was named{named}; give its folder, limbeck distil TEACHER/ DATA, or --teacher-scores FILE"
        )
    return (models[0] if models else None), (others[0] if others else None)


def teachers_of(given: Given, home: Path) -> list[Teacher]:
    """Open the teachers: all of one task, with their classes in one order.

    Raises:
        LimbeckError: one cannot be opened, or they do not fit together.
    """
    from limbeck.distil.given import Wanted, read
    from limbeck.distil.teacher import FileTeacher, ModelTeacher, open_model, same_classes

    found: list[ModelTeacher | FileTeacher] = []
    if given.teacher is not None:
        found.append(open_model(given.teacher, home))
    for path in given.scores:
        task = found[0].task if found else {"name": given.columns.task or "classify"}
        classes = tuple(map(str, task["classes"])) if task.get("classes") else None
        wanted = Wanted(
            classes=classes,
            task=str(task["name"]),
            text_column=given.columns.text_column,
            text_pair_column=given.columns.text_pair_column,
            encoding=given.columns.encoding,
            skip_bad_rows=given.columns.skip_bad_rows,
        )
        said = read(path, wanted)
        if said.dataset is not None:
            say(*said.dataset.notices)
        found.append(FileTeacher(path.name, said))
    same_classes(found)
    return list(found)


def rows_of(given: Given, teachers: Sequence[Teacher]) -> tuple[Pool, Dataset | None]:
    """All texts to learn from, and the labelled validation rows where there are any.

    Raises:
        LimbeckError: a file cannot be read, or a label is none of the teacher's classes.
    """
    from limbeck.data import of_classes, read
    from limbeck.distil.rows import pool, texts_of

    task, skip = teachers[0].task, given.columns.skip_bad_rows
    columns = given.columns if given.columns.task else replace(given.columns, task=str(task["name"]))
    if columns.task != task["name"]:
        raise SettingsError(f"--task {columns.task}: the teacher does {task['name']}; leave the flag out")
    options: dict[str, Any] = {
        "text_column": columns.text_column,
        "text_pair_column": columns.text_pair_column,
        "encoding": columns.encoding,
        "skip_bad_rows": skip,
    }
    train = valid = None
    if given.data is not None:
        train, valid = read_rows(given.data, columns, given.seed)
        train = of_classes(train, task.get("classes", ()), skip=skip)
    elif columns.valid is not None:
        valid = read(columns.valid, **options, label_column=columns.label_column, task=columns.task, one_class_ok=True)
        say(*valid.notices)
    others = [one.dataset for one in teachers if one.dataset is not None]
    others += texts_of(given.texts.unlabelled, cut=given.texts.cut_sentences, options=options)
    kept_out = [
        *([valid] if valid is not None else []),
        *(read(path, **options, labelled=False) for path in given.texts.held_out),
    ]
    if train is None and not others:
        raise DataError("there are no texts to learn from: give a labelled file, or --unlabelled FILE")
    name = train.name if train is not None else others[0].name
    made = pool(train, others, kept_out=kept_out, task=str(task["name"]), name=name)
    say(*made.notices)
    return made, valid
