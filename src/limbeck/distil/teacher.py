"""Teachers: a saved model, a fine-tuned folder of transformers, or a file of what was said. Each becomes Scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from limbeck.artefact.manifest import NAME
from limbeck.data import Dataset
from limbeck.data.record import share_learnt
from limbeck.distil import given
from limbeck.distil.judging import judge, n_remembered
from limbeck.distil.mean import joined
from limbeck.errors import DataError
from limbeck.runtime import load
from limbeck.scores import Scores
from limbeck.train.progress import Reporter

if TYPE_CHECKING:
    from limbeck.runtime.predictor import Predictor


class Teacher(Protocol):
    """Whatever judges texts."""

    @property
    def name(self) -> str:
        """For messages and the card."""
        ...

    @property
    def task(self) -> dict[str, Any]:
        """Name and classes, as in ``limbeck.json``."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hex digits that tell it from every other."""
        ...

    @property
    def dataset(self) -> Dataset | None:
        """The texts that it brings along; None for one that is asked."""
        ...

    @property
    def can_be_asked(self) -> bool:
        """Whether it judges any text, or only those that it judged before."""
        ...

    def judge(self, dataset: Dataset, reporter: Reporter) -> Scores:
        """What it says of the inputs of ``dataset`` that it knows."""
        ...

    def share_learnt(self, dataset: Dataset) -> float | None:
        """The estimated share of the inputs that it learnt from; None where that cannot be told."""
        ...


@dataclass(frozen=True)
class FileTeacher:
    """What somebody said, in a file."""

    name: str
    given: given.Given
    can_be_asked: bool = False

    @property
    def task(self) -> dict[str, Any]:
        """Name and classes."""
        return self.given.scores.task

    @property
    def fingerprint(self) -> str:
        """Of the file."""
        return self.given.scores.model

    @property
    def dataset(self) -> Dataset | None:
        """Its texts; None for a table of ids alone."""
        return self.given.dataset

    def judge(self, dataset: Dataset, reporter: Reporter) -> Scores:
        """All that it says, whatever is asked; of inputs that only look like its own, what it says of those."""
        del reporter
        return joined(self.given.scores, self.given.dataset, dataset)

    def share_learnt(self, dataset: Dataset) -> float | None:
        """None: a file does not tell."""
        del dataset
        return None


@dataclass(frozen=True)
class ModelTeacher:
    """A model that is asked."""

    name: str
    folder: Path
    predictor: Predictor
    can_be_asked: bool = True
    dataset: Dataset | None = None
    exact: bool = False
    """Whether it answers in float32 alone, and not in int8 where that has the same labels."""
    classes: tuple[str, ...] = ()
    """In the order in which it answers: beside other teachers that of the first; none where that is its own."""

    @property
    def task(self) -> dict[str, Any]:
        """Name and classes."""
        own = self.predictor.task.to_json()
        return {**own, "classes": list(self.classes)} if self.classes else own

    @property
    def fingerprint(self) -> str:
        """Of the model."""
        return self.predictor.fingerprint

    def judge(self, dataset: Dataset, reporter: Reporter) -> Scores:
        """Score the inputs, piece by piece, each kept in the user's cache."""
        said = judge(self.predictor, dataset, reporter, name=self.name, exact=self.exact)
        return given.of_classes(said, self.classes or None, name=self.name)

    def share_learnt(self, dataset: Dataset) -> float | None:
        """The estimated share of the inputs that it learnt from; None where it does not tell."""
        return share_learnt(self.predictor.manifest.data, dataset.ids)

    def n_remembered(self, dataset: Dataset) -> int:
        """Of how many inputs :meth:`judge` has the scores at once, from the user's cache."""
        return n_remembered(self.predictor, dataset, exact=self.exact)


def open_model(folder: Path, home: Path, *, pairs: bool = False, exact: bool = False) -> ModelTeacher:
    """The model in ``folder`` as a teacher.

    Args:
        folder: a saved model, or a fine-tuned classifier as transformers saves it.
        home: a folder for a while, in which the second is made into the first.
        pairs: the second is asked about pairs of texts.
        exact: it answers in float32 alone.

    Raises:
        LimbeckError: it is neither, or damaged.
    """
    name = folder.resolve().name
    if (folder / NAME).is_file():
        return ModelTeacher(name, folder, load(folder), exact=exact)
    from limbeck.distil.adopt import adopt

    return ModelTeacher(name, folder, load(adopt(folder, home / "adopted", pairs=pairs)), exact=exact)


def open_models(folders: Sequence[Path], home: Path, *, exact: bool = False) -> list[ModelTeacher]:
    """The models in some folders as teachers of one student: their classes are joined by name, in the first's order.

    Two folders of one name are told apart by the folder above them. Arguments are those of :func:`open_model`.

    Raises:
        LimbeckError: one is no teacher, or has other classes than the first.
    """
    found = [open_model(folder, home / f"teacher-{n}", exact=exact) for n, folder in enumerate(folders)]
    names = [one.name for one in found]
    for n, one in enumerate(found):
        if names.count(one.name) > 1:
            found[n] = replace(one, name=f"{one.folder.resolve().parent.name}/{one.name}")
    return [*found[:1], *(_in_order_of(found[0], one) for one in found[1:])]


def _in_order_of(first: ModelTeacher, other: ModelTeacher) -> ModelTeacher:
    """The other teacher, its answers in the order of the first one's classes.

    Raises:
        DataError: it has other classes.
    """
    classes = first.task.get("classes")
    if other.task["name"] != first.task["name"] or not classes or other.task["classes"] == classes:
        return other  # whoever does another task is told so
    nothing = given.table_of([], np.zeros((0, len(other.task["classes"]))), task=other.task, model=other.fingerprint)
    given.of_classes(nothing, classes, name=other.name)
    return replace(other, classes=tuple(classes))


def open_file(path: Path, wanted: given.Wanted, before: Sequence[Teacher] = ()) -> FileTeacher:
    """What somebody said in a file, as a teacher beside those ``before``, whose task and classes it has to have.

    Raises:
        DataError: it cannot be read so.
    """
    if before:
        task = before[0].task
        classes = tuple(map(str, task["classes"])) if task.get("classes") else None
        wanted = replace(wanted, classes=classes, classes_of=before[0].name, task=str(task["name"]))
    return FileTeacher(path.name, given.read(path, wanted))


def fitting(teachers: Sequence[Teacher], dataset: Dataset, home: Path) -> list[Teacher]:
    """The teachers, ready for the inputs of ``dataset``: single texts, or pairs.

    A classifier of transformers does not say which of the two it was made for, and is asked as the data wants.

    Raises:
        DataError: a saved model takes the other kind.
    """
    return [
        _fitting(one, dataset, home / f"teacher-{n}") if isinstance(one, ModelTeacher) else one
        for n, one in enumerate(teachers)
    ]


def _fitting(teacher: ModelTeacher, dataset: Dataset, home: Path) -> ModelTeacher:
    if teacher.predictor.is_pairs == dataset.is_pairs:
        return teacher
    if not (teacher.folder / NAME).is_file():
        again = open_model(teacher.folder, home, pairs=dataset.is_pairs, exact=teacher.exact)
        return replace(teacher, predictor=again.predictor)
    if dataset.is_pairs:
        raise DataError(
            f"{dataset.name} holds pairs of texts, and {teacher.name} takes one text; name its column with "
            "--text-column, or give a teacher of pairs"
        )
    raise DataError(
        f"{dataset.name} holds single texts, and {teacher.name} takes pairs; name both columns with --text-column and "
        "--text-pair-column (--cut-sentences makes single texts), or give a teacher of single texts"
    )


def same_classes(teachers: Sequence[Teacher]) -> None:
    """See that all teachers do the same task.

    Raises:
        DataError: one has another task or other classes than the first.
    """
    first = teachers[0]
    for other in teachers[1:]:
        if other.task != first.task:
            raise DataError(
                f"{first.name} does {_told(first.task)}, {other.name} {_told(other.task)}: teachers of one student "
                "need the same classes"
            )


def _told(task: dict[str, Any]) -> str:
    classes = task.get("classes")
    return str(task.get("name")) + (f" with the classes {', '.join(map(repr, classes))}" if classes else "")
