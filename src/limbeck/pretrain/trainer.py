"""Pre-training: a corpus and a model with a masked-LM head in, a folder that transformers loads out.

It runs in the one training loop; what it adds is the corpus, the masks of each epoch, and how long is trained.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import SettingsError
from limbeck.models._rates import rates_of
from limbeck.models.transformer import max_positions
from limbeck.pretrain.amount import choose
from limbeck.pretrain.blocks import Layout, layout_of
from limbeck.pretrain.corpus import Corpus
from limbeck.pretrain.masked import MaskedModel
from limbeck.pretrain.masking import Masker
from limbeck.pretrain.measuring import measure
from limbeck.pretrain.micro import MaskedCollator
from limbeck.pretrain.settings import BATCH_TOKENS, AmountSettings, published_fit
from limbeck.pretrain.step import masked_lm
from limbeck.pretrain.teacher import TeacherBeside
from limbeck.settings import record
from limbeck.text import Encoder
from limbeck.train import checkpoint
from limbeck.train.checkpoint import Progress
from limbeck.train.freeze import check_freeze
from limbeck.train.identity import FREE, weights_hash
from limbeck.train.launch import number
from limbeck.train.limit import NO_LIMIT, Limit
from limbeck.train.loop import Listener, Loop, Work
from limbeck.train.memory import keep_freed_memory
from limbeck.train.precision import resolve
from limbeck.train.processes import join
from limbeck.train.progress import Reporter, Silent
from limbeck.train.settings import FitSettings
from limbeck.train.step import Step

_TRIED_BLOCKS = 8
"""That a teacher's precision is decided by."""


@dataclass(frozen=True)
class Lesson:
    """What a model is taught by, beside the corpus."""

    step: Step = masked_lm
    parts: tuple[str, ...] = ()
    """Names of the loss's parts that the step gives."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """By name, as json holds it, what decides its losses: a resume must find it unchanged."""
    teacher: TeacherBeside | None = None


class Pretrainer:
    """Pre-trains a model on a corpus.

    Args:
        model: an encoder with its masked-LM head.
        corpus: blocks of tokens by the model's own tokenizer.
        fit: epochs, rates, batches; epochs and rate as published where not given.
        mask_share: share of a block's tokens that are asked for.
        mask_smoothing: see :class:`limbeck.pretrain.masking.Masker`.
        lesson: the step; masked language modelling where not given.
        reporter: is told how far it is.
        listeners: are told each entry of the log as it is made.

    Raises:
        SettingsError: the model has no positions for the corpus's blocks.
    """

    def __init__(
        self,
        model: MaskedModel,
        corpus: Corpus,
        fit: FitSettings,
        *,
        mask_share: float = 0.15,
        mask_smoothing: float = 0.7,
        lesson: Lesson | None = None,
        reporter: Reporter | None = None,
        listeners: Iterable[Listener] = (),
    ) -> None:
        see_that_it_can_learn(model, lesson, fit, corpus.train.length)
        self.model, self.corpus = model.to(join().accelerator.device), corpus
        published = published_fit()
        fit = replace(fit, epochs=fit.epochs or published.epochs, lr=fit.lr or published.lr)
        if fit.batch_size is None and fit.batch_tokens is None:
            fit = replace(fit, batch_tokens=BATCH_TOKENS)
        self.fit_settings = replace(fit, precision=resolve(fit.precision))  # type: ignore[arg-type]
        self.reporter = reporter if reporter is not None and number() == 0 else Silent()
        self.listeners = tuple(listeners) if number() == 0 else ()
        self.progress: Progress | None = None
        self.limit = NO_LIMIT
        self._masking = {"mask_share": mask_share, "mask_smoothing": mask_smoothing}
        masker = Masker(
            corpus.counts,
            corpus.train.special,
            mask_of(corpus.train.layout),
            corpus.train.layout.n_pieces,
            share=mask_share,
            smoothing=mask_smoothing,
            seed=fit.seed,
        )
        self.collate = MaskedCollator(corpus.train, masker)
        self._measured = MaskedCollator(corpus.valid, masker, epoch=None)
        self._start = weights_hash(model)
        self.lesson = self._settled(lesson or Lesson())

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each block: one length."""
        return np.full(len(self.corpus.train), self.corpus.train.length, np.int64)

    @property
    def tokens_per_update(self) -> float:
        """Tokens that an optimiser step sees, on average."""
        lengths = self.lengths
        return float(lengths.sum()) / len(self.fit_settings.steps(lengths))

    def n_updates(self) -> int:
        """Optimiser steps that :meth:`fit` takes."""
        return sum(self.fit_settings.epoch_sizes(self.lengths))

    def last(self, amount: AmountSettings, limit: Limit | None = None, *, checkpoints: Path | None = None) -> str:
        """Train for so long; see :func:`limbeck.pretrain.amount.choose`."""
        return choose(self, amount, limit, checkpoints)

    def fit(self, checkpoints: Path | None = None, *, resume: bool = False) -> Progress:
        """Train, or take up a training that was stopped.

        Args:
            checkpoints: the folder for checkpoints; none are written where not given.
            resume: go on from the newest checkpoint there; begin where there is none.

        Raises:
            TrainingError: the loss is not a number any more, or a checkpoint is of other settings or another corpus.
            Interrupted: the user asked to stop.
        """
        keep_freed_memory()
        processes = join()
        processes.agree(self.identity())
        saved = processes.checkpoint(lambda: checkpoint.newest(checkpoints) if resume and checkpoints else None)
        loop = Loop(self.work(), self.fit_settings, checkpoints=checkpoints, reporter=self.reporter)
        if saved is not None:
            loop.resume(saved)
        processes.start_alike(self.model)
        self.progress = loop.run()
        return self.progress

    def work(self) -> Work:
        """What the training loop works on."""
        return Work(
            self.model,
            self.lesson.step,
            self.collate,
            self.lengths,
            self.measure,
            self.identity(),
            is_time_up=self._watch(),
            listeners=self.listeners,
            parts=self.lesson.parts,
            begin_epoch=self.collate.begin_epoch,
        )

    def identity(self) -> dict[str, Any]:
        """All that decides the weights, by name, as JSON takes it."""
        kept = {key: value for key, value in record(self.fit_settings).items() if key not in FREE}
        identity = {**kept, **self._masking, "corpus": self.corpus.fingerprint, "length": self.corpus.train.length}
        identity |= {"dropout": rates_of(self.model.inner.config)}
        identity |= {"model": self._start} | {f"taught by {key}": value for key, value in self.lesson.record.items()}
        return json.loads(json.dumps(identity))  # type: ignore[no-any-return]

    def measure(self) -> dict[str, float]:
        """The step's loss and its parts on texts that were held back, and the perplexity of their hidden tokens."""
        return measure(
            self.model,
            self.lesson.step,
            self._measured,
            n_blocks=len(self.corpus.valid),
            length=self.corpus.valid.length,
            fit=self.fit_settings,
            parts=self.lesson.parts,
        )

    def perplexity_of_teacher(self) -> float:
        """That of the lesson's teacher, of the same hidden tokens.

        Raises:
            SettingsError: the lesson has none.
        """
        if self.lesson.teacher is None:
            raise SettingsError("this model is taught by no teacher")
        n_blocks, length = len(self.corpus.valid), self.corpus.valid.length
        step = self.lesson.teacher.as_step
        found = measure(self.model, step, self._measured, n_blocks=n_blocks, length=length, fit=self.fit_settings)
        return found["perplexity"]

    def _watch(self) -> Callable[[], bool]:
        """Whether the time is up; the clock of the first process decides for all."""
        is_up, processes = self.limit.watch(), join()
        return is_up if processes.count == 1 or self.limit == NO_LIMIT else lambda: processes.first(is_up)

    def _settled(self, lesson: Lesson) -> Lesson:
        """The lesson with its teacher at the lowest precision that says the same; the first process decides.

        In float32, which is asked for where every digit counts, the teacher is as exact as its student.
        """
        teacher = lesson.teacher
        if teacher is None:
            return lesson
        teacher.precision = "float32"
        if self.fit_settings.precision == "bf16":
            rows = np.arange(min(_TRIED_BLOCKS, len(self.corpus.train)))
            micro = self.collate(rows).to(next(self.model.parameters()).device)
            teacher.precision = join().first(lambda: teacher.settle_precision(micro))
        return replace(lesson, record={**lesson.record, "teacher precision": teacher.precision})


def see_that_it_can_learn(model: MaskedModel, lesson: Lesson | None, fit: FitSettings, length: int) -> None:
    """Raise for what does not fit together; known before a corpus is read, which can take long.

    Raises:
        SettingsError: blocks of ``length`` tokens are longer than a model reads, a setting is of classifiers alone, the
            model has no layers to be frozen so, or its tokenizer no token that hides others.
    """
    classifiers = {"--output-layer": fit.output_layer != "fresh", "--gradual": fit.gradual}
    given = [flag for flag, is_given in classifiers.items() if is_given]
    if given:
        raise SettingsError(f"{' and '.join(given)} is for training a classifier; leave it out in pre-training")
    teacher = None if lesson is None else lesson.teacher
    for whose, one in (("model", model), ("teacher", None if teacher is None else teacher.model)):
        if one is not None and length > (reads := max_positions(one.inner.config)):
            raise SettingsError(
                f"--length {length}: the {whose} has positions for {reads} tokens; give {reads} or less"
            )
    check_freeze(model, fit)
    mask_of(layout_of(Encoder.from_string(model.tokenizer)))


def mask_of(layout: Layout) -> int:
    """The id of the token that hides another.

    Raises:
        SettingsError: the tokenizer has none.
    """
    if layout.mask_id is None:
        raise SettingsError("the tokenizer has no [MASK] or <mask>, by which tokens are hidden; give another encoder")
    return layout.mask_id
