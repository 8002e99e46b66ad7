"""Checkpoints: all that a run needs to go on as if it had never stopped. Nothing is pickled.

A checkpoint is a folder ``step-00000022`` with ``tensors.safetensors`` and ``state.json``, written beside under
another name and renamed, so that a half-written one is never seen. The older one goes only when the newer one stands.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from limbeck.artefact.save import flush_one
from limbeck.errors import TrainingError

_REPLACED = ".replaced"


@dataclass
class Progress:
    """Where a run stands; all of it is in the checkpoint."""

    update: int = 0
    """Optimiser steps done: the one counter that a resume restores."""
    best_loss: float | None = None
    """Lowest validation loss so far."""
    best_update: int = 0
    """The update that reached it."""
    stale: int = 0
    """Validations since then."""
    seconds: float = 0.0
    """Seconds of training, validation and saving left out."""
    texts: int = 0
    """Texts trained on, repeats counted."""
    log: list[dict[str, Any]] = field(default_factory=list)
    """What ``metrics.jsonl`` will hold."""


def save(
    folder: Path,
    *,
    identity: Mapping[str, Any],
    progress: Progress,
    tensors: Mapping[str, Mapping[str, Tensor]],
    state: Mapping[str, Any],
) -> None:
    """Write a checkpoint and remove the one before.

    Args:
        folder: where checkpoints stand, made if missing.
        identity: what must be equal for a resume to make sense: settings, data, model.
        progress: where the run stands.
        tensors: named groups of tensors, such as ``model`` and ``best``.
        state: further state as JSON takes it (optimiser's groups, scheduler).

    Raises:
        TrainingError: the disk is full, or refuses otherwise; nothing half-written is left, and the one before stands.
    """
    target = folder / f"step-{progress.update:08d}"
    partial = folder / f"{target.name}.partial"
    with _whole_or_not(partial):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        flat = {
            f"{group}/{name}": value.detach().contiguous()
            for group, part in tensors.items()
            for name, value in part.items()
        }
        flat["random/torch"] = torch.get_rng_state()
        safetensors.torch.save_file(flat, partial / "tensors.safetensors")
        flush_one(partial / "tensors.safetensors")
        record = {"identity": identity, "progress": asdict(progress), "state": state, "random": _random_state()}
        (partial / "state.json").write_text(json.dumps(record), encoding="utf-8")
        flush_one(partial / "state.json")
        flush_one(partial)
        if target.exists():  # of the same update, written when the user stopped at the end of an epoch
            shutil.rmtree(target.with_suffix(_REPLACED), ignore_errors=True)
            target.rename(target.with_suffix(_REPLACED))
        partial.rename(target)
        flush_one(folder)
        for older in folder.glob("step-*"):
            if older != target:
                shutil.rmtree(older, ignore_errors=True)


@contextlib.contextmanager
def _whole_or_not(partial: Path) -> Iterator[None]:
    """Leave no folder ``partial`` where the disk refuses.

    Raises:
        TrainingError: it does.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise TrainingError(
            f"the checkpoint {partial.stem} cannot be written to {partial.parent}: "
            f"{getattr(error, 'strerror', None) or error}; make room, and go on with --resume from the one before"
        ) from error


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read back."""

    identity: dict[str, Any]
    progress: Progress
    tensors: dict[str, dict[str, Tensor]]
    state: dict[str, Any]
    random: dict[str, Any]

    def restore_random(self) -> None:
        """Put the random states of torch, numpy and Python back."""
        torch.set_rng_state(self.tensors["random"]["torch"])
        version, words, gauss = self.random["python"]
        random.setstate((version, tuple(words), gauss))
        name, keys, position, has_gauss, cached = self.random["numpy"]
        np.random.set_state((name, np.array(keys, np.uint32), position, has_gauss, cached))


def newest(folder: Path) -> Checkpoint | None:
    """Read the newest whole checkpoint of ``folder``; None where there is none.

    Raises:
        TrainingError: there is one, but its files are damaged.
    """
    paths = [path for path in folder.glob("step-*") if path.suffix in ("", _REPLACED)]
    whole = sorted(paths, key=lambda path: (path.stem, path.suffix == ""))
    if not whole:
        return None
    try:
        record = json.loads((whole[-1] / "state.json").read_text())
        flat = safetensors.torch.load_file(whole[-1] / "tensors.safetensors")
        tensors: dict[str, dict[str, Tensor]] = {}
        for name, value in flat.items():
            group, _, rest = name.partition("/")
            tensors.setdefault(group, {})[rest] = value
        return Checkpoint(
            record["identity"], Progress(**record["progress"]), tensors, record["state"], record["random"]
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(
            f"the checkpoint {whole[-1]} is damaged ({error}); remove that folder to begin anew, "
            "or copy it back from a backup"
        ) from None


_SAID = "taught by said"
"""What a student's run calls the hash of its teachers' answers."""


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a resume would change, a line each: ``lr was 0.001, is 0.01``, the data first.

    What is kept as a hash or as a record of words says nothing to a reader: ``train data has changed``.
    """
    names = sorted(before.keys() | now.keys(), key=lambda name: (not name.endswith((" data", _SAID)), name))
    changed = [(name, before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name)]
    return [_difference(name.replace(_SAID, "what the teachers said"), was, found) for name, was, found in changed]


def _difference(name: str, was: object, found: object) -> str:
    if not (_is_opaque(was) or _is_opaque(found)):
        return f"{name} was {was!r}, is {found!r}"
    return f"{name} {'is new' if was is None else 'is gone' if found is None else 'has changed'}"


def _is_opaque(value: object) -> bool:
    """Whether it is a digest, or a record of more than numbers."""
    if isinstance(value, list):
        return any(map(_is_opaque, value))
    if isinstance(value, dict):
        return not all(isinstance(one, int | float) for one in value.values())
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{16,}", value) is not None


def see_that_dropout_goes_on(saved: Checkpoint, *, now: int, where: Path | None) -> None:
    """Raise where as many processes as there are ``now`` would draw other dropout than those that wrote a checkpoint.

    Raises:
        TrainingError: their number has changed, and the model drops out.
    """
    before = saved.state["machine"]["processes"]
    if before != now and any(saved.identity.get("dropout", {}).values()):
        raise TrainingError(
            f"the checkpoint in {where} is of {before} process{'es' if before > 1 else ''}, and {now} took it up: "
            f"dropout would draw other numbers from here on. Resume with {before}, or train anew without --resume"
        )


def _random_state() -> dict[str, Any]:
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {"python": random.getstate(), "numpy": [name, np.asarray(keys).tolist(), position, has_gauss, cached]}
