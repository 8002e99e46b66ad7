"""A learner whose student is taught by a lesson, and what its card will say of that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck import models
from limbeck.artefact.card import AGREEMENT
from limbeck.artefact.manifest import Manifest
from limbeck.distil import number_layer
from limbeck.distil._encoder_folder import tokenizer
from limbeck.distil.align import align
from limbeck.distil.beside import Beside, seen_inside
from limbeck.distil.beside_settings import BesideSettings
from limbeck.distil.lesson import Choices, Lesson, unasked
from limbeck.distil.rows import Pool
from limbeck.distil.settings import DistilSettings
from limbeck.distil.student import WHOLE, Cut, folder_of, make
from limbeck.distil.task import Said, distilled, parts_of
from limbeck.distil.teacher import Teacher
from limbeck.errors import SettingsError
from limbeck.inspect.paired import Pair, compare
from limbeck.models.transformer import load, own_family
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.score import score
from limbeck.settings import record
from limbeck.text import Input, TextSettings
from limbeck.train.identity import weights_hash
from limbeck.train.learner import Learner
from limbeck.train.loop import Listener
from limbeck.train.progress import Reporter
from limbeck.train.saving import Finish
from limbeck.train.settings import FitSettings

TRANSFORMER_EPOCHS, TRANSFORMER_LR = 3, 2e-4
"""Soft targets are a gentler signal than labels: a student of 22 M parameters got best at 2e-4, four times the rate of
fine-tuning by labels."""
_TRIED = 64
"""Rows for which a student is made to see that it can be."""


@dataclass(frozen=True)
class Student:
    """What is to be taught."""

    source: str
    """A family's name, a folder, or a hub name."""
    cut: Cut = WHOLE


def place_student(student: Student, home: Path, inputs: Sequence[Input]) -> str:
    """The source from which the learner makes the student: a folder under ``home`` where something is left out of it.

    Raises:
        ModelError: there is no such encoder.
        SettingsError: a family that has no layers to leave out, or is fitted without steps.
    """
    source, cut = student.source, student.cut
    see_that_it_learns(source)
    if not models.is_encoder(source):
        if not cut.is_whole:
            raise SettingsError(
                f"--student {source} is made anew and has nothing to cut; leave --layers, --take, --width, "
                "--vocabulary and --dropout out"
            )
        return source
    folder = folder_of(source)
    if family := own_family(folder / "config.json"):
        raise SettingsError(
            f"{models.shown(source)} is a {family} model, which no student starts from; name an encoder with --student "
            f"FOLDER, or one that is made anew with --student small or --student {family}"
        )
    if cut.is_whole:
        return source
    name = Path(models.shown(source)).name  # of the hub's folder it would be a hash, of the shipped one "model"
    return str(make(folder, home / "student" / name, cut, inputs))


def see_that_it_learns(source: str) -> None:
    """Raise for a family that the training loop does not fit.

    Raises:
        SettingsError: it is one.
    """
    if models.own_fit(source) is not None:
        raise SettingsError(f"--student {source} is fitted in one go: no step of it could take a teacher's word")


def see_that_both_read(source: str, teachers: Sequence[Path], settings: BesideSettings, *, pairs: bool) -> None:
    """Raise where a loss over tokens is asked for and the teacher cannot read the student's pieces, before it is asked.

    Args:
        source: see :func:`place_student`; the pieces of a family that learns its own are not known yet.
        teachers: the folders of the teachers that have one.
        settings: the weights of the losses over tokens.
        pairs: whether the inputs are pairs of texts.

    Raises:
        SettingsError: there is no folder with the teacher's weights, or there are several.
        ModelError: the pieces are others.
    """
    if not settings.weights:
        return
    flags = " and ".join(f"--{name}" for name in settings.weights)
    compares = f"{flags} compare{'s' if len(settings.weights) == 1 else ''} hidden states"
    if not teachers:
        raise SettingsError(f"{compares}: a file of probabilities has none; give a teacher's folder")
    if len(teachers) > 1:
        names = ", ".join(folder.name for folder in teachers)
        raise SettingsError(
            f"{compares} with those of one teacher, and {len(teachers)} folders were given ({names}); give one, and "
            "what the others said as files (limbeck predict OTHER/ TEXTS --out SAID.csv; --teacher-scores SAID.csv)"
        )
    if models.is_encoder(source):
        align(tokenizer(folder_of(source)), tokenizer(teachers[0]), pairs=pairs)


def see_that_it_can_be_taught(
    teachers: Sequence[Teacher],
    rows: Pool,
    source: str,
    *,
    folders: Sequence[Path],
    text: TextSettings | None = None,
    fit: FitSettings | None = None,
    distil: DistilSettings | None = None,
    beside: BesideSettings | None = None,
) -> None:
    """Raise for what :func:`learner_of` would refuse, before the teachers are asked about all ``rows``: a student is
    made for a few of them.

    Arguments are those of :func:`learner_of`; ``folders`` are the teachers' that have one.

    Raises:
        LimbeckError: the student cannot be made, or cannot be taught so.
    """
    beside = beside or BesideSettings()
    see_that_both_read(source, folders, beside, pairs=rows.dataset.is_pairs)
    few = unasked(teachers, rows.take(range(0, len(rows), -(-len(rows) // _TRIED))), None, Choices(valid_fraction=0.0))
    # a family that learns its pieces has learnt others of a few rows: whether they are the teacher's is told later
    kept = beside if models.is_encoder(source) else None
    teacher = next(iter(folders), None)
    learner = learner_of(few, source, text=text, fit=fit, distil=distil, beside=kept, teacher=teacher)
    if beside.weights:
        seen_inside(learner.model, beside)


def learner_of(
    lesson: Lesson,
    source: str,
    *,
    text: TextSettings | None = None,
    fit: FitSettings | None = None,
    distil: DistilSettings | None = None,
    beside: BesideSettings | None = None,
    teacher: Path | None = None,
    settings: dict[str, Any] | None = None,
    reporter: Reporter | None = None,
    listeners: Iterable[Listener] = (),
) -> Learner:
    """A learner of the student called ``source``, that has the lesson before it.

    Args:
        lesson: what it is taught.
        source: see :func:`place_student`.
        text: how much of a text it reads.
        fit: epochs, rates, batches; three epochs at 2e-4 for an encoder where not given.
        distil: temperature and share of labels.
        beside: weights of the losses over tokens.
        teacher: the teacher's folder, which they need.
        settings: the whole command's, for the record.
        reporter: is told how far it is.
        listeners: are told each entry of the log.

    Raises:
        LimbeckError: the student cannot be made, or cannot be taught so.
    """
    see_that_it_learns(source)
    distil, beside = distil or DistilSettings(), beside or BesideSettings()
    if distil.temperature != 1.0 and lesson.train.task == "regress":
        raise SettingsError(
            f"--temperature {distil.temperature:g} softens probabilities, and the teacher gives numbers; leave it out"
        )
    learner = Learner(
        lesson.train,
        lesson.valid,
        model=source,
        text=text,
        fit=with_defaults(fit or FitSettings(), source),
        settings=settings,
        reporter=reporter,
        listeners=listeners,
    )
    kept = _rows_of(learner.train.ids, lesson.train.ids)
    logits, is_number = lesson.logits[kept], learner.task.name == "regress"
    in_unit = logits
    if is_number:
        number_layer.keep(learner, in_unit)
        learner.start = weights_hash(learner.model.module)
        scale, offset = learner.scale
        logits = ((logits - offset) / scale).astype(np.float32)
    learner.notices += _told_of_other_parts(lesson, learner)
    said = Said(torch.from_numpy(logits), torch.from_numpy(lesson.is_labelled[kept]))
    next_to = _beside(learner, beside, teacher)
    hard = distil.hard if said.is_labelled.any() else 0.0
    if distil.hard > hard:
        learner.notices.append(f"--hard {distil.hard:g} does nothing: no row has a label of its own")
    step = distilled(
        said,
        temperature=distil.temperature,
        hard=hard,
        loss=learner.objective.loss,
        is_number=is_number,
        beside=next_to,
    )

    def attach(model: models.TextModel) -> None:
        if is_number:
            number_layer.keep(learner, in_unit)
        if next_to is not None:
            next_to.attach(model)

    learner.take_step(
        step,
        parts=parts_of(hard=hard, beside=next_to),
        attach=attach,
        finish=finishing(lesson, learner),
        teachers=list(lesson.teachers),
        said=lesson.fingerprint,
        valid="labelled" if lesson.valid_is_labelled else AGREEMENT,
        **record(distil),
        **({**record(beside), "beside": weights_hash(next_to.teacher)} if next_to is not None else {}),
    )
    return learner


def with_defaults(fit: FitSettings, source: str) -> FitSettings:
    """The settings with epochs and rate put in where an encoder is taught."""
    if not models.is_encoder(source):
        return fit
    return replace(fit, epochs=fit.epochs or TRANSFORMER_EPOCHS, lr=fit.lr or TRANSFORMER_LR)


def finishing(lesson: Lesson, learner: Learner) -> Finish:
    """Adds to the manifest how teacher and student compare on the validation rows, where the teacher knows them."""

    def finish(folder: Path, manifest: Manifest) -> Manifest:
        found = compared(lesson, learner, folder, manifest)
        taught = dict(manifest.training.get("taught", {}))
        taught |= {} if found is None else {"compared": found.to_json()}
        taught |= {"seen": {name: round(share, 4) for name, share in lesson.seen.items()}} if lesson.seen else {}
        return replace(manifest, training={**manifest.training, "taught": taught})

    return finish


def compared(lesson: Lesson, learner: Learner, folder: Path, manifest: Manifest) -> Pair | None:
    """Teacher and student on the validation rows, by their labels; None where there are none that the teacher knows."""
    if lesson.said_of_valid is None or learner.valid is None or not lesson.valid_is_labelled:
        return None
    scores = score(Predictor(folder, manifest), learner.valid, cache=False)
    return compare(learner.task, lesson.said_of_valid, scores, learner.task.encode(learner.valid.targets or []))


def _rows_of(kept: Sequence[bytes], all_ids: Sequence[bytes]) -> NDArray[np.int64]:
    """The numbers among all rows of those that were kept, which stand in the same order."""
    numbers = enumerate(all_ids)
    return np.array([next(row for row, other in numbers if other == key) for key in kept], np.int64)


def _told_of_other_parts(lesson: Lesson, learner: Learner) -> list[str]:
    """Which teachers read other parts of long texts than the student, a line each: what they say is of those parts."""
    whole, mine, lines = learner.encoded.read + learner.encoded.dropped, record(learner.text), []
    for name, its in lesson.reads.items():
        lengths = [int(one.get("max_length", learner.text.max_length)) for one in (its, mine)]
        n_longer = int((whole > min(lengths)).sum())
        if n_longer and any(its.get(key, value) != value for key, value in mine.items()):
            longer = "1 text is longer" if n_longer == 1 else f"{n_longer:,} texts are longer"
            same = f"--max-length {lengths[0]} --head {its.get('head', learner.text.head):g}"
            lines.append(
                f"{name} read up to {lengths[0]} tokens of a text, and the student {lengths[1]}: {longer}, of which "
                f"they read other parts; {same} makes both alike"
            )
    return lines


def _beside(learner: Learner, settings: BesideSettings, teacher: Path | None) -> Beside | None:
    """The teacher's module beside the student; None where no loss needs it.

    Raises:
        SettingsError: there is no folder with the teacher's weights.
        ModelError: the two do not fit.
    """
    if not settings.weights:
        return None
    see_that_both_read(learner.source, [] if teacher is None else [teacher], settings, pairs=learner.train.is_pairs)
    assert teacher is not None
    return Beside(
        load(teacher),
        learner.model,
        settings,
        pairs=learner.train.is_pairs,
        max_length=learner.text.max_length,
        seed=learner.fit_settings.seed,
    )
