"""``limbeck predict``: answer texts given on the command line, the rows of a file, or the lines of a pipe.

With no model named, the sentiment model that ships answers; :mod:`limbeck.cli._asked` tells a model from a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from limbeck.cli._asked import EXAMPLE, STDIN, Asked, plain_words, understand
from limbeck.cli._inputs import check_kind, check_texts, inputs_of
from limbeck.cli._lazy_tyro import tyro
from limbeck.cli._say import say
from limbeck.errors import refuse

if TYPE_CHECKING:
    from limbeck.runtime import Predictor

HELP = "Answer a text, every row of a file, or every line of a pipe; with no model named, for sentiment."


@dataclass(frozen=True)
class Settings:
    """What to answer, with which model, and where to."""

    words: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        tyro.conf.arg(metavar="[MODEL] TEXT...|FILE|-", help_behavior_hint=""),
    ] = ()
    """MODEL is the folder of a saved model; without it the sentiment model that ships answers. FILE is csv, tsv, jsonl,
    parquet, or txt with a text a line; - is standard input, a text a line, and is read where nothing else is given."""
    out: Path | None = None
    """File for the rows with their answers, its format by its suffix; without it answers go to stdout."""
    json: bool = False
    """Print json, an object a line; of a text without an answer too: predicted is null, and reason says why."""
    sentences: bool = False
    """Answer each sentence by itself: a line each; in a file a row each, with the columns sentence_n and sentence; with
    --json a list in the object of the whole text."""
    pair: bool = False
    """Take two texts as one pair, for a model of pairs."""
    text_column: str | None = None
    """Column of the text; found by its name or content unless given."""
    text_pair_column: str | None = None
    """Column of the second text, for a model of pairs."""
    windows: tyro.conf.DisallowNone[bool | None] = None
    """Read the whole of a long text, as the mean over its windows, instead of leaving its middle out; the model's
    folder says which where neither is given."""
    precision: Literal["float32", "int8"] | None = None
    """What to compute in, of a model with int8 weights; float32 where neither is given. int8 may be quicker where the
    processor has instructions for it (VNNI)."""
    batch_size: int = 1024
    """Rows of a file read at once; more take more memory and are no faster."""
    encoding: str = "utf-8"
    """Encoding of a text file, or of standard input."""
    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of stopping."""
    prefix: str = ""
    """Put before the name of each column that is added."""


def plain(arguments: Sequence[str]) -> Settings | None:
    """Settings of a call without flags (``--json`` aside), or None: reading flags takes longer than an answer."""
    found = plain_words(arguments)
    return None if found is None else Settings(found[0], json=found[1])


def run(settings: Settings) -> int:
    """Answer; results on stdout or in a file, notices on stderr."""
    asked = understand(settings.words, out=settings.out)
    _check(settings, piped=asked.piped)
    check_texts(asked, settings)
    predictor = _load(asked, settings)  # before what the texts need, which is read while the graph is opened
    inputs = inputs_of(asked.texts, pair=settings.pair, blank_ok=settings.json)
    if not settings.sentences:  # which pairs have none of, and that is told
        check_kind(asked.texts, pair=settings.pair, of_pairs=predictor.is_pairs)
    from limbeck.cli import _answers

    if asked.texts:
        _answers.print_answers(predictor, inputs, settings)
    else:
        _answers.of_rows(predictor, asked, settings)
    return 0


def _check(settings: Settings, *, piped: bool) -> None:
    """Raise for flags that would do nothing, or cannot be followed."""
    problems = []
    if settings.sentences and settings.pair:
        problems.append("--sentences reads single texts, and --pair makes one input of two; leave one of them out")
    if settings.pair and piped:
        problems.append("--pair takes two texts; a line of standard input is one")
    if settings.batch_size < 1:
        problems.append(f"--batch-size {settings.batch_size} holds no row; give 1 or more")
    if settings.json and settings.out:
        problems.append(
            f"--json prints, and --out {str(settings.out)!r} is written as its ending says (.csv, .jsonl, ...); "
            "leave one of them out"
        )
    if settings.skip_bad_rows and piped:
        problems.append("--skip-bad-rows is for files: of standard input every line gets an answer; leave it out")
    refuse(problems)


def _load(asked: Asked, settings: Settings) -> Predictor:
    from limbeck import sentiment

    return sentiment.load(asked.model, quick=bool(asked.texts), precision=settings.precision, notify=say)


__all__ = ["EXAMPLE", "HELP", "STDIN", "Settings", "plain", "run"]
