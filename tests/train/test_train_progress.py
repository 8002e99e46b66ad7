"""What a person sees: a bar on a terminal, plain lines elsewhere, nothing in Python."""

from __future__ import annotations

import io
import sys
import time

import pytest

from limbeck.train.progress import Console, Reporter, Silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(reporter: Reporter, updates: int = 4) -> None:
    reporter.begin(2, 2 + updates)
    for n in range(updates):
        reporter.update(3 + n, 0.12345)
    reporter.line("epoch 1: loss 0.5")
    reporter.end()
    with reporter.watch("reading texts", 3) as progress:
        progress.advance(3)


def test_silent_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    run(Silent())
    assert capfd.readouterr() == ("", "")


def test_a_short_run_gives_its_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    run(Console())
    assert capsys.readouterr() == ("", "epoch 1: loss 0.5\n")


def test_a_long_run_gives_a_sign_of_life_each_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 20
        return now

    monkeypatch.setattr(time, "monotonic", clock)
    run(Console(), updates=9)
    out, shown = capsys.readouterr()
    assert out == ""
    assert shown.splitlines() == [
        "update 6 of 11, loss 0.1235",
        "update 10 of 11, loss 0.1235",
        "epoch 1: loss 0.5",
    ]
    assert not set("\r\x1b") & set(shown)


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    console = Console()
    console.begin(2, 6)
    monkeypatch.setattr(console._bar, "delay", 0)
    console.update(3, 0.12345)
    console.line("epoch 1: loss 0.5")
    console._bar.refresh()
    console.end()
    console.end()  # twice does no harm
    console.line("after")
    shown = terminal.getvalue()
    assert capsys.readouterr().out == ""
    assert "3/6" in shown
    assert "loss=0.123" in shown
    assert "epoch 1: loss 0.5\n" in shown
    assert shown.endswith("after\n")


def test_a_bar_waits_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    console = Console()
    console.begin(0, 5)
    console.update(1, 0.5)
    console.end()
    assert "update" not in terminal.getvalue()


def test_a_second_run_counts_from_its_own_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    for _ in range(2):
        run(console)
    assert capsys.readouterr().err == "epoch 1: loss 0.5\n" * 2
