"""Ctrl-C: the first asks, the second stops, and the handlers come back whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from limbeck.train.interrupt import Stopper

NUMBERS = (signal.SIGINT, signal.SIGTERM)


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in NUMBERS]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_only_asks(number: signal.Signals) -> None:
    before = handlers()
    with Stopper() as stopper:
        assert not stopper.asked
        assert handlers() != before
        os.kill(os.getpid(), number)
        assert stopper.asked
        assert handlers() == before  # a second one acts as it always does
    assert stopper.asked
    assert handlers() == before


def test_a_second_ctrl_c_interrupts() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        interrupt_twice()
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt_twice() -> None:
    with pytest.raises(KeyboardInterrupt), Stopper() as stopper:
        signal.raise_signal(signal.SIGINT)
        assert stopper.asked
        signal.raise_signal(signal.SIGINT)


def test_without_a_signal_nothing_is_left_behind() -> None:
    before = handlers()
    with Stopper() as stopper:
        pass
    assert not stopper.asked
    assert handlers() == before


def test_an_error_passes_and_the_handlers_come_back() -> None:
    before = handlers()
    with pytest.raises(ZeroDivisionError), Stopper():
        raise ZeroDivisionError
    assert handlers() == before


def test_a_signal_while_the_handlers_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = handlers()
    stopper = Stopper().__enter__()
    restore: Callable[..., Any] = signal.signal

    def interrupted(number: int, handler: Any) -> Any:
        monkeypatch.undo()
        stopper._ask(signal.SIGTERM, None)
        return restore(number, handler)

    monkeypatch.setattr(signal, "signal", interrupted)
    stopper.__exit__(None, None, None)
    assert stopper.asked
    assert handlers() == before


def test_other_threads_cannot_set_handlers_and_need_not() -> None:
    before, seen = handlers(), []

    def work() -> None:
        with Stopper() as stopper:
            seen.append((handlers(), stopper.asked))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, False)]


def test_a_second_sigterm_ends_the_process() -> None:
    code = (
        "import os, signal; from limbeck.train.interrupt import Stopper\n"
        "with Stopper() as stopper:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('asked', stopper.asked, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "asked True\n"
    assert done.returncode == -signal.SIGTERM
