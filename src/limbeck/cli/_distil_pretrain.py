"""``limbeck distil --pretrain``: an encoder distilled on texts as DistilBERT was, by the triple loss."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from limbeck.cli._pretraining import Asked, Made, carry_out, corpus_of, name_of
from limbeck.cli._say import say
from limbeck.distil.settings import StudentSettings
from limbeck.errors import DataError, ModelError, SettingsError
from limbeck.pretrain.settings import TripleSettings
from limbeck.settings import record

if TYPE_CHECKING:
    from limbeck.pretrain.masked import MaskedModel

HELP = "Distil an encoder on texts as DistilBERT was: soft targets, masked LM and hidden states together."
EXAMPLE = "limbeck distil --pretrain teacher/ corpus.txt --layers 3 --budget 45m --out student/"


@dataclass(frozen=True, kw_only=True)
class PretrainSettings(Asked):
    """Flags of the command with ``--pretrain``."""

    inputs: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="TEACHER CORPUS...", help_behavior_hint="")
    ]
    """The teacher, an encoder's folder or hub name with a masked-LM head (limbeck pretrain fits one); then files of
    texts, or hub:OWNER/NAME[:SPLIT], which is streamed."""

    out: Path = Path("student")
    """The folder to save the student in."""

    pretrain: bool = True
    """Distil an encoder on texts; without, a classifier on what a teacher says (limbeck distil --help)."""

    student: StudentSettings = field(default_factory=StudentSettings)
    """What the student is like. --student distilbert makes the exact one of a BERT."""

    triple: TripleSettings = field(default_factory=TripleSettings)
    """What counts in the loss."""

    scratch: bool = False
    """Begin the student's weights anew, in the shape that it would have."""


def run(settings: PretrainSettings) -> int:
    """Distil and save; results on stdout, everything else on stderr.

    Raises:
        LimbeckError: something that was given cannot be used, or the training failed.
    """
    if not settings.inputs:
        raise SettingsError(f"no teacher and no corpus were named; {EXAMPLE}")
    if settings.student.through is not None:
        raise SettingsError(
            f"--through {settings.student.through} is of distillation by a teacher's answers; with --pretrain make "
            "each student by a command of its own"
        )
    teacher, *sources = settings.inputs
    if Path(teacher).is_file():
        raise DataError(f"{teacher} is a file; the teacher's folder stands before the corpus: {EXAMPLE}")
    return carry_out(settings, sources, lambda home: _made(settings, teacher, sources, home))


def _made(settings: PretrainSettings, name: str, sources: Sequence[str], home: Path) -> Made:
    """Teacher and student, and the step that joins them.

    Raises:
        LimbeckError: one cannot be used, or they do not fit together.
    """
    from limbeck.models import _hub
    from limbeck.pretrain.masked import open_masked
    from limbeck.pretrain.step import triple
    from limbeck.pretrain.teacher import teacher_beside
    from limbeck.pretrain.trainer import Lesson
    from limbeck.train.identity import weights_hash

    folder = _hub.find(name, flag="the teacher", families=False)
    opened = open_masked(folder)
    if not opened.has_head and {"soft", "mlm"} & settings.triple.weights.keys():
        raise ModelError(
            f"{name} has no masked-LM head, so it cannot say which piece was hidden; fit one first: limbeck pretrain "
            f"{shlex.join([*sources, '--model', name, '--out', f'{Path(name_of(name)).name}-mlm'])}"
        )
    source = _student_folder(settings, folder, sources, home)
    cut = open_masked(source, seed=settings.fit.seed, scratch=settings.scratch, dropout=settings.student.dropout)
    student = cut.model
    sizes = [(model.n_parameters(), int(model.inner.config.num_hidden_layers)) for model in (student, opened.model)]
    if all(mine >= its for mine, its in zip(*sizes, strict=True)) and not settings.scratch:
        say("the student is as large as its teacher; --layers 3, say, makes it smaller")
    told, beside = record(settings.triple), None
    if settings.triple.needs_teacher:
        told["teacher"] = weights_hash(opened.model)
        beside = teacher_beside(opened.model, student, settings.triple, _ids(student, opened.model))
    else:
        say("masked LM alone is learnt: the teacher gives its layers, and is asked nothing")
    parts = tuple(settings.triple.weights)
    lesson = Lesson(triple(beside, settings.triple), parts, told, beside)
    has_head = cut.has_head or settings.scratch
    return Made(student, lesson, Path(name_of(name)).name, opened.has_head, has_head=has_head)


def _student_folder(settings: PretrainSettings, teacher: Path, sources: Sequence[str], home: Path) -> Path:
    """The folder that the student starts from, cut as asked.

    Raises:
        LimbeckError: it cannot be cut so.
    """
    from limbeck.distil import distilbert, student

    asked = settings.student
    cut = student.Cut(asked.layers, asked.taken, asked.width)
    begins_as_teacher = asked.student in (None, distilbert.NAME)
    source = teacher if begins_as_teacher else student.folder_of(str(asked.student), families=False)
    if asked.vocabulary is not None:
        student.see_that_it_trims(source, asked.vocabulary)
    if asked.student == distilbert.NAME:
        made = distilbert.make(teacher, home / "student", cut)
    else:
        made = source if cut.is_whole else student.make(source, home / "student", cut)
    if asked.vocabulary is None:
        return made
    return _trimmed(settings, made, asked.vocabulary, sources, home)


def _trimmed(settings: PretrainSettings, made: Path, pieces: int, sources: Sequence[str], home: Path) -> Path:
    """The student with the pieces that the corpus uses most.

    Raises:
        LimbeckError: they are too few, or the corpus cannot be read.
    """
    from limbeck.distil import student
    from limbeck.models.transformer import read_tokenizer

    corpus = corpus_of(settings, sources, read_tokenizer(made))
    student.trim_to(made, home / "trimmed", pieces, corpus.counts)
    return home / "trimmed"


def _ids(student: MaskedModel, teacher: MaskedModel) -> Any:
    """The teacher's id of each of the student's pieces; None where they are the same.

    Raises:
        ModelError: the teacher cannot read the student's pieces.
    """
    import torch

    from limbeck.distil.align import align

    if student.tokenizer == teacher.tokenizer:
        return None
    advice = "Start the student from the teacher itself, or from an encoder with its tokenizer"
    ids = align(student.tokenizer, teacher.tokenizer, advice=advice)
    if (ids < 0).any():
        raise ModelError(f"the student's tokenizer has {int((ids < 0).sum())} ids that stand for no piece. {advice}")
    return torch.from_numpy(ids)
