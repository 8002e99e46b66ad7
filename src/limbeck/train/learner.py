"""The learner: a dataset and a model's name in, a saved folder out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limbeck import models
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.data.dataset import Dataset
from limbeck.data.record import data_record
from limbeck.data.report import DataReport, describe
from limbeck.errors import DataError, TrainingError
from limbeck.losses import get_loss
from limbeck.passes import calibrate as calibration
from limbeck.plan import training_plan
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.score import encode_targets, score, scores_of
from limbeck.runtime.session import answer_probes
from limbeck.scores import Scores
from limbeck.settings import record
from limbeck.tasks import TaskLike, make_task
from limbeck.text import Encoded, Encoder, TextSettings
from limbeck.train import checkpoint, plotting, schedules
from limbeck.train.checkpoint import Progress
from limbeck.train.direct import check_fit, fit_directly, start_output_layer
from limbeck.train.launch import number
from limbeck.train.loop import Loop, Work, machine
from limbeck.train.memory import keep_freed_memory
from limbeck.train.precision import resolve
from limbeck.train.processes import Processes, join
from limbeck.train.progress import Reporter, Silent
from limbeck.train.saving import output_name, versions, write_model
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
        model: ``small``, ``frozen`` or ``frozen:ENCODER``, a folder, a hub name, or a family that another package
            adds; the weights that ship with limbeck (``sentiment``) where not given.
        text: how much of a text is read.
        fit: epochs, rates, batches.
        step: what a micro-batch is asked for; supervised training by the task's loss where not given.
        settings: the whole command's settings, for the record; those of ``text`` and ``fit`` where not given.
        reporter: is told how far it is; nothing is printed where not given.

    Raises:
        DataError: no labels, or none with a text.
        ModelError: the model cannot be used.
    """

    def __init__(
        self,
        train: Dataset,
        valid: Dataset | None = None,
        *,
        model: str | None = None,
        text: TextSettings | None = None,
        fit: FitSettings | None = None,
        step: Step | None = None,
        settings: dict[str, Any] | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.reporter = reporter if reporter is not None and number() == 0 else Silent()
        self.source = models.DEFAULT if model is None else model
        self.fit_settings = _resolved(fit or FitSettings(), self.source)
        self.task = _task_of(train)
        self.notices: list[str] = list(check_fit(fit or FitSettings(), self.source, self.task))
        self.train, self.valid = train, valid if valid is not None and len(valid) else None
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
        text = text or TextSettings()
        prepared = models.prepare(
            models.Request(self.source, train.inputs, self.task, text.max_length, self.fit_settings.seed)
        )
        self.notices += prepared.notices
        self.model = prepared.model
        self._start = _weights_hash(prepared.model)
        self.text = replace(text, max_length=prepared.max_length)
        self.encoder = Encoder.from_string(prepared.tokenizer, self.text)
        self.encoded = self._encode_kept()
        self._valid = self._encode_valid()
        self._scale = self.task.output_scale(self._targets)
        self._step = step or supervised(get_loss(self.task.name))
        shown = {"model": models.shown(self.source), **record(self.text), **record(self.fit_settings)}
        self.settings = settings or shown
        self.progress: Progress | None = None
        self.found_lr: FoundRate | None = None

    def describe(self) -> DataReport:
        """Sizes, balance, lengths, cut texts, duplicates, leaks."""
        lengths = self.encoded.read + self.encoded.dropped
        return describe(self.train, self.valid, lengths=lengths, dropped=self.encoded.dropped)

    def n_parameters(self) -> int:
        """Weights of the model."""
        return sum(parameter.numel() for parameter in self.model.module.parameters())

    def n_updates(self) -> int:
        """Optimiser steps that :meth:`fit` takes; 0 for a family that fits itself."""
        fit, lengths = self.fit_settings, self.encoded.lengths
        epochs = range(fit.epochs or 0)
        return sum(len(training_plan(lengths, fit.step_budget, seed=fit.seed, epoch=epoch)) for epoch in epochs)

    def fit(self, checkpoints: Path | None = None, *, resume: bool = False) -> Progress:
        """Train, or take up a training that was stopped.

        Args:
            checkpoints: the folder for checkpoints; none are written where not given, nor by a family that fits itself.
            resume: go on from the newest checkpoint there; begin where there is none.

        Returns:
            What was done; the model holds the weights to keep.

        Raises:
            TrainingError: the loss is not a number any more, or a checkpoint is of other settings or other data.
            Interrupted: the user asked to stop.
        """
        keep_freed_memory()
        if (own_fit := models.own_fit(self.source)) is not None:
            self.progress = fit_directly(self, own_fit)
            return self.progress
        loop = Loop(self.work(), self.fit_settings, checkpoints=checkpoints, reporter=self.reporter)
        loop.processes.agree(loop.work.identity)
        loop.processes.first(lambda: _make(checkpoints))
        saved = loop.processes.checkpoint(lambda: checkpoint.newest(checkpoints) if resume and checkpoints else None)
        if saved is not None:
            changed = checkpoint.differences(saved.identity, loop.work.identity)
            if changed:
                raise TrainingError(
                    f"the checkpoint in {checkpoints} is of another run: {'; '.join(changed)}. "
                    "Resume with the same settings and data, or train anew without --resume"
                )
            for line in checkpoint.differences(saved.state["machine"], machine()):
                self.reporter.line(f"{line} since the checkpoint: the last digits of the weights may differ")
            loop.resume(saved)
            self.reporter.line(f"resumed after update {saved.progress.update} of {loop.total}")
        elif self.fit_settings.output_layer == "frozen" and loop.processes.is_first:
            start_output_layer(self)
        loop.processes.start_alike(self.model.module)
        self.progress = loop.run()
        return self.progress

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
            calibrated: fit a temperature on the validation rows and fold it into the last layer (classes only).
            overwrite: replace a model that stands there.

        Raises:
            ArtefactError: something stands there that may not be replaced.
        """

        def fill(folder: Path) -> Manifest:
            manifest = self._fill(folder)
            if calibrated and self.valid is not None and self.task.name == "classify":
                return calibration.fold(folder, manifest, self.valid)
            return self._measured(folder, manifest)

        def write() -> Manifest:
            return seal(out, fill=fill, probe=answer_probes, overwrite=overwrite)

        processes = join()
        if processes.count == 1:
            return write()
        return Manifest.from_bytes(processes.first(lambda: write().to_bytes().decode()).encode())

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

    def _standard(self, targets: NDArray[Any]) -> NDArray[Any]:
        scale, offset = self._scale
        return targets if (scale, offset) == (1.0, 0.0) else ((targets - offset) / scale).astype(np.float32)

    def work(self) -> Work:
        """What the training loop works on: the training rows, the step, what validates."""
        targets = self._standard(self._targets)
        collate = Collator(self.encoded.ids, self.encoded.type_ids, targets, pad_id=self.encoder.pad_id)
        validate: Callable[[], dict[str, float]] | None = None if self._valid is None else self.validate
        return Work(self.model.module, self._step, collate, self.encoded.lengths, validate, self._identity())

    def _encode_kept(self) -> Encoded:
        """Token ids of the training rows; rows with nothing to read leave the training set."""
        encoded = self.encoder.encode(self.train.inputs)
        if encoded.answerable.all():
            return encoded
        kept = np.flatnonzero(encoded.answerable)
        if not len(kept):
            raise DataError(f"{self.train.name}: no row has a text to read; name the column with --text-column")
        self.notices.append(
            f"{self.train.name}: {len(encoded.read) - len(kept)} rows without anything to read are left out"
        )
        self.train = self.train.take(kept)
        self._targets = self._targets[kept]
        return encoded.take(kept)

    def _encode_valid(self) -> tuple[Encoded, NDArray[Any]] | None:
        if self.valid is None:
            return None
        encoded = self.encoder.encode(self.valid.inputs)
        kept = np.flatnonzero(encoded.answerable)
        if not len(kept):
            raise DataError(f"{self.valid.name}: no validation row has a text to read")
        self.valid = self.valid.take(kept)
        return encoded.take(kept), self.task.encode(self.valid.targets or [])

    def _logits(self, encoded: Encoded, processes: Processes | None = None) -> NDArray[np.float64]:
        """Logits of rows in the targets' units: shape ``(N, C)``."""
        scale, offset = self._scale
        pad_id, precision = self.encoder.pad_id, self.fit_settings.precision
        raw = logits_of(self.model.module, encoded, pad_id=pad_id, precision=precision, processes=processes)
        return raw * scale + offset

    def _identity(self) -> dict[str, Any]:
        """What a resume must find unchanged."""
        free = ("checkpoint_every", "workers")
        identity: dict[str, Any] = {key: value for key, value in record(self.fit_settings).items() if key not in free}
        identity |= record(self.text)
        identity |= {
            "train data": self.train.fingerprint,
            "model": self._start,
            "task": self.task.to_json(),
        }
        identity["valid data"] = None if self.valid is None else self.valid.fingerprint
        identity["tokenizer"] = hashlib.sha256(self.encoder.tokenizer.to_str().encode()).hexdigest()
        return json.loads(json.dumps(identity))  # type: ignore[no-any-return]

    def _fill(self, folder: Path) -> Manifest:
        """Write weights, tokenizer, graph and the log of the training."""
        log = self.progress.log if self.progress is not None else []
        write_model(folder, self.model, family=models.family_of(self.source), scale=self._scale, log=log)
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
        manifest = self._manifest()
        return replace(manifest, model={**manifest.model, "model_type": kind})

    def _measured(self, folder: Path, manifest: Manifest) -> Manifest:
        """Add what the graph in ``folder`` gets on the validation rows, where there are any."""
        if self.valid is None:
            return manifest
        scores = score(Predictor(folder, manifest), self.valid, cache=False)
        targets = self.task.encode(self.valid.targets or [])
        return replace(manifest, metrics=self.task.metrics(scores.logits.astype(np.float64), targets))

    def _manifest(self) -> Manifest:
        progress = self.progress or Progress()
        return Manifest(
            task=self.task.to_json(),
            text=record(self.text),
            model={
                "family": models.family_of(self.source),
                "source": models.shown(models.origin(self.source)),
                "parameters": self.n_parameters(),
                "output_layer": output_name(self.model),
            },
            inputs="pair" if self.train.is_pairs else "text",
            settings=self.settings,
            seed=self.fit_settings.seed,
            versions=versions(),
            data=data_record(self.train, self.valid),
            training={
                "updates": progress.update,
                "best_update": progress.best_update or progress.update,
                "texts": progress.texts,
                "seconds": round(progress.seconds, 3),
                "precision": self.fit_settings.precision,
            },
        )


def _weights_hash(model: models.TextModel) -> str:
    """A short name of a model's weights as they are, wherever they came from."""
    digest = hashlib.sha256()
    for value in model.module.state_dict().values():
        digest.update(value.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def _make(folder: Path | None) -> None:
    """Make the folder for checkpoints before the work that they are to keep.

    Raises:
        TrainingError: it cannot be made.
    """
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(
            f"checkpoints cannot be written to {folder}: {error.strerror}; give another --out"
        ) from None


def _task_of(train: Dataset) -> TaskLike:
    if train.targets is None or not len(train):
        raise DataError(f"{train.name} has no labelled row; name the column of labels with --label-column")
    return make_task(train.task, **({"classes": train.classes} if train.classes else {}))


def _resolved(fit: FitSettings, model: str) -> FitSettings:
    """The settings with every default put in; no epochs and no rate for a family that fits itself."""
    likes = models.defaults(model)
    return replace(
        fit,
        epochs=likes.epochs and (fit.epochs or likes.epochs),
        lr=likes.lr and (fit.lr or likes.lr),
        precision=resolve(fit.precision),  # type: ignore[arg-type]
    )
