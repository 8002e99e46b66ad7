"""The mechanism of settings: frozen dataclasses to flags, and to the record that an artefact keeps.

Each room keeps its own class and checks it when it is made; a command's class puts them together. Flags come from the
fields and their docstrings by tyro, so that library and command line cannot drift apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

Settings = TypeVar("Settings")


def from_flags(settings_type: type[Settings], arguments: Sequence[str], *, command: str, description: str) -> Settings:
    """Read flags into a settings object; leaves the process with code 2 where they cannot be read.

    Args:
        settings_type: a frozen dataclass; nested ones give their flags without a prefix. A field that may be None is
            so by leaving its flag out: ``--name None`` is the name ``None``.
        arguments: what stands behind the command's name.
        command: the command's name, for the usage line.
        description: the first lines of ``--help``.

    Raises:
        LimbeckError: a room refused its part of the settings.
    """
    import tyro

    if {"-h", "--help"} & set(arguments):
        _join_lines(settings_type)
    return tyro.cli(
        settings_type,
        prog=f"limbeck {command}",
        description=description,
        args=list(arguments),
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes, tyro.conf.DisallowNone),
    )


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
