"""A command as one of several processes that a launcher started: the first prints, and one of them tells an error.

Trainings and pre-trainings work in several. An error that all of them meet, such as a wrong path, is told once; one
that a single process meets is told by that process, and the others end in silence when they find it gone.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from limbeck.cli._say import say
from limbeck.train import require_training
from limbeck.train.launch import number, refuse_several, started

_TOGETHER = ("train", "pretrain", "distil --pretrain")
Told = TypeVar("Told")


@contextlib.contextmanager
def one_of_several(command: str) -> Iterator[None]:
    """While it is open, the processes that were started are together, and all but the first print nothing.

    Raises:
        SettingsError: the command runs in one process, and several were started.
    """
    if started() == 1:
        if command in _TOGETHER and _is_lone():
            say(
                "accelerate launch started one process; without GPUs it starts several by --multi_gpu, as torchrun does"
            )
        yield
        return
    if command not in _TOGETHER:
        refuse_several(f"limbeck {command}")
    require_training()
    from limbeck.train.processes import join

    with contextlib.ExitStack() as stack:
        if number() > 0:
            nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        processes = join()
        yield
        processes.leave()


def first_decides(make: Callable[[], Told]) -> Told:
    """What ``make`` returns, json's kind; of several processes the first calls it and tells the others."""
    if started() == 1:
        return make()
    from limbeck.train.processes import join

    return join().first(make)


def speaks() -> bool:
    """Whether it falls to this process to tell the user of an error; one of several does, the first that asks."""
    if started() == 1 or "limbeck.train.processes" not in sys.modules:
        return number() == 0
    from limbeck.train.processes import speaks

    return speaks()


def _is_lone() -> bool:
    """Whether ``accelerate launch`` was asked for several processes and started one: it gives no numbers then."""
    return {"ACCELERATE_USE_CPU", "MASTER_ADDR"} <= os.environ.keys() and "WORLD_SIZE" not in os.environ
