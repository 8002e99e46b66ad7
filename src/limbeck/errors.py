"""The errors that limbeck raises on purpose, one family.

A message has three parts: the value that was wrong, quoted; what is accepted, the nearest match first; and the
argument or command that mends it. The command line prints the message alone and leaves with exit code 2.

::

    LimbeckError(Exception)          anything the user can mend; exit code 2
    ├── DataError                    a file, a row or a column is not what was asked for
    ├── SettingsError                a setting, or a combination of settings, cannot work
    ├── ArtefactError                a saved folder is missing, damaged or of another format
    ├── ModelError                   a model folder or hub name cannot be used
    ├── TrainingError                training cannot go on (a loss that is not a number, a broken checkpoint)
    ├── Interrupted                  the user asked to stop; what was done is on disk (exit code 130)
    └── MissingExtra(ImportError)    an optional part is not installed; the message is the line that installs it
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from types import ModuleType

PROBLEMS_SHOWN = 10
"""So many damaged rows, or lines in a notice, are named one by one."""
_NAMED = 20
"""So many of what is accepted are named; a wide table or a fine set of classes has thousands."""
_QUOTED_CHARACTERS = 60


class LimbeckError(Exception):
    """Root of the family: the user can mend it, and the message says how."""

    exit_code = 2


class DataError(LimbeckError):
    """A file, a row or a column is not what was asked for."""


class SettingsError(LimbeckError):
    """A setting, or a combination of settings, cannot work."""


class ArtefactError(LimbeckError):
    """A saved folder is missing, damaged or of another format."""


class ModelError(LimbeckError):
    """A model folder or hub name cannot be used."""


class TrainingError(LimbeckError):
    """Training cannot go on; the last good checkpoint is kept."""


class Interrupted(LimbeckError):
    """The user asked to stop; the message says how to go on."""

    exit_code = 130


class MissingExtra(LimbeckError, ImportError):
    """An optional part is not installed."""


def require(module: str, extra: str) -> ModuleType:
    """Import ``module``, or say which install line brings it.

    Raises:
        MissingExtra: ``module`` is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtra(
            f"{module.partition('.')[0]} is not installed; this needs it. Run: pip install 'limbeck[{extra}]'"
        ) from None


def closest(value: str, accepted: Iterable[str], *, n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Give up to ``n`` of what is accepted that is spelt nearly like ``value`` (difflib's ratio over ``cutoff``).

    What differs in case alone comes first; where nothing is near, case is no matter.

    >>> closest("lable", ["text", "label"]), closest("LABLE", ["text", "label"])
    (['label'], ['label'])
    """
    import difflib  # for messages alone, and an answer is waited for

    names = list(accepted)
    if same := [name for name in names if name.casefold() == value.casefold()]:
        return same[:n]
    if found := difflib.get_close_matches(value, names, n=n, cutoff=cutoff):
        return found
    folded = {name.casefold(): name for name in reversed(names)}
    return [folded[name] for name in difflib.get_close_matches(value.casefold(), folded, n=n, cutoff=cutoff)]


def nearest(value: str, accepted: Iterable[str]) -> str:
    """Name what is accepted, the nearest match to ``value`` first; of very much the first in order.

    >>> nearest("lable", ["text", "label"])
    "'label' (nearest), 'text'"
    """
    names = sorted(dict.fromkeys(accepted))
    close = closest(value, names, cutoff=0.5)
    rest = [quoted(name) for name in names if name not in close]
    shown = [f"{quoted(name)} (nearest)" for name in close] + rest[: _NAMED - len(close)]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def quoted(value: object) -> str:
    """Quote a value for a message, the beginning alone of a long one: what stands in a cell may be a whole text.

    >>> quoted("spam"), quoted("x" * 70) == repr("x" * 57 + "...")
    ("'spam'", True)
    """
    text = value if isinstance(value, str) else repr(value)
    cut = text if len(text) <= _QUOTED_CHARACTERS else text[: _QUOTED_CHARACTERS - 3] + "..."
    return repr(cut) if isinstance(value, str) else cut


def shown_number(value: float) -> str:
    """A number as people read it: four digits, and never an exponent for thousands.

    >>> shown_number(249999.6), shown_number(0.123456)
    ('250000', '0.1235')
    """
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e15 else f"{value:.4g}"


def shown_measure(value: float) -> str:
    """A measure as people compare them: four decimals, and three digits of one that these would hide.

    >>> shown_measure(0.91234), shown_measure(0.0), shown_measure(0.000012345)
    ('0.9123', '0.0000', '1.23e-05')
    """
    return f"{value:.4f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.3g}"


def counted(n: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "epoch"), counted(2000, "update")
    ('1 epoch', '2,000 updates')
    """
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def first_ones(problems: Sequence[str], most: int = PROBLEMS_SHOWN) -> str:
    """One message out of the first problems, with the number of those that it leaves out."""
    more = [f"and {len(problems) - most} more"] if len(problems) > most else []
    return together([*problems[:most], *more])


_GATHERED: ContextVar[list[str] | None] = ContextVar("gathered", default=None)


def refuse(problems: Sequence[str]) -> None:
    """Raise for what is wrong with settings that are being made; inside :func:`gathered`, keep it until all are made.

    Raises:
        SettingsError: there are problems.
    """
    found = _GATHERED.get()
    if found is not None:
        found += problems
    elif problems:
        raise SettingsError(together(problems))


@contextlib.contextmanager
def gathered() -> Iterator[None]:
    """Tell of all that is wrong with the settings of one command together, whichever of its parts refuse.

    Raises:
        SettingsError: some did.
    """
    found: list[str] = []
    token = _GATHERED.set(found)
    try:
        yield
    except SettingsError as error:
        found.append(str(error))
    finally:
        _GATHERED.reset(token)
    if found:
        raise SettingsError(together(dict.fromkeys(found)))


def together(problems: Iterable[str]) -> str:
    """One message out of all problems of one input: alone as it is, several as a list."""
    lines = list(problems)
    return lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} problems:", *(f"  - {line}" for line in lines)])


def empty_word(name: str) -> str:
    """What to say of an empty word where a path was wanted.

    >>> empty_word("data")
    'an empty word was given for data; is a variable not set? The folder where you are is called .'
    """
    return f"an empty word was given for {name}; is a variable not set? The folder where you are is called ."
