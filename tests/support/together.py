"""What two processes do together, one thing after another: ``python together.py FOLDER`` in each of them.

Each writes what it saw to ``FOLDER/<what>-<number>.json``; a test compares that with what one process does. The last
thing is a process that is killed, so that it comes last.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from limbeck.errors import LimbeckError
from limbeck.losses import get_loss
from limbeck.train.launch import number
from limbeck.train.learner import Learner
from limbeck.train.processes import join, speaks
from limbeck.train.step import MicroBatch, Step, StepResult, supervised
from support.encoders import folder
from support.taught import classifier, wide, with_all_parts
from support.train_data import flipped, learner, rows

PATIENT: dict[str, Any] = {"batch_size": 8, "epochs": 9, "lr": 3e-3, "patience": 2}
"""Settings under which the validation loss of wrong labels soon rises."""
ACCUMULATED: dict[str, Any] = {"batch_size": 4, "accumulate": 3}
COUNTED: dict[str, Any] = {"batch_size": None, "batch_tokens": 30, "epochs": 1}
STOPPED: dict[str, Any] = {"batch_size": 8, "epochs": 2}


def held_back() -> Any:
    return rows(40).take(range(30, 40))


def accumulated() -> Learner:
    """37 rows in steps of 12, the last of a single row."""
    return learner(rows(37), held_back(), **ACCUMULATED)


def patient() -> Learner:
    return learner(rows(24), flipped(held_back()), **PATIENT)


def counted() -> Learner:
    return learner(rows(20), family="distilbert", **COUNTED)


def parted() -> Learner:
    """A loss of five parts, a projection among what is trained, a last step of two rows."""
    return with_all_parts(batch_size=7)


def stopped() -> Learner:
    return learner(rows(24), **STOPPED)


def in_process(which: int, at_call: int, act: Callable[[StepResult], StepResult]) -> Step:
    """The ordinary step, but for one call of one process."""
    honest, seen = supervised(get_loss("classify")), 0

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        nonlocal seen
        seen += 1
        result = honest(model, micro)
        return act(result) if (number(), seen) == (which, at_call) else result

    return step


def signalled(kind: signal.Signals) -> Callable[[StepResult], StepResult]:
    def act(result: StepResult) -> StepResult:
        os.kill(os.getpid(), kind)
        return result

    return act


def story(made: Learner, checkpoints: Path | None = None, *, resume: bool = False) -> dict[str, Any]:
    """How a fit went: its log, or the error it ended with."""
    try:
        progress = made.fit(checkpoints, resume=resume)
    except LimbeckError as error:
        return {"error": type(error).__name__, "told": str(error)}
    weights = [float(value.double().abs().sum()) for value in made.model.module.state_dict().values()]
    return {"log": progress.log, "best": progress.best_update, "texts": progress.texts, "weights": weights}


def broken() -> Learner:
    made = stopped()
    made._step = in_process(1, 2, lambda result: StepResult(result.losses * math.nan, result.logits))
    return made


def asked(kind: signal.Signals, call: int = 2) -> Learner:
    made = stopped()
    made._step = in_process(1, call, signalled(kind))
    return made


def refused() -> dict[str, Any]:
    try:
        Learner(rows(8), model=f"frozen:{folder('bert')}")
    except LimbeckError as error:
        return {"error": type(error).__name__, "told": str(error)}
    return {}


def main(home: Path) -> None:
    seen = home if number() == 0 else home / "out of sight"

    def note(what: str, value: Any) -> None:
        (home / f"{what}-{number()}.json").write_text(json.dumps(value), encoding="utf-8")

    for family in ("bert", "distilbert"):  # before they come together: then transformers writes in the first alone
        folder(family)
    classifier(), wide()
    made = accumulated()
    note("accumulated", story(made, seen / "accumulated"))
    note("saved", json.loads(made.save(seen / "model").to_bytes()))
    note("patient", story(patient()))
    note("counted", story(counted()))
    note("parted", story(parted()))
    note("broken", story(broken(), seen / "broken"))
    note("stopped", story(asked(signal.SIGTERM), seen / "stopped"))
    note("resumed", story(stopped(), seen / "begun", resume=True))
    note("differing", story(learner(rows(8 + 4 * number()))))
    note("refused", refused())
    sums = join().sum(np.arange(3.0) + number()).tolist()
    note("first", {**join().first(lambda: {"made by": number()}), "sums": sums})
    last = story(asked(signal.SIGKILL), seen / "killed")
    note("killed", {**last, "speaks": speaks(), "speaks again": speaks()})
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
