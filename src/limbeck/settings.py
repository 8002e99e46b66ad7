"""The mechanism of settings: frozen dataclasses to flags, and to the record that an artefact keeps.

Each room keeps its own class and checks it when it is made; a command's class puts them together. Flags come from the
fields and their docstrings by tyro, so that library and command line cannot drift apart.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from limbeck.errors import SettingsError, closest, empty_word, gathered, nearest, quoted, refuse, together

Settings = TypeVar("Settings")
_FLAG = re.compile("--?[A-Za-z]")
_OF_TYRO = "--tyro-"
"""Flags that tyro has of its own, for a shell's completion."""


def from_flags(settings_type: type[Settings], arguments: Sequence[str], *, command: str, description: str) -> Settings:
    """Read flags into a settings object; leaves the process with code 2 where they cannot be read.

    Args:
        settings_type: a frozen dataclass; nested ones give their flags without a prefix. A field that may be None is
            so by leaving its flag out: ``--name None`` is the name ``None``.
        arguments: what stands behind the command's name.
        command: the command's name, for the usage line.
        description: the first lines of ``--help``.

    Raises:
        SettingsError: flags that are unknown, empty words for files, or what rooms refuse of their parts; all of a kind
            are named.
    """
    import tyro

    if {"-h", "--help"} & set(arguments):
        _join_lines(settings_type)
    else:
        refuse([*_unknown(settings_type, arguments, command), *_other_choices(settings_type, arguments)])
    with gathered():
        settings = tyro.cli(
            settings_type,
            prog=f"limbeck {command}",
            description=description,
            args=words_last(settings_type, arguments),
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes, tyro.conf.DisallowNone),
        )
    _refuse_empty_paths(settings, arguments)
    return settings


def words_last(settings_type: type, arguments: Sequence[str]) -> list[str]:
    """Give the arguments with the words that belong to no flag behind all flags, where flags stand between them.

    tyro fills a field of several words by one run of them, and would call the second word of ``MODEL --json FILE``
    an unknown flag. A flag that is unknown here leaves everything in its place, for tyro to name it.
    """
    takes = flags_of(settings_type)
    flags: list[str] = []
    words: dict[int, str] = {}
    n_values = 0
    for place, argument in enumerate(arguments):
        if argument == "--":
            words |= dict(enumerate(arguments[place + 1 :], place + 1))
            break
        if _FLAG.match(argument):
            name, has_value, _ = argument.partition("=")
            if (flag := name.replace("_", "-")) not in takes:
                return list(arguments)
            n_values = 0 if has_value else takes[flag]
            flags.append(argument)
        elif n_values:
            n_values -= 1
            flags.append(argument)
        else:
            words[place] = argument
    is_one_run = not words or max(words) - min(words) < len(words)
    return list(arguments) if is_one_run else [*flags, "--", *words.values()]


def _unknown(settings_type: type, arguments: Sequence[str], command: str) -> list[str]:
    """Words that look like flags and are none, in words: tyro calls what follows them unknown too."""
    takes = flags_of(settings_type)
    before = itertools.takewhile(lambda argument: argument != "--", arguments)
    problems = []
    for argument in before:
        flag = argument.partition("=")[0].replace("_", "-")
        if not _FLAG.match(argument) or flag in takes or flag.startswith(_OF_TYRO):
            continue
        if not flag.startswith("--") or (len(argument.split()) > 1 and "=" not in argument):
            example = f"limbeck {command} -- {shlex.quote(argument)}"
            problems.append(f"{argument!r} is no flag; a text that begins with a dash stands behind --: {example}")
            continue
        near = [f"; the nearest is {name!r}" for name in closest(flag, takes)]
        problems.append(f"{flag!r} is no flag of limbeck {command}{''.join(near)} (--help lists all)")
    return problems


def _other_choices(settings_type: type, arguments: Sequence[str]) -> list[str]:
    """Values that are none of what their flag takes, in words: tyro names no nearest one."""
    takes, problems = dict(_choices_of(settings_type)), []
    before = list(itertools.takewhile(lambda argument: argument != "--", arguments))
    for argument, following in itertools.zip_longest(before, before[1:]):
        name, has_value, value = argument.partition("=")
        choices = takes.get(name.replace("_", "-"))
        given = value if has_value else following
        is_missing = given is None or (not has_value and _FLAG.match(given))  # which tyro tells
        if choices and not is_missing and given not in choices:
            problems.append(f"{name} {quoted(given)} is unknown; it takes {nearest(given, choices)}")
    return problems


def _choices_of(settings_type: type) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The flags that take one of a few words, with these."""
    hints = get_type_hints(settings_type)
    for field in dataclasses.fields(settings_type):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            yield from _choices_of(hint)
            continue
        listed = [one for one in (hint, *get_args(hint)) if get_origin(one) is Literal]
        if words := tuple(word for one in listed for word in get_args(one) if isinstance(word, str)):
            yield "--" + field.name.replace("_", "-"), words


def _refuse_empty_paths(settings: Any, arguments: Sequence[str]) -> None:
    """Raise where an empty word (``limbeck train "$FILE"``) stands for a path: pathlib takes it for the folder here.

    A model is a word, since the hub's names are none of files, and an empty one names none either.
    """
    if all(argument.rpartition("=")[2] for argument in arguments) or any(one in arguments for one in (".", "./")):
        return
    if empty := dict.fromkeys(name for name, value in _places_in(settings) if value in (Path(), "")):
        raise SettingsError(together(empty_word(name) for name in empty))


def _places_in(settings: Any) -> Iterator[tuple[str, Path | str]]:
    """The paths among settings, and the model, those of nested ones too, with the names of their fields."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from _places_in(value)
        else:
            several = value if isinstance(value, tuple) else (value,)
            named = field.name == "model" and isinstance(value, str)
            yield from ((field.name.replace("_", "-"), one) for one in several if named or isinstance(one, Path))


def flags_of(settings_type: type) -> dict[str, int]:
    """How many words each flag takes: none of a switch, all that follow of a tuple, else one."""
    found: dict[str, int] = {}
    hints = get_type_hints(settings_type)
    for field in dataclasses.fields(settings_type):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            found |= flags_of(hint)
        else:
            flag = field.name.replace("_", "-")
            is_switch = hint in (bool, bool | None)
            found["--" + flag] = 0 if is_switch else sys.maxsize if get_origin(hint) is tuple else 1
            if is_switch:
                found["--no-" + flag] = 0
    return found


def _join_lines(settings_type: type) -> None:
    """Give each field its docstring in one line, as tyro takes it from a field's metadata.

    tyro joins a docstring's lines before it takes their indentation off, and so keeps each line's end in the help.
    """
    from docstring_parser import parse_from_object

    told = {}
    for one in filter(dataclasses.is_dataclass, reversed(settings_type.__mro__)):
        told.update({param.arg_name: param.description for param in parse_from_object(one).params})
    hints = get_type_hints(settings_type)
    for field in dataclasses.fields(settings_type):
        if dataclasses.is_dataclass(hint := hints[field.name]):
            assert isinstance(hint, type)
            _join_lines(hint)
        if text := told.get(field.name):
            field.metadata = MappingProxyType({**field.metadata, "help": " ".join(text.split())})


def record(settings: Any) -> dict[str, Any]:
    """The resolved settings as JSON takes them, nested classes flattened into one level.

    >>> from limbeck.text import TextSettings
    >>> record(TextSettings(max_length=64))
    {'max_length': 64, 'head': 0.25}
    """
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            flat.update(record(value))
        else:
            flat[field.name] = str(value) if isinstance(value, Path) else value
    return flat
