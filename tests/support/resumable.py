"""``limbeck train`` in a process that dies at a chosen moment: ``python resumable.py MOMENT ARGUMENTS...``.

MOMENT is ``update:N`` (killed within update N, after its first batch), ``before:N`` or ``after:N`` (killed around the
N-th rename of a checkpoint), or ``slow`` (each update takes 30 ms more, so that a signal can be sent in between).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from limbeck.cli import main


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_update(n: int) -> None:
    from accelerate import Accelerator

    from limbeck.train.loop import Loop

    honest, honest_backward, now = Loop._update, Accelerator.backward, [0]

    def update(self: Loop, *arguments: Any) -> None:
        now[0] = self.progress.update + 1
        honest(self, *arguments)

    def backward(self: Accelerator, *arguments: Any) -> None:
        honest_backward(self, *arguments)
        if now[0] == n:
            die()

    Loop._update = update  # type: ignore[assignment, method-assign]
    Accelerator.backward = backward


def die_at_rename(n: int, *, before: bool) -> None:
    honest, count = Path.rename, [0]

    def rename(self: Path, target: Path) -> Path:
        if self.name.startswith("step-"):
            count[0] += 1
            if count[0] == n and before:
                die()
        renamed = honest(self, target)
        if self.name.startswith("step-") and count[0] == n:
            die()
        return renamed

    Path.rename = rename  # type: ignore[method-assign, assignment]


def slow_down() -> None:
    from limbeck.train.loop import Loop

    honest = Loop._update

    def update(self: Loop, *arguments: Any) -> None:
        time.sleep(0.03)
        honest(self, *arguments)

    Loop._update = update  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    moment, _, number = sys.argv[1].partition(":")
    if moment == "update":
        die_in_update(int(number))
    elif moment == "slow":
        slow_down()
    else:
        die_at_rename(int(number), before=moment == "before")
    raise SystemExit(main(sys.argv[2:]))
