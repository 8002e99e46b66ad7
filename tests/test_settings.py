"""Settings: dataclasses to flags, and to what an artefact records."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import tyro

from limbeck.errors import SettingsError
from limbeck.settings import from_flags, record, words_last
from limbeck.text import TextSettings
from limbeck.train.settings import FitSettings


@dataclass(frozen=True)
class Toast:
    """How bread is toasted."""

    out: Path = Path("plate")
    """Where the toast goes."""

    slices: int = 2
    """How many."""

    name: str | None = None
    """What it is called: names of more than
    a few letters are cut."""

    text: TextSettings = field(default_factory=TextSettings)


def read(*arguments: str) -> Toast:
    return from_flags(Toast, arguments, command="toast", description="Toasts bread.")


def test_defaults_and_flags() -> None:
    assert read() == Toast()
    assert read("--slices", "3", "--out", "tray") == Toast(out=Path("tray"), slices=3)


@pytest.mark.parametrize("arguments", [("--out", ""), ("--out=",), ("--name", "a", "--out", "")])
def test_an_empty_word_is_no_folder(arguments: tuple[str, ...]) -> None:
    with pytest.raises(
        SettingsError, match=r"an empty word was given for out; is a variable not set\? The folder where"
    ):
        read(*arguments)


@dataclass(frozen=True)
class Loaf:
    """A loaf."""

    model: str | None = None
    """After which it is made."""


@pytest.mark.parametrize("arguments", [("--model", ""), ("--model=",)])
def test_an_empty_word_is_no_model(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="an empty word was given for model"):
        from_flags(Loaf, arguments, command="bake", description="Bakes.")


def test_the_folder_where_one_is_has_a_name() -> None:
    assert read("--out", ".", "--name", "").out == Path()
    assert read("--name", "").name == ""


def test_nested_settings_have_no_prefix() -> None:
    assert read("--max-length", "64", "--head", "1").text == TextSettings(64, 1.0)


def test_help_has_no_line_ends_but_those_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit) as done:
        read("--help")
    told = capsys.readouterr().out
    assert done.value.code == 0
    assert "What it is called: names of more than a few letters are cut. (default: None)" in told
    assert "How many. (default: 2)" in told and "--max-length INT" in told


def test_a_room_refuses_its_part() -> None:
    with pytest.raises(SettingsError, match="--max-length 1 leaves no room"):
        read("--max-length", "1")


def test_flags_that_cannot_be_read_leave_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read("--slices", "many")
    assert caught.value.code == 2
    assert "--slices" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--slises", "3"],
            r"^'--slises' is no flag of limbeck toast; the nearest is '--slices' \(--help lists all\)$",
        ),
        (["--zzz=3"], r"^'--zzz' is no flag of limbeck toast \(--help lists all\)$"),
        (["-bad film"], r"^'-bad film' is no flag; a text that .* stands behind --: limbeck toast -- '-bad film'$"),
        (["--bad film"], r"limbeck toast -- '--bad film'$"),
        (["-bad", "--slises", "--", "--more"], r"^2 problems:\n.*'-bad' is no flag.*\n.*'--slises'[^\n]*$"),
    ],
)
def test_unknown_flags_are_named_together_and_what_follows_is_not(arguments: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(*arguments)


@dataclass(frozen=True)
class Menu:
    """What is eaten, and how."""

    dishes: tyro.conf.Positional[tuple[str, ...]] = ()
    spices: tuple[str, ...] = ()
    guests: int = 1
    warm: bool = False
    sharp: tyro.conf.DisallowNone[bool | None] = None
    course: Literal["first", "main"] | None = None
    text: TextSettings = field(default_factory=TextSettings)


@pytest.mark.parametrize("words", ["--course mian", "--course=mian", "soup --course mian --guests 3"])
def test_a_word_that_is_none_of_a_few_gets_the_nearest(words: str) -> None:
    with pytest.raises(SettingsError, match=r"^--course 'mian' is unknown; it takes 'main' \(nearest\), 'first'$"):
        from_flags(Menu, words.split(), command="eat", description="")


def test_a_flag_without_its_word_is_told_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        from_flags(Menu, ["--course", "--guests", "3"], command="eat", description="")
    told = capsys.readouterr().err
    assert "unknown" not in told and "--course" in told


def test_words_that_are_none_of_a_few_are_named_beside_unknown_flags() -> None:
    with pytest.raises(SettingsError, match=r"^2 problems:\n.*'--gests' is no flag.*\n.*--course 'mian' is unknown"):
        from_flags(Menu, ["--gests", "3", "--course", "mian"], command="eat", description="")
    kept = from_flags(Menu, ["--course", "first", "--", "--course", "mian"], command="eat", description="")
    assert (kept.course, kept.dishes) == ("first", ("--course", "mian"))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("soup --guests 8 cake", Menu(("soup", "cake"), guests=8)),
        ("soup --warm cake --no-sharp pie", Menu(("soup", "cake", "pie"), warm=True, sharp=False)),
        ("--guests=8 soup --max-length 9 cake --warm", Menu(("soup", "cake"), (), 8, True, text=TextSettings(9))),
        ("soup --spices a b --warm cake", Menu(("soup", "cake"), ("a", "b"), warm=True)),
        ("soup --guests 8 -- --warm -x", Menu(("soup", "--warm", "-x"), guests=8)),
        ("soup -1 --warm - 7", Menu(("soup", "-1", "-", "7"), warm=True)),
        ("soup cake --guests 8", Menu(("soup", "cake"), guests=8)),
        ("--guests 8", Menu(guests=8)),
    ],
)
def test_flags_may_stand_between_words(arguments: str, wanted: Menu) -> None:
    assert from_flags(Menu, arguments.split(), command="menu", description="Lists dishes.") == wanted


def test_an_unknown_flag_between_words_is_named_and_swallows_none() -> None:
    arguments = ["soup", "--geusts", "8", "cake"]
    assert words_last(Menu, arguments) == arguments
    with pytest.raises(SettingsError, match="'--geusts' is no flag of limbeck menu; the nearest is '--guests'"):
        from_flags(Menu, arguments, command="menu", description="Lists dishes.")


def test_help_comes_from_the_docstrings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read("--help")
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for words in ("limbeck toast", "Toasts bread.", "How many.", "Where the toast goes.", "--name STR"):
        assert words in shown
    assert "{None}" not in shown


def test_the_record_is_flat_and_json() -> None:
    toast = Toast(out=Path("a") / "b", text=TextSettings(head=0.5))
    assert record(toast) == {"out": str(Path("a/b")), "slices": 2, "name": None, "max_length": 256, "head": 0.5}
    assert json.loads(json.dumps(record(toast))) == record(toast)


def test_a_run_can_be_replayed_from_its_record() -> None:
    fit = FitSettings(epochs=2, lr=1e-4, batch_size=8, schedule="1cycle")
    assert FitSettings(**json.loads(json.dumps(record(fit)))) == fit
