"""What stands in front of every command: usage, unknown names, exit codes."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import limbeck
from limbeck import cli
from limbeck.errors import Interrupted, LimbeckError
from limbeck.settings import flags_of
from support.tiny import shared


def test_help_lists_every_command_and_leaves_with_nought(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["-h"], ["help"]):
        assert cli.main(words) == 0
        out = capsys.readouterr().out
        assert all(f"  {name}" in out and line in out for name, line in cli.COMMANDS.items())


def test_no_command_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "usage: limbeck COMMAND" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"limbeck {limbeck.__version__}\n"


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tran", "x.csv"]) == 2
    assert "no command is called 'tran'; there are 'train' (nearest), 'check'" in capsys.readouterr().err


def test_an_unknown_flag_leaves_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", "model", "--no-such-flag"]) == 2
    assert "'--no-such-flag' is no flag of limbeck info" in capsys.readouterr().err
    assert cli.main(["predict", "--jsn", "good"]) == 2
    told = "limbeck: '--jsn' is no flag of limbeck predict; the nearest is '--json' (--help lists all)\n"
    assert capsys.readouterr().err == told
    assert cli.main(["predict", "-bad film"]) == 2
    assert "stands behind --: limbeck predict -- '-bad film'" in capsys.readouterr().err


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_flag_of_the_help_is_known(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    starts = re.findall(r"^[^\w-]{1,3}(--[a-z].*?)(?: {2}| [A-Z{\[]|$)", capsys.readouterr().out, re.MULTILINE)
    flags = {flag.strip(" │|") for start in starts for flag in start.split(", ")}
    settings_type = importlib.import_module(f"limbeck.cli.{command.replace('-', '_')}").Settings
    assert flags and flags <= set(flags_of(settings_type))


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_the_help_of_a_command_shows_no_python(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        cli.main([command, "--help"])
    assert leaving.value.code == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert f"usage: limbeck {command} " in shown
    assert "{None" not in shown and "(default: )" not in shown


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (LimbeckError("the value 'x' is wrong"), 2, "limbeck: the value 'x' is wrong\n"),
        (Interrupted("stopped after update 3"), 130, "limbeck: stopped after update 3\n"),
        (KeyboardInterrupt(), 130, "limbeck: stopped\n"),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(name: str, arguments: object) -> int:
        raise error

    monkeypatch.setattr(cli, "_run", run)
    assert cli.main(["info", "x"]) == code
    assert capsys.readouterr().err == said


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str, arguments: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "_run", run)
    with pytest.raises(ZeroDivisionError):
        cli.main(["info", "x"])


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    texts = tmp_path / "many.csv"
    texts.write_text("text\n" + "a joy\n" * 3000)
    command = f"{sys.executable} -m limbeck predict {shared()} {texts} | head -n 1"
    environment = {**os.environ, "LIMBECK_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", env=environment)
    assert done.stdout.startswith("text,predicted,")
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def run_program(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "limbeck", *words]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=120)


def test_the_program_says_all_it_has_to_say_before_it_ends(tmp_path: Path) -> None:
    folder = str(shared())
    done = run_program("predict", folder, "-", given="a joy\na bore\n" * 2000)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 4000
    refused = run_program("predict", folder, "   ")
    assert refused.returncode == 2 and "is empty" in refused.stderr and refused.stdout == ""
    assert run_program("--version").stdout.startswith("limbeck ")
    assert run_program("predic").returncode == 2
