"""``limbeck explain``: which words moved the answers to texts, to a file's rows or to a pipe's lines."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from limbeck.cli._asked import Asked, plain_words, understand
from limbeck.cli._inputs import check_kind, check_texts, inputs_of, see_that_all_are_answered
from limbeck.cli._lazy_tyro import tyro
from limbeck.cli._printable import json_encoder, printable
from limbeck.cli._say import say
from limbeck.cli._written import PAGES, hindrances
from limbeck.errors import DataError, refuse

if TYPE_CHECKING:
    from limbeck.inspect.explanation import Explanation
    from limbeck.runtime import Predictor

HELP = "Show which words moved an answer, and towards which class; with no model named, of sentiment."
EXAMPLE = 'limbeck explain "An hour I want back."'
_CHUNK_ROWS = 32
Shown = tuple[str, "Explanation"]
"""Where an input stands, and its explanation."""


@dataclass(frozen=True)
class Settings:
    """What to explain, of which model."""

    words: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        tyro.conf.arg(metavar="[MODEL] TEXT...|FILE|-", help_behavior_hint=""),
    ] = ()
    """MODEL is the folder of a saved model; without it the sentiment model that ships answers. FILE is csv, tsv, jsonl,
    parquet, or txt with a text a line; - is standard input, a text a line, and is read where nothing else is given."""
    json: bool = False
    """Print json, an object a line: label, probs, and the words with their places and effects; of a text without an
    answer label is null, and reason says why."""
    html: Path | None = None
    """Write a page with the texts in colour to this file; nothing is printed then."""
    strongest: int = 10
    """Words listed of each text, those of the greatest effect first."""
    pair: bool = False
    """Take two texts as one pair, for a model of pairs."""
    text_column: str | None = None
    """Column of the text; found by its name or content unless given."""
    text_pair_column: str | None = None
    """Column of the second text, for a model of pairs."""
    windows: tyro.conf.DisallowNone[bool | None] = None
    """Read the whole of a long text instead of leaving its middle out; the model's folder says which where neither is
    given."""
    encoding: str = "utf-8"
    """Encoding of a text file, or of standard input."""
    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of stopping."""


def plain(arguments: Sequence[str]) -> Settings | None:
    """Settings of a call without flags (``--json`` aside), or None: reading flags takes longer than an answer."""
    found = plain_words(arguments)
    return None if found is None else Settings(found[0], json=found[1])


def run(settings: Settings) -> int:
    """Explain; results on stdout or in a page, notices on stderr."""
    asked = understand(settings.words, command="explain")
    _check(settings, asked.source, piped=asked.piped)
    check_texts(asked, settings)
    inputs = inputs_of(asked.texts, pair=settings.pair, blank_ok=settings.json)
    from limbeck import sentiment
    from limbeck.inspect.explain import explain_many

    predictor = sentiment.load(asked.model, quick=bool(inputs), notify=say)
    check_kind(asked.texts, pair=settings.pair, of_pairs=predictor.is_pairs)
    if not asked.texts:
        _show(_of_rows(predictor, asked, settings), settings)
        return 0
    made = explain_many(predictor, inputs, windows=settings.windows)
    if not settings.json:
        see_that_all_are_answered([one.reason if one.label is None else None for one in made])
    _show((("", one) for one in made), settings)
    return 0


def _check(settings: Settings, source: Path | None, *, piped: bool) -> None:
    """Raise for flags that would do nothing, or cannot be followed."""
    problems = []
    if settings.strongest < 0:
        problems.append(f"--strongest {settings.strongest} is no number of words; give 0 or more")
    if settings.pair and piped:
        problems.append("--pair takes two texts; a line of standard input is one")
    if settings.skip_bad_rows and piped:
        problems.append("--skip-bad-rows is for files: of standard input every line gets an answer; leave it out")
    if settings.json and settings.html:
        problems.append(f"--json prints, and --html {str(settings.html)!r} writes a page; leave one of them out")
    problems += hindrances("--html", settings.html, reads=[source], endings=PAGES)
    refuse(problems)


def _of_rows(predictor: Predictor, asked: Asked, settings: Settings) -> Iterator[Shown]:
    """The rows of a file or a pipe with their explanations, a few at a time."""
    from limbeck.cli._answers import standard_input
    from limbeck.data import Rows, open_rows, row_inputs
    from limbeck.inspect.explain import explain_many
    from limbeck.runtime.columns import find_columns
    from limbeck.runtime.progress import Progress, guess_rows

    source: Rows
    if asked.source is None:
        source = standard_input(predictor, settings.encoding)
    else:
        source = open_rows(asked.source, encoding=settings.encoding, skip_bad_rows=settings.skip_bad_rows)
    columns = find_columns(
        source,
        predictor.manifest,
        text_column=settings.text_column or ("text" if asked.piped else None),
        text_pair_column=settings.text_pair_column,
    )
    total = guess_rows(asked.source) if asked.source and sys.stderr.isatty() else None
    with Progress("explain", total) as progress, contextlib.closing(source.chunks(_CHUNK_ROWS)) as chunks:
        for chunk in chunks:
            made = explain_many(predictor, row_inputs(chunk, columns, source), windows=settings.windows)
            yield from zip((source.where([row.line]) for row in chunk), made, strict=True)
            progress.advance(len(chunk))
    say(*source.notices, *([f"{source.name}: {columns.why}"] if columns.why else []))


def _told(made: Iterator[Shown]) -> Iterator[Shown]:
    """The same, each with a notice of what was odd about it, where it was answered all the same."""
    for where, one in made:
        if one.reason and one.label is not None:
            say(f"{where}: {one.reason}" if where else one.reason)
        yield where, one


def _show(made: Iterator[Shown], settings: Settings) -> None:
    made = _told(made)
    if settings.html:
        _write_page(made, settings.html)
    elif settings.json:
        encoder = json_encoder()
        for where, one in made:
            place = where.partition(" ")[2]
            line: dict[str, Any] = {"line": int(place) if place.isdecimal() else place} if where else {}
            encoder.write_rows([line | {"input": one.input} | one.to_json()])
            sys.stdout.flush()
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        for n, (where, one) in enumerate(made):
            lead = ("\n" if n else "") + (f"{where}: " if where else "")
            print(lead + one.text(settings.strongest, colour=colour, show=printable), flush=True)


def _write_page(made: Iterator[Shown], path: Path) -> None:
    """Write the page beside its place, and rename it there once it is whole."""
    from limbeck.cache import partial_of
    from limbeck.inspect.explanation_page import HEAD, TAIL, section

    partial = partial_of(path)
    try:
        with partial.open("w", encoding="utf-8", errors="replace") as file:
            file.write(HEAD)
            for where, one in made:
                file.write(section(one, where))
            file.write(TAIL)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    say(f"written: {path}")
