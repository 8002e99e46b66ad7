"""The learner: a dataset and a model's name in, a saved folder out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limbeck import models
from limbeck.artefact.manifest import Manifest
from limbeck.data.dataset import Dataset
from limbeck.data.report import DataReport, describe
from limbeck.errors import DataError
from limbeck.runtime.score import encode_targets, scores_of
from limbeck.scores import Scores
from limbeck.settings import record
from limbeck.text import Encoded, Encoder, TextSettings
from limbeck.train import plotting, schedules
from limbeck.train.checkpoint import Progress
from limbeck.train.direct import check_fit
from limbeck.train.freeze import check_freeze
from limbeck.train.identity import identity_of, weights_hash
from limbeck.train.inherit import inherit
from limbeck.train.launch import number
from limbeck.train.limit import NO_LIMIT, Limit
from limbeck.train.loop import Listener, Work
from limbeck.train.loss_settings import LossSettings
from limbeck.train.objective import Objective, make_objective
from limbeck.train.processes import Processes, join
from limbeck.train.progress import Reporter, Silent
from limbeck.train.readable import readable
from limbeck.train.resolved import resolved, task_of
from limbeck.train.rounds import Round, fit_round
from limbeck.train.saving import Finish, save, saved_part
from limbeck.train.scoring import logits_of
from limbeck.train.settings import FitSettings
from limbeck.train.step import Collator, Step, supervised

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from limbeck.inspect.report import Report
    from limbeck.train.found import FinderSettings, FoundRate


class Learner:
    """Fits a model to a dataset.

    Args:
        train: labelled rows; blank ones are left out with a notice.
        valid: rows to choose the weights by, or None to keep the last ones.
        model: ``small``, ``static``, ``frozen`` or ``frozen:ENCODER``, a folder, a hub name, or a family that another
            package adds; the weights that ship with limbeck (``sentiment``) where not given.
        text: how much of a text is read.
        fit: epochs, rates, batches.
        loss: how the errors of classes count.
        step: what a micro-batch is asked for; supervised training by the task's loss where not given.
        settings: the whole command's settings, for the record; those of ``text``, ``fit`` and ``loss`` where not given.
        reporter: is told how far it is; nothing is printed where not given.
        listeners: are told each entry of the log as it is made.

    Raises:
        DataError: no labels, or none with a text.
        ModelError: the model cannot be used.
        SettingsError: settings that this task or this family of models cannot heed.
    """

    def __init__(
        self,
        train: Dataset,
        valid: Dataset | None = None,
        *,
        model: str | None = None,
        text: TextSettings | None = None,
        fit: FitSettings | None = None,
        loss: LossSettings | None = None,
        step: Step | None = None,
        settings: dict[str, Any] | None = None,
        reporter: Reporter | None = None,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self.reporter = reporter if reporter is not None and number() == 0 else Silent()
        self.listeners = tuple(listeners) if number() == 0 else ()
        self.source = models.DEFAULT if model is None else model
        self.asked = fit or FitSettings()
        self.fit_settings = resolved(self.asked, self.source)
        self.task = task_of(train)
        self.notices: list[str] = list(check_fit(self.asked, self.source, self.task))
        self.train, self.valid = train, valid if valid is not None and len(valid) else None
        if self.valid is not None and self.valid.targets is None:
            raise DataError(
                f"{self.valid.name} has no labels to validate by; name their column with --label-column, or leave the "
                "validation rows out"
            )
        if self.valid is not None and self.valid.is_pairs != train.is_pairs:
            kinds = ["pairs of texts" if part.is_pairs else "single texts" for part in (train, self.valid)]
            raise DataError(
                f"{train.name} holds {kinds[0]} and {self.valid.name} {kinds[1]}; name the columns of both alike"
            )
        if self.valid is None and self.fit_settings.patience is not None:
            self.notices.append(
                f"--patience {self.fit_settings.patience} has no validation rows to watch and does nothing"
            )
        if models.own_fit(self.source) is None:
            self.notices += schedules.notices(self.fit_settings, has_valid=self.valid is not None)
        self._targets = self.task.encode(train.targets or [])
        self.loss_settings = loss or LossSettings()
        self.objective = self._objective()
        text = text or TextSettings()
        self._wanted = text.max_length
        prepared = self._prepare()
        self.notices += prepared.notices
        self.model = prepared.model
        if models.own_fit(self.source) is None:
            self.notices += check_freeze(self.model.module, self.fit_settings)
        self.start = weights_hash(prepared.model.module)
        self.text = replace(text, max_length=prepared.max_length)
        self.encoder = Encoder.from_string(prepared.tokenizer, self.text)
        self._take_readable()
        self.inherited = inherit(self)
        self.notices += self.inherited.notices
        self.scale = self.task.output_scale(self._targets)
        self._step = step or supervised(self.objective.loss)
        self.settings = settings or self.resolved()
        self.rounds: tuple[Round, ...] = ()
        self.limit = NO_LIMIT
        self.chosen: dict[str, Any] = {}
        self.taught: dict[str, Any] = {}
        self._parts: tuple[str, ...] = ()
        self._finish: Finish | None = None
        self._attach: Callable[[models.TextModel], None] | None = None
        self.found_lr: FoundRate | None = None

    def resolved(self) -> dict[str, Any]:
        """The settings in force, every default put in and class weights by name, as JSON takes them."""
        name = models.shown(self.source)
        fit, loss = record(self.fit_settings), self.objective.record(self.loss_settings)
        return {"model": name, **record(self.text), **fit, **loss}

    def begin_anew(self) -> None:
        """Put the model back as it was before the first fit."""
        self.model = self._prepare().model
        if self._attach is not None:
            self._attach(self.model)

    def describe(self) -> DataReport:
        """Sizes, balance, lengths, cut texts, duplicates, leaks."""
        lengths = self.encoded.read + self.encoded.dropped
        return describe(self.train, self.valid, lengths=lengths, dropped=self.encoded.dropped)

    def n_parameters(self) -> int:
        """Weights of the model that are saved."""
        return sum(parameter.numel() for parameter in saved_part(self.model).parameters())

    def n_updates(self) -> int:
        """Optimiser steps that :meth:`fit` takes; 0 for a family that fits itself."""
        fit = self.fit_settings
        return sum(fit.epoch_sizes(self.encoded.lengths)) if fit.epochs else 0

    def fit(
        self,
        checkpoints: Path | None = None,
        *,
        epochs: int | None = None,
        lr: float | None = None,
        resume: bool = False,
    ) -> Progress:
        """Train, or take up a training that was stopped; called again, go on from the weights that there are.

        Args:
            checkpoints: the folder for checkpoints; none are written where not given, nor by a family that fits itself.
            epochs: of this fit; those of the settings where not given.
            lr: highest rate of this fit; that of the settings where not given.
            resume: go on from the newest checkpoint there; begin where there is none.

        Returns:
            What was done; the model holds the weights to keep.

        Raises:
            TrainingError: the loss is not a number any more, or a checkpoint is of other settings or other data.
            Interrupted: the user asked to stop.
        """
        return fit_round(self, self._but(epochs=epochs, lr=lr), checkpoints, resume=resume)

    def fit_onecycle(self, lr: float, epochs: int | None = None) -> Progress:
        """Train under one cycle: lr/10 up to ``lr`` and down to lr/1000, momentum the other way; see :meth:`fit`."""
        return fit_round(self, self._but(schedule="1cycle", epochs=epochs, lr=lr))

    def fit_sgdr(self, lr: float, cycles: int, cycle_length: float = 1, cycle_mult: int = 1) -> Progress:
        """Train through so many cosines that start again, the first of ``cycle_length`` epochs; see :meth:`fit`.

        Raises:
            SettingsError: there is no cycle, or they end within an epoch.
        """
        epochs = schedules.sgdr_epochs(cycles, cycle_length, cycle_mult)
        shape = {"cycle_length": float(cycle_length), "cycle_mult": cycle_mult}
        return fit_round(self, self._but(schedule="sgdr", epochs=epochs, lr=lr, **shape))

    def autofit(self, *, within: str | None = None) -> Progress:
        """Train with a rate and a length of its own choice: see :func:`limbeck.train.autofit.autofit`."""
        from limbeck.train.autofit import autofit

        try:
            return autofit(self, NO_LIMIT if within is None else Limit.of(within))
        finally:
            self.limit = NO_LIMIT  # a later fit has all the time

    def fit_within(self, time: str, checkpoints: Path | None = None, *, resume: bool = False) -> Progress:
        """Train what fits into ``time`` (``10m``, say): see :func:`limbeck.train.within.fit_within`."""
        from limbeck.train.within import fit_within

        try:
            return fit_within(self, Limit.of(time), checkpoints, resume=resume)
        finally:
            self.limit = NO_LIMIT

    def take_step(
        self,
        step: Step,
        *,
        parts: Sequence[str] = (),
        attach: Callable[[models.TextModel], None] | None = None,
        finish: Finish | None = None,
        **taught: Any,
    ) -> None:
        """Train by another step from now on.

        Args:
            step: what a micro-batch is asked for.
            parts: names of the loss's parts that it gives.
            attach: is given the new model where a training begins anew, to hang on it what the step trains with it.
            finish: is given the saved folder, measured and not yet sealed, and its manifest, and returns that to keep.
            taught: by name, as json holds it, what decides its losses beside the data: a resume must find it unchanged,
                and the saved model records it.
        """
        self._step, self._parts, self._attach, self._finish = step, tuple(parts), attach, finish
        self.taught = taught

    def freeze(self, what: str | int = "encoder") -> None:
        """Leave ``embeddings``, the whole ``encoder`` or so many of the lowest layers as they are in later fits.

        Raises:
            SettingsError: the model has no such layers.
        """
        fit = replace(self.fit_settings, freeze=str(what))
        check_freeze(self.model.module, fit)
        self.fit_settings = fit

    def unfreeze(self) -> None:
        """Train all weights in later fits."""
        self.fit_settings = replace(self.fit_settings, freeze="none")

    def freeze_all(self) -> None:
        """Become what ``--model frozen:ENCODER`` makes: the encoder as it is, under a layer fitted in one go."""
        if models.own_fit(self.source) is None:
            self.source = models.frozen_name(self.source)
            self.fit_settings = resolved(self.asked, self.source)
            self.settings = {**self.settings, **self.resolved()}

    @property
    def progress(self) -> Progress | None:
        """Where the last fit ended; None before the first."""
        return self.rounds[-1].progress if self.rounds else None

    def find_lr(self, settings: FinderSettings | None = None) -> FoundRate:
        """Find a learning rate for :meth:`fit` and change nothing: see :func:`limbeck.train.find_lr.find_lr`."""
        from limbeck.train.find_lr import find_lr

        self.found_lr = find_lr(self, settings)
        return self.found_lr

    def plot_lr(self, path: Path | str | None = None) -> Figure:
        """Draw what :meth:`find_lr` found, after it was called; write it to ``path`` where given."""
        return plotting.found_figure(self, path)

    def plot(self, what: str = "loss", path: Path | str | None = None) -> Figure:
        """Draw ``loss``, ``lr`` or ``momentum`` of the training so far; write it to ``path`` where given."""
        return plotting.training_figure(self, what, path)

    def score(self, dataset: Dataset) -> Scores:
        """What the model says now, computed by torch; a saved folder's answers are the predictor's."""
        encoded = self.encoder.encode(dataset.inputs)
        logits = self._logits(encoded)
        logits[~encoded.answerable] = 0.0
        targets = encode_targets(dataset, self.task)
        return scores_of(dataset, self.task, logits, targets, encoded, model="in training")

    def evaluate(self, dataset: Dataset | None = None) -> Report:
        """The report on ``dataset``, or on the validation rows.

        Raises:
            DataError: there are no such rows.
        """
        from limbeck.inspect.report import make_report

        chosen = dataset if dataset is not None else self.valid
        if chosen is None:
            raise DataError("there are no validation rows to evaluate on; give a dataset")
        return make_report(self.score(chosen), self.task)

    def save(self, out: Path | str, *, calibrated: bool = True, overwrite: bool = False) -> Manifest:
        """Save the model as a folder that answers without torch; of several processes the first writes it.

        Args:
            out: the folder to make.
            calibrated: fit a temperature on labelled validation rows and fold it into the last layer (classes only).
            overwrite: replace a model that stands there.

        Raises:
            ArtefactError: something stands there that may not be replaced.
        """

        return save(self, out, calibrated=calibrated, overwrite=overwrite, finish=self._finish)

    def forward(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Logits of some training rows as the model is now: shape ``(len(rows), C)``."""
        return self._logits(self.encoded.take(rows))

    def validate(self) -> dict[str, float]:
        """Measures of the model as it is now, on the validation rows; there must be some. All processes ask at once."""
        assert self._valid is not None
        encoded, targets = self._valid
        return self.task.metrics(self._logits(encoded, join()), targets)

    def job(self) -> models.Job:
        """The rows as a family that fits itself is given them, numbers standardised."""
        train = models.Labelled(self.encoded, self._standard(self._targets))
        valid = None if self._valid is None else models.Labelled(self._valid[0], self._standard(self._valid[1]))
        pad_id, seed = self.encoder.pad_id, self.fit_settings.seed
        return models.Job(self.model, self.task, train, valid, pad_id, seed, self.reporter.watch)

    def _prepare(self) -> models.Prepared:
        request = models.Request(self.source, self.train.inputs, self.task, self._wanted, self.fit_settings.seed)
        return models.prepare(request)

    def _objective(self) -> Objective:
        own = models.own_fit(self.source) is not None
        return make_objective(self.loss_settings, self.task, self._targets, source=self.source, own=own)

    def _but(self, **changes: Any) -> FitSettings:
        """The settings with what is given put in; a family that fits itself keeps its own."""
        if models.own_fit(self.source) is not None:
            return self.fit_settings
        return replace(self.fit_settings, **{name: value for name, value in changes.items() if value is not None})

    def _standard(self, targets: NDArray[Any]) -> NDArray[Any]:
        scale, offset = self.scale
        return ((targets - offset) / scale).astype(np.float32) if targets.dtype.kind == "f" else targets

    def work(self) -> Work:
        """What the training loop works on: the training rows, the step, what validates."""
        targets = self._standard(self._targets)
        collate = Collator(self.encoded.ids, self.encoded.type_ids, targets, pad_id=self.encoder.pad_id)
        validate: Callable[[], dict[str, float]] | None = None if self._valid is None else self.validate
        return Work(
            self.model.module,
            self._step,
            collate,
            self.encoded.lengths,
            validate,
            identity_of(self),
            is_time_up=self.limit.watch(),
            listeners=self.listeners,
            parts=self._parts,
        )

    def _take_readable(self) -> None:
        """Token ids of all rows; those with nothing to read leave the training and the validation set."""
        whole = len(self.train)
        self.train, self.encoded = readable(self.encoder, self.train, "row", "; name the column with --text-column")
        if len(self.train) < whole:
            left = whole - len(self.train)
            self.notices.append(f"{self.train.name}: {left} rows without anything to read are left out")
            self._targets = self.task.encode(self.train.targets or [])
            self.objective = self._objective()  # balanced over the rows that are left
        self._valid: tuple[Encoded, NDArray[Any]] | None = None
        if self.valid is not None:
            self.valid, encoded = readable(self.encoder, self.valid, "validation row")
            self._valid = encoded, self.task.encode(self.valid.targets or [])

    def _logits(self, encoded: Encoded, processes: Processes | None = None) -> NDArray[np.float64]:
        """Logits of rows in the targets' units: shape ``(N, C)``."""
        scale, offset = self.scale
        pad_id, precision = self.encoder.pad_id, self.fit_settings.precision
        raw = logits_of(self.model.module, encoded, pad_id=pad_id, precision=precision, processes=processes)
        return raw * scale + offset
