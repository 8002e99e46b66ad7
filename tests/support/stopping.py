"""Ctrl-C in the middle of a training."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from limbeck.train.loop import Loop


def stop_at(monkeypatch: pytest.MonkeyPatch, update: int) -> None:
    """Ctrl-C in the n-th update of all."""
    honest, count = Loop._update, [0]

    def stopped(self: Loop, *arguments: Any) -> None:
        honest(self, *arguments)
        count[0] += 1
        if count[0] == update:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Loop, "_update", stopped)
