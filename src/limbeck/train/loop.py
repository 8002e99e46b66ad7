"""The one training loop. It runs any step, checkpoints, resumes, keeps the best weights; it reads no file of data.

The rows of a step come from the batch plan and random numbers from (seed, update), so that one counter says where a
run stands. Devices and processes are Accelerate's work.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader

from limbeck.errors import Interrupted, TrainingError, shown_measure
from limbeck.plan import Rows, slices
from limbeck.train import checkpoint
from limbeck.train.checkpoint import Progress
from limbeck.train.freeze import apply_freeze
from limbeck.train.interrupt import Stopper
from limbeck.train.launch import started
from limbeck.train.optimizer import dump_optimizer, load_optimizer, make_optimizer
from limbeck.train.processes import join
from limbeck.train.progress import Reporter
from limbeck.train.schedules import Course, MakeCourse
from limbeck.train.settings import FitSettings
from limbeck.train.step import MicroBatch, Step

Validate = Callable[[], dict[str, float]]
"""Measures on the validation rows, ``loss`` among them."""

Listener = Callable[[Mapping[str, Any]], None]
"""Is told an entry of the log."""

LOGGED_ROWS = 10_000
"""Training sets of at most so many rows have the rows of each step in the log; larger logs would outgrow the model."""


@dataclass(frozen=True)
class Work:
    """What a loop works on."""

    model: nn.Module
    step: Step
    collate: Callable[[Rows], MicroBatch]
    lengths: NDArray[np.int64]
    """Tokens of each training row."""
    validate: Validate | None
    """None where there are no validation rows: the last weights are kept."""
    identity: dict[str, Any]
    """What must be equal for a resume to make sense."""
    known_loss: float | None = None
    """Validation loss of the weights as they are: they are kept unless it is bettered. None: the first are better."""
    held: frozenset[str] = frozenset()
    """Names of weights that stay as they are, whatever the settings say."""
    is_time_up: Callable[[], bool] = lambda: False
    """Asked before the first update, which is made in any case, and after each; once true, what was learnt is measured
    and the training ends."""
    listeners: tuple[Listener, ...] = ()
    """Are told each entry of the log as it is made."""
    parts: tuple[str, ...] = ()
    """Names of the loss's parts, which the step gives and the log keeps; none where the loss has one alone."""
    begin_epoch: Callable[[int], None] = lambda _: None
    """Is told the epoch, counted from 0, before its batches are put together."""


class Loop:
    """Fits a model under settings whose ``epochs``, ``lr`` and ``precision`` are resolved.

    After :meth:`run` the model holds the weights to keep.
    """

    def __init__(
        self,
        work: Work,
        settings: FitSettings,
        *,
        checkpoints: Path | None,
        reporter: Reporter,
        course: MakeCourse = Course,
    ) -> None:
        self.work, self.settings = work, settings
        self.processes = join()
        self.accelerator = self.processes.accelerator
        self.stopper, self.stops = Stopper(), False  # asked here; asked of any process
        self.checkpoints, self.reporter = checkpoints, reporter
        self.progress = Progress()
        self.lr = settings.lr or 0.0
        self.epoch_sizes = settings.epoch_sizes(work.lengths)
        self.epochs, self.total = len(self.epoch_sizes), sum(self.epoch_sizes)
        apply_freeze(work.model, settings, held=work.held)
        optimizer = make_optimizer(
            work.model,
            lr=self.lr,
            weight_decay=settings.weight_decay,
            layer_decay=settings.layer_decay,
            beta2=settings.beta2,
            epsilon=settings.epsilon,
        )
        self.model = self.accelerator.prepare_model(work.model, evaluation_mode=True)  # the sums are our own
        self.optimizer = self.accelerator.prepare_optimizer(optimizer)
        self.optimizer.zero_grad()  # of a fit that was broken off
        self.course = course(self.optimizer.optimizer, settings, settings.course_sizes(work.lengths))
        self.best: dict[str, Tensor] | None = None
        if work.known_loss is not None:
            self.progress.best_loss, self.best = work.known_loss, _copy(work.model)

    def run(self) -> Progress:
        """Train to the end, or to the point where patience is lost.

        Raises:
            TrainingError: the loss is not a number any more; the last good checkpoint stands.
            Interrupted: the user asked to stop; a checkpoint stands.
        """
        self.model.train()
        self.reporter.begin(self.progress.update, self.total)
        self.stopper = Stopper()
        self.work.is_time_up()  # the first update begins here: a clock counts nothing before as one
        try:
            with self.stopper as stopper:
                for epoch in range(self.epochs):
                    if not self._epoch(epoch, stopper):
                        break
        finally:
            self.reporter.end()
        if self.best is not None and self.settings.keep == "best":
            self.work.model.load_state_dict(self.best)
        self.work.model.eval()
        return self.progress

    def resume(self, saved: checkpoint.Checkpoint) -> None:
        """Take up where a checkpoint stands.

        Raises:
            TrainingError: it is of other settings or other data.
        """
        changed = checkpoint.differences(saved.identity, self.work.identity)
        if changed:
            raise TrainingError(
                f"the checkpoint in {self.checkpoints} is of another run: {'; '.join(changed)}. "
                "Resume with the same settings and data, or train anew without --resume"
            )
        checkpoint.see_that_dropout_goes_on(saved, now=started(), where=self.checkpoints)
        for line in checkpoint.differences(saved.state["machine"], machine()):
            self.reporter.line(f"{line} since the checkpoint: the last digits of the weights may differ")
        self.progress = saved.progress
        self.work.model.load_state_dict(saved.tensors["model"])
        self.best = saved.tensors.get("best")
        if self.best is None and saved.state["best_is_current"]:
            self.best = _copy(self.work.model)
        load_optimizer(self.optimizer.optimizer, saved.tensors.get("optimizer", {}), saved.state["groups"])
        self.course.load(saved.state["course"])
        saved.restore_random()
        self.reporter.line(f"resumed after update {saved.progress.update} of {self.total}")

    def _epoch(self, epoch: int, stopper: Stopper) -> bool:
        """Train through one epoch, or what is left of it; False when training is over."""
        before, size = sum(self.epoch_sizes[:epoch]), self.epoch_sizes[epoch]
        done = self.progress.update - before
        if done > size or (done == size and self._is_closed(epoch)):
            return not self._is_over()
        apply_freeze(self.work.model, self.settings, epoch=epoch, held=self.work.held)
        self.work.begin_epoch(epoch)
        often = min(self.settings.validations, size)
        validated = {before + size * part // often for part in range(1, often)}
        if done and self.progress.update in validated:  # the run was stopped in between
            self._validate_within(epoch)
        for rows, micro_batches in self._batches(self.settings.steps(self.work.lengths, epoch)[done:size]):
            self._update(epoch, rows, micro_batches)
            if self.stops or (stopper.asked and self.processes.count == 1):
                self._stop()
            if self.progress.update in validated:
                self._validate_within(epoch)
            if self._is_over():
                break
            every = self.settings.checkpoint_every
            if every and self.progress.update % every == 0 and self.progress.update < before + size:
                self._checkpoint()
        self._close(epoch)
        return not self._is_over()

    def _update(self, epoch: int, rows: Rows, micro_batches: Iterator[MicroBatch]) -> None:
        """One optimiser step: loss = sum over the texts of all its micro-batches / number of those texts."""
        began = time.perf_counter()
        torch.manual_seed(_mix(self.settings.seed, self.progress.update, self.processes.number))
        totals = np.zeros(1 + len(self.work.parts))
        for micro in micro_batches:
            with torch.autocast(
                self.accelerator.device.type, torch.bfloat16, enabled=self.settings.precision == "bf16"
            ):
                result = self.work.step(self.model, micro.to(self.accelerator.device))
            loss = result.losses.sum() / len(rows)
            shares = [float(result.parts[name].detach().sum()) / len(rows) for name in self.work.parts]
            totals += [float(loss.detach()), *shares]
            self.accelerator.backward(loss)
        trained = [value for value in self.model.parameters() if value.requires_grad]
        summed, self.stops = self.processes.add_up(trained, totals.tolist(), asked=self.stopper.asked)
        total, parts = summed[0], dict(zip(self.work.parts, summed[1:], strict=True))
        norm = self._clip()
        if not (math.isfinite(total) and math.isfinite(norm)):
            self._refuse(total, norm, epoch, parts)
        rate, momentum = self.course.rate, self.course.momentum
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.course.after_update()
        self.progress.update += 1
        self.progress.texts += len(rows)
        self.progress.seconds += time.perf_counter() - began
        entry: dict[str, Any] = {
            "update": self.progress.update,
            "epoch": epoch + 1,
            "loss": total,
            **({"parts": parts} if parts else {}),
            "lr": rate,
            "momentum": momentum,
            "norm": norm,
            "texts": len(rows),
        }
        if len(self.work.lengths) <= LOGGED_ROWS:
            entry["rows"] = rows.tolist()
        self._record(entry)
        self.reporter.update(self.progress.update, total)

    def _clip(self) -> float:
        limit = self.settings.max_grad_norm or math.inf
        return float(self.accelerator.clip_grad_norm_(self.model.parameters(), limit))

    def _close(self, epoch: int) -> None:
        """Validate, keep what is best, say so, and save a checkpoint."""
        entry: dict[str, Any] = {
            "epoch": epoch + 1,
            "update": self.progress.update,
            "train_loss": self._mean_loss(epoch),
        }
        if self.work.validate is not None:
            entry["valid"] = self._validated(epoch)
            self.course.after_epoch(entry["valid"]["loss"])
        self._record(entry)
        self.reporter.line(_epoch_line(entry, self.epochs))
        self._checkpoint()

    def _validate_within(self, epoch: int) -> None:
        """Validate in the middle of an epoch, and say so."""
        if self.work.validate is None or self._last_validation()["update"] == self.progress.update:
            return
        entry = {"epoch": epoch + 1, "update": self.progress.update, "valid": self._validated(epoch)}
        self._record(entry)
        self.reporter.line(f"epoch {epoch + 1} of {self.epochs}, update {self.progress.update}:{_measures(entry)}")

    def _validated(self, epoch: int) -> dict[str, float]:
        """Measures on the validation rows; the weights are kept where they are the best. No row is read twice."""
        last = self._last_validation()
        if last["update"] == self.progress.update:
            known: dict[str, float] = last["valid"]
            return known
        assert self.work.validate is not None
        self.model.eval()
        found = self.work.validate()
        self.model.train()
        if not math.isfinite(found["loss"]):
            of_parts = _wrong_parts({name: found[name] for name in self.work.parts if name in found})
            raise TrainingError(
                f"the validation loss is {found['loss']}{of_parts} after epoch {epoch + 1}; "
                f"train again with a lower --lr (a third of {self.lr:g}, say)"
            )
        self._keep_best(found["loss"])
        return found

    def _last_validation(self) -> Mapping[str, Any]:
        return next((entry for entry in reversed(self.progress.log) if "valid" in entry), {"update": None})

    def _record(self, entry: dict[str, Any]) -> None:
        self.progress.log.append(entry)
        for listen in self.work.listeners:
            listen(entry)

    def _mean_loss(self, epoch: int) -> float:
        """Mean over the texts of an epoch: a step of few texts weighs as little as they are."""
        steps = [entry for entry in self.progress.log if entry["epoch"] == epoch + 1 and "loss" in entry]
        return float(np.average([entry["loss"] for entry in steps], weights=[entry["texts"] for entry in steps]))

    def _keep_best(self, loss: float) -> None:
        if self.progress.best_loss is None or loss < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_update, self.progress.stale = loss, self.progress.update, 0
            self.best = _copy(self.work.model) if self.settings.keep == "best" else None
        else:
            self.progress.stale += 1

    def _is_closed(self, epoch: int) -> bool:
        return any(entry["epoch"] > epoch and "train_loss" in entry for entry in self.progress.log)

    def _is_over(self) -> bool:
        """Whether patience is lost, or the time is up."""
        patience = self.settings.patience
        an_epoch = min(self.settings.validations, max(self.epoch_sizes))  # no update is validated twice
        is_out = patience is not None and self.progress.stale >= patience * an_epoch
        return is_out or self.work.is_time_up()

    def _checkpoint(self) -> None:
        if self.checkpoints is None or not self.processes.is_first:
            return
        moments, groups = dump_optimizer(self.optimizer.optimizer)
        tensors = {"model": self.work.model.state_dict(), "optimizer": moments}
        is_current = self.best is not None and self.progress.best_update == self.progress.update
        if self.best is not None and not is_current:
            tensors["best"] = self.best
        state = {
            "machine": machine(),
            "groups": groups,
            "course": self.course.dump(),
            "best_is_current": is_current,
        }
        checkpoint.save(
            self.checkpoints, identity=self.work.identity, progress=self.progress, tensors=tensors, state=state
        )

    def _stop(self) -> None:
        self._checkpoint()
        self.processes.wait()
        kept = (
            "a checkpoint stands"
            if self.checkpoints is not None
            else "nothing was saved: no checkpoint folder was given"
        )
        raise Interrupted(f"stopped after update {self.progress.update} of {self.total}; {kept}")

    def _refuse(self, loss: float, norm: float, epoch: int, parts: Mapping[str, float]) -> None:
        what = f"the loss became {loss}" if not math.isfinite(loss) else f"the gradient's length became {norm}"
        raise TrainingError(
            f"{what}{_wrong_parts(parts)} at update {self.progress.update + 1} "
            f"(epoch {epoch + 1}, rate {self.course.rate:.2g}); "
            f"it changed no weights. Train again with a lower --lr "
            f"(a third of {self.lr:g}, say)"
        )

    def _batches(self, steps: list[Rows]) -> Iterator[tuple[Rows, Iterator[MicroBatch]]]:
        """Each step with its micro-batches, put together ahead of time by worker processes where there are any."""
        own = [self.processes.share(step, self.work.lengths) for step in steps]
        cut = [list(slices(part, self.work.lengths, self.settings.batch)) for part in own]
        pieces = [piece for step in cut for piece in step]
        loader: Any = DataLoader(
            pieces,  # type: ignore[arg-type]
            batch_size=None,
            collate_fn=self.work.collate,  # type: ignore[arg-type]
            num_workers=self.settings.workers,
            generator=torch.Generator().manual_seed(0),
        )
        stream = iter(loader)
        for step, parts in zip(steps, cut, strict=True):
            yield step, (next(stream) for _ in parts)


def machine() -> dict[str, Any]:
    """What the last digits of a sum depend on beside the numbers."""
    return {"torch": torch.__version__, "threads": torch.get_num_threads(), "processes": started()}


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _mix(seed: int, update: int, process: int) -> int:
    """One number out of the three, far apart for neighbours; that of the first process is that of one alone."""
    numbers = [seed, update, process] if process else [seed, update]
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _wrong_parts(parts: Mapping[str, float]) -> str:
    """The parts of a loss that are no numbers, in brackets; empty where all are."""
    wrong = [f"{name} is {value}" for name, value in parts.items() if not math.isfinite(value)]
    return f" (of its parts, {', '.join(wrong)})" if wrong else ""


def _epoch_line(entry: dict[str, Any], epochs: int) -> str:
    loss, measures = shown_measure(entry["train_loss"]), _measures(entry)
    return f"epoch {entry['epoch']} of {epochs}: train loss {loss}{measures and ',' + measures}"


def _measures(entry: dict[str, Any]) -> str:
    return ",".join(f" valid {name} {shown_measure(value)}" for name, value in entry.get("valid", {}).items())
