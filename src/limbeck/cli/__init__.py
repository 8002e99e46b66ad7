"""The command line: one file a command. ``limbeck --help`` is answered from the table below, which imports none."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from limbeck.errors import LimbeckError, SettingsError, nearest
from limbeck.train.launch import started

COMMANDS = {
    "train": "fit a model to a labelled file and save it",
    "find-lr": "find the learning rate with which a training would end best",
    "plot": "draw the training of a saved model: loss, rate, momentum",
    "pretrain": "pre-train an encoder on texts by masked language modelling, or fit a head on one",
    "distil": "teach a small student what a large model, or a file of probabilities, says of your texts",
    "evaluate": "measure a saved model, or the one that ships, on a labelled file, and show what it gets most wrong",
    "predict": "answer a text, or every row of a file",
    "explain": "show which words moved an answer",
    "pick": "pick the rows of an unlabelled file that are worth labelling next",
    "info": "tell what a saved model is and how it was made",
    "export": "make a saved model smaller: int8 weights, fewer pieces in its vocabulary",
    "check": "verify a saved model's files and replay its probes on this machine",
}
"""Every own command with its line of help; a test holds it against the folder and the modules' own words."""

EXAMPLE = """\
examples:
  limbeck predict "An hour I want back."
  limbeck train reviews.csv --out model/
  limbeck evaluate model/ test.csv
  limbeck predict model/ "An hour I want back."
  limbeck predict model/ reviews.csv --out scored.csv

'limbeck COMMAND --help' lists a command's flags."""


_NOT_SO_NAMED = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EROFS)
"""Errors that another name, or another place, mends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, 2 for the user's mistake, 1 for ours, 130 after Ctrl-C.

    Of several processes that a launcher started, one tells an error.
    """
    _open_what_is_closed()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if words else 2
    if words[0] == "--version":
        from limbeck import __version__

        print(f"limbeck {__version__}")
        return 0
    from limbeck.cli._say import say
    from limbeck.cli._several import one_of_several, speaks

    try:
        with one_of_several("distil --pretrain" if words[0] == "distil" and "--pretrain" in words else words[0]):
            return _run(words[0], words[1:])
    except LimbeckError as error:
        if speaks():
            say(f"limbeck: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        if speaks():
            print("limbeck: stopped", file=sys.stderr)
        return 130
    except OSError as error:  # the reader of our output went away, as ``head`` does; a full disk
        _drop_output()
        return _lost(error) if speaks() else 1
    except Exception:
        if speaks():
            raise
        return 1


def program() -> None:
    """The command ``limbeck``: :func:`main`, and its exit code.

    An answer is waited for, and taking a model apart before the process ends takes 0.05 s: the system frees it anyway.
    Other commands end as any program does, since libraries that they use may want to be told.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a code page of Windows lacks most signs: they are shown escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    code = main()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _drop_output()
        code = code or _lost(error)
    if sys.argv[1:2] == ["predict"] or (code and started() > 1):  # no word to other processes, which may be gone
        with contextlib.suppress(OSError, AttributeError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Let what is said go nowhere where stdout or stderr is closed, as under some daemons.

    Python has None for it then, and ``print`` takes that for stdout: notices would stand among the answers.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - to the end


def _drop_output() -> None:
    """Let what is left in stdout's buffer go nowhere, so that flushing it at the end does not fail again."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lost(error: OSError) -> int:
    """Say that output could not be written, and the exit code; who reads as much as it wants and goes is no loss."""
    if isinstance(error, BrokenPipeError):
        return 0
    where = f" {error.filename}" if error.filename else ""
    print(f"limbeck: cannot read or write{where}: {error.strerror or error}", file=sys.stderr)
    return 2 if error.errno in _NOT_SO_NAMED else 1


def usage() -> str:
    """The text of ``limbeck --help``."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, line in COMMANDS.items()]
    return "\n".join(
        [
            "usage: limbeck COMMAND ...",
            "",
            "Labelled text in, a small and fast classifier out.",
            "",
            "commands:",
            *lines,
            "",
            EXAMPLE,
        ]
    )


def _run(name: str, arguments: Sequence[str]) -> int:
    from limbeck.table import Table

    table = Table("limbeck.cli", noun="command", flag="limbeck", group="limbeck.commands")
    try:
        module = table.module(name.replace("-", "_"))  # a command of two words is a file of two words
    except SettingsError:
        listed = nearest(name, (known.replace("_", "-") for known in table.names()))
        raise SettingsError(f"no command is called {name!r}; there are {listed} ('limbeck --help')") from None
    settings = module.plain(arguments) if hasattr(module, "plain") else None
    if settings is None:
        from limbeck.settings import from_flags

        description = f"{module.HELP}\n\nexample: {module.EXAMPLE}"
        settings = from_flags(module.Settings, arguments, command=name, description=description)
    return int(module.run(settings))
