"""The texts of a command line as inputs of a model: blank ones, pairs, and the flags that texts have no use for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from limbeck.cli._asked import Asked, ends_as_a_file
from limbeck.cli._say import say
from limbeck.errors import DataError, SettingsError, refuse, together

if TYPE_CHECKING:
    from limbeck.text import Input


class _OfFiles(Protocol):
    """Flags of a command that are for files alone."""

    @property
    def text_column(self) -> str | None:
        """``--text-column``."""

    @property
    def text_pair_column(self) -> str | None:
        """``--text-pair-column``."""

    @property
    def skip_bad_rows(self) -> bool:
        """``--skip-bad-rows``."""


def check_texts(asked: Asked, settings: _OfFiles) -> None:
    """See that no flag of files was given with texts, which would do nothing, and say of a text that it is no file.

    Raises:
        SettingsError: there are such flags.
    """
    if not asked.texts:
        return
    said = "is for files, and what was given is text"
    problems = []
    if settings.text_column is not None:
        problems.append(f"--text-column {settings.text_column!r} {said}; leave it out")
    if settings.text_pair_column is not None:
        problems.append(f"--text-pair-column {settings.text_pair_column!r} {said}; two texts are a pair with --pair")
    if settings.skip_bad_rows:
        problems.append(f"--skip-bad-rows {said}; leave it out")
    refuse(problems)
    say(*(f"{text!r} is read as a text: there is no such file" for text in asked.texts if ends_as_a_file(text)))


def check_kind(texts: Sequence[str], *, pair: bool, of_pairs: bool) -> None:
    """See that the texts of the command line are what the model takes: single ones, or a pair.

    Raises:
        SettingsError: they are not.
    """
    if not texts or pair == of_pairs:
        return
    if pair:
        raise SettingsError("--pair makes one input of two texts, and this model takes single texts; leave it out")
    raise SettingsError("this model takes pairs; give two texts with --pair, or a file of pairs")


def see_that_all_are_answered(reasons: Sequence[str | None]) -> None:
    """See that every text of the command line has an answer.

    Args:
        reasons: of each text, why it has none; None where it has one.

    Raises:
        DataError: one has none; all of them are named.
    """
    named = ("the text",) if len(reasons) == 1 else (f"text {n}" for n in range(1, len(reasons) + 1))
    unread = [
        f"no answer to {text}: {reason}" for text, reason in zip(named, reasons, strict=True) if reason is not None
    ]
    if unread:
        raise DataError(together(unread))


def inputs_of(texts: Sequence[str], *, pair: bool, blank_ok: bool = False) -> list[Input]:
    """The texts given on the command line; the one pair of two where ``pair``.

    Args:
        texts: what was given.
        pair: two texts are one input.
        blank_ok: a blank text is an input too, whose answer is that there is none.

    Raises:
        DataError: a text is blank, and that is not ok.
        SettingsError: a pair of more or fewer than two texts.
    """
    from limbeck.text.blank import is_blank

    blank = [] if blank_ok else [n for n, text in enumerate(texts, start=1) if is_blank(text)]
    if blank and len(texts) == 1:
        raise DataError(f"the text {texts[0]!r} is empty; give a text with something to read")
    if blank and not (pair and len(blank) == 1):
        raise DataError(together(f"text {n} ({texts[n - 1]!r}) is empty; leave it out" for n in blank))
    if not pair or not texts:
        return list(texts)
    if len(texts) != 2:
        raise SettingsError(f"--pair takes two texts; {len(texts)} were given")
    return [(texts[0], texts[1])]
