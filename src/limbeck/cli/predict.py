"""``limbeck predict``: answer texts given on the command line, or the rows of a file."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._printable import json_encoder, printable
from limbeck.cli._say import say
from limbeck.errors import DataError, SettingsError, together

if TYPE_CHECKING:
    import tyro

    from limbeck.runtime import Answer, Predictor
    from limbeck.runtime.stream import Counts
    from limbeck.text import Input

HELP = "Answer a text, or every row of a file."
EXAMPLE = 'limbeck predict model/ "An hour I want back."'

if not TYPE_CHECKING:

    class _Tyro:
        """Stands for tyro in annotations, which are read only when flags are parsed: it takes 0.1 s to import."""

        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("tyro"), name)

    tyro = _Tyro()

FILE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".ndjson", ".parquet", ".txt")
"""An argument that ends so names a file. A list here, since the formats' own would have to be imported for a text."""
_PATH_CHARACTERS = 1024


@dataclass(frozen=True)
class Settings:
    """What to answer, with which model, and where to."""

    model: tyro.conf.Positional[Path]
    """Folder of a saved model."""
    texts: tyro.conf.Positional[tuple[str, ...]] = ()
    """Texts, or one file: csv, tsv, jsonl, parquet, or txt with a text a line."""
    out: Path | None = None
    """File for the rows with their answers, its format by its suffix; without it rows go to stdout."""
    json: bool = False
    """Print json, an object a line."""
    pair: bool = False
    """Take two texts as one pair, for a model of pairs."""
    text_column: str | None = None
    """Column of the text; found by its name or content unless given."""
    text_pair_column: str | None = None
    """Column of the second text, for a model of pairs."""
    windows: bool = False
    """Read the whole of a long text, as the mean over its windows, instead of leaving its middle out."""
    batch_size: int = 1024
    """Rows of a file read at once; more take more memory and are no faster."""
    encoding: str = "utf-8"
    """Encoding of a text file."""
    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of stopping."""
    prefix: str = ""
    """Put before the name of each column that is added."""


def plain(arguments: Sequence[str]) -> Settings | None:
    """Settings of a call without flags (``--json`` aside), or None: reading flags takes longer than an answer."""
    words = [word for word in arguments if word != "--json"]
    if len(words) < 2 or any(word.startswith("-") for word in words):
        return None
    return Settings(Path(words[0]), tuple(words[1:]), json=len(words) < len(arguments))


def run(settings: Settings) -> int:
    """Answer; results on stdout or in a file, notices on stderr."""
    if not settings.texts:
        raise SettingsError(f"nothing to answer: give texts or a file, such as: {EXAMPLE}")
    source = _source(settings)
    inputs = [] if source else _inputs(settings)
    from limbeck.runtime.loading import load

    predictor = load(settings.model, quick=source is None, notify=say)
    if source:
        counts = _write_file(predictor, source, settings) if settings.out else _print_file(predictor, source, settings)
        say(_summary(counts, settings))
    else:
        _print_answers(predictor.predict(inputs, windows=settings.windows), settings)
    return 0


def _source(settings: Settings) -> Path | None:
    """The file to read, or None for texts."""
    named = [text for text in settings.texts if len(text) < _PATH_CHARACTERS and text.lower().endswith(FILE_SUFFIXES)]
    if settings.out and len(settings.texts) == 1:
        return Path(settings.texts[0])
    if settings.out:
        raise SettingsError(f"--out takes the rows of one file; {len(settings.texts)} texts were given: leave it out")
    if not named:
        return None
    if len(settings.texts) > 1:
        raise SettingsError(f"{named[0]!r} names a file, and a file is answered alone: give one file, or texts")
    if not Path(named[0]).is_file():
        raise DataError(
            f"no file {named[0]!r}; give a file that exists, or a text that does not end like a file's name"
        )
    return Path(named[0])


def _inputs(settings: Settings) -> list[Input]:
    """The texts given, none of them blank."""
    from limbeck.text.blank import is_blank

    blank = [n for n, text in enumerate(settings.texts, start=1) if is_blank(text)]
    if blank and len(settings.texts) == 1:
        raise DataError(f"the text {settings.texts[0]!r} is empty; give a text with something to read")
    if blank and not (settings.pair and len(blank) == 1):
        raise DataError(together(f"text {n} ({settings.texts[n - 1]!r}) is empty; leave it out" for n in blank))
    if not settings.pair:
        return list(settings.texts)
    if len(settings.texts) != 2:
        raise SettingsError(f"--pair takes two texts; {len(settings.texts)} were given")
    return [(settings.texts[0], settings.texts[1])]


def _print_answers(answers: Sequence[Answer], settings: Settings) -> None:
    unread = [f"text {n}: {answer.reason}" for n, answer in enumerate(answers, start=1) if answer.predicted is None]
    if unread:
        raise DataError(together(f"{problem}; there is no answer to it" for problem in unread))
    for n, answer in enumerate(answers, start=1):
        if answer.reason:
            say(f"text {n}: {answer.reason}")
        if answer.tokens_dropped:
            say(f"text {n}: {answer.tokens_dropped} tokens left out of its middle; --windows reads all of it")
    if settings.json:
        json_encoder().write_rows([answer.to_row(settings.prefix) for answer in answers])
        return
    width = max(len(_label(answer)) for answer in answers)
    for answer in answers:
        chance = answer.probs.get(str(answer.predicted))
        print(_label(answer) if chance is None else f"{_label(answer):<{width}}  {chance:.2f}")


def _label(answer: Answer) -> str:
    if isinstance(answer.predicted, float):
        return f"{answer.predicted:.4g}"
    return printable(str(answer.predicted))


def _write_file(predictor: Predictor, source: Path, settings: Settings) -> Counts:
    from limbeck.runtime.stream import predict_file

    assert settings.out is not None
    with _progress(source) as advance:
        return predict_file(predictor, source, settings.out, on_rows=advance, notify=say, **_reading(settings))


def _print_file(predictor: Predictor, source: Path, settings: Settings) -> Counts:
    from limbeck.runtime.stream import FileAnswers

    answers = FileAnswers(predictor, source, **_reading(settings))
    encoder = json_encoder() if settings.json else _csv_encoder(answers.columns)
    with _progress(source) as advance:
        for chunk in answers:
            encoder.write_rows(chunk)
            sys.stdout.flush()
            advance(len(chunk))
    say(*answers.notices)
    return answers.counts


def _reading(settings: Settings) -> dict[str, Any]:
    names = ("text_column", "text_pair_column", "windows", "batch_size", "encoding", "skip_bad_rows", "prefix")
    return {name: getattr(settings, name) for name in names}


@contextlib.contextmanager
def _progress(source: Path) -> Iterator[Any]:
    from limbeck.runtime.progress import Progress, guess_rows

    total = guess_rows(source) if sys.stderr.isatty() else None
    with Progress("predict", total) as progress:
        yield progress.advance


def _csv_encoder(columns: Sequence[str]) -> Any:
    from limbeck.data.formats import delimited

    return delimited.Encoder(sys.stdout.buffer, Path("stdout.csv"), columns)


def _summary(counts: Counts, settings: Settings) -> str:
    parts = [f"{counts.rows:,} rows", f"{counts.answered:,} answered", f"{counts.blank:,} without an answer"]
    if counts.cut:
        parts.append(f"{counts.cut:,} too long to be read whole (--windows reads all)")
    return ", ".join(parts) + (f": {settings.out}" if settings.out else "")
