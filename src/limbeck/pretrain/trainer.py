"""Pre-training: a corpus and a model with a masked-LM head in, a folder that transformers loads out.

It runs in the one training loop; what it adds is the corpus, the masks of each epoch, and how long is trained.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.errors import SettingsError
from limbeck.models.transformer import max_positions
from limbeck.plan import slices
from limbeck.pretrain.corpus import Corpus
from limbeck.pretrain.masked import MaskedModel
from limbeck.pretrain.masking import Masker
from limbeck.pretrain.measuring import measure
from limbeck.pretrain.settings import BATCH_TOKENS, AmountSettings
from limbeck.pretrain.step import MaskedCollator, TeacherBeside, masked_lm
from limbeck.settings import record
from limbeck.text import Encoder
from limbeck.train import checkpoint
from limbeck.train.checkpoint import Progress
from limbeck.train.identity import FREE, weights_hash
from limbeck.train.launch import number, started
from limbeck.train.limit import NO_LIMIT, Limit
from limbeck.train.loop import Listener, Loop, Work
from limbeck.train.memory import keep_freed_memory
from limbeck.train.precision import resolve
from limbeck.train.processes import join
from limbeck.train.progress import Reporter, Silent
from limbeck.train.settings import FitSettings
from limbeck.train.step import Step

_DOUBT = 1.1
"""What a measured speed is stretched by."""
_SAVING_SECONDS, _BYTES_A_SECOND = 5.0, 50e6
"""Of the files; and how fast weights are written, three times over."""


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
        fit: epochs, rates, batches.
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
        self.model, self.corpus, self.lesson = model, corpus, lesson or Lesson()
        see_that_it_has_positions(model, corpus.train.length)
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
            mask_of(corpus),
            len(Encoder.from_string(model.tokenizer)),
            share=mask_share,
            smoothing=mask_smoothing,
            seed=fit.seed,
        )
        self._collate = MaskedCollator(corpus.train, masker)
        self._measured = MaskedCollator(corpus.valid, masker, epoch=None)
        self._start = weights_hash(model)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each block: one length."""
        return np.full(len(self.corpus.train), self.corpus.train.length, np.int64)

    @property
    def tokens_per_update(self) -> float:
        """Tokens that an optimiser step sees, on average."""
        sizes = self.fit_settings.epoch_sizes(self.lengths)
        return float(self.lengths.sum()) / len(self.fit_settings.steps(self.lengths)) if sizes else 0.0

    def n_updates(self) -> int:
        """Optimiser steps that :meth:`fit` takes."""
        return sum(self.fit_settings.epoch_sizes(self.lengths))

    def last(self, amount: AmountSettings, limit: Limit | None = None, *, checkpoints: Path | None = None) -> str:
        """Train for so long, and not for the epochs of the settings; give a line that says what was chosen.

        Args:
            amount: updates, tokens or a time.
            limit: the moment at which all must be done, where it is a time.
            checkpoints: of a training to go on with, which keeps what it chose at first.

        Raises:
            SettingsError: the time is too short for one update.
        """
        saved = checkpoint.newest(checkpoints) if checkpoints is not None else None
        if limit is not None:
            self.limit = replace(limit, reserve=self._reserve(limit))
        if saved is not None and amount != AmountSettings():
            kept = {name: saved.identity[name] for name in ("epochs", "max_updates")}
            self.fit_settings = replace(self.fit_settings, **kept)
            return f"{self.n_updates():,} updates, as it was chosen before the stop"
        if amount.steps is not None:
            return self._for(amount.steps)
        if amount.tokens is not None:
            updates = max(1, round(amount.tokens / self.tokens_per_update))
            return f"{self._for(updates)} for {amount.tokens:,} tokens"
        if limit is None:
            return f"{self.n_updates():,} updates"
        seconds = _DOUBT * self.seconds_per_update()
        updates = join().first(lambda: int(self.limit.left() / seconds * started()))
        if updates < 1:
            needed = limit.seconds - self.limit.left() + seconds
            raise SettingsError(
                f"--budget {limit.seconds:g}s is too short for one update: reading and saving take about "
                f"{needed - seconds:.3g} s of it and an update {seconds:.3g} s; give {int(1.2 * needed) + 1}s or more, "
                "or smaller batches (--batch-tokens)"
            )
        return f"{self._for(updates)}, for one takes {seconds:.3g} s and {self.limit.left():.0f} s are left for them"

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
            self._collate,
            self.lengths,
            self.measure,
            self.identity(),
            is_time_up=(self.limit if started() == 1 else NO_LIMIT).watch(),  # clocks of several would disagree
            listeners=self.listeners,
            parts=self.lesson.parts,
            begin_epoch=self._collate.begin_epoch,
        )

    def identity(self) -> dict[str, Any]:
        """All that decides the weights, by name, as JSON takes it."""
        kept = {key: value for key, value in record(self.fit_settings).items() if key not in FREE}
        identity = {**kept, **self._masking, "corpus": self.corpus.fingerprint, "length": self.corpus.train.length}
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

    def seconds_per_update(self) -> float:
        """Time a few passes forward and back over real batches; no weight and no random state changes."""
        keep_freed_memory()
        fit, lengths = self.fit_settings, self.lengths
        step = fit.steps(lengths)[0]
        cut = list(slices(step, lengths, fit.batch))
        timed = []
        with torch.random.fork_rng(devices=()):
            self.model.train()
            for rows in [cut[0]] * 3:
                began = time.perf_counter()
                device = next(self.model.parameters()).device
                with torch.autocast(device.type, torch.bfloat16, enabled=fit.precision == "bf16"):
                    result = self.lesson.step(self.model, self._collate(rows).to(device))
                result.losses.sum().backward()  # type: ignore[no-untyped-call]
                timed.append((time.perf_counter() - began) / len(rows))
            self.model.zero_grad()
            self.model.eval()
        return min(timed[1:]) * len(step)  # the first sets up

    def _for(self, updates: int) -> str:
        an_epoch = len(self.fit_settings.steps(self.lengths))
        epochs = math.ceil(updates / an_epoch)
        self.fit_settings = replace(self.fit_settings, epochs=epochs, max_updates=updates)
        return f"{updates:,} updates, {updates / an_epoch:.2f} passes over the corpus"

    def _reserve(self, limit: Limit) -> float:
        """Seconds for validations and saving."""
        began = time.perf_counter()
        self.measure()
        validations = (1 + self.fit_settings.validations) * (time.perf_counter() - began)
        saving = _SAVING_SECONDS + 3 * 4 * self.model.n_parameters() / _BYTES_A_SECOND
        return min(validations + saving, 0.9 * limit.seconds)


def see_that_it_has_positions(model: MaskedModel, length: int) -> None:
    """Raise where a model cannot read blocks of ``length`` tokens.

    Raises:
        SettingsError: they are longer.
    """
    reads = max_positions(model.inner.config)
    if length > reads:
        raise SettingsError(f"--length {length}: the model has positions for {reads} tokens; give {reads} or less")


def mask_of(corpus: Corpus) -> int:
    """The id of the token that hides another.

    Raises:
        SettingsError: the tokenizer has none.
    """
    if corpus.mask_id is None:
        raise SettingsError("the tokenizer has no [MASK] or <mask>, by which tokens are hidden; give another encoder")
    return corpus.mask_id
