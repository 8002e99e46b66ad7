"""``limbeck pick``: the rows of an unlabelled file that are worth labelling next."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from limbeck.cli._say import say
from limbeck.cli._written import hindrances
from limbeck.errors import DataError, SettingsError, refuse

if TYPE_CHECKING:
    from limbeck.inspect.candidates import Candidate, Candidates
    from limbeck.runtime.predictor import Predictor
    from limbeck.runtime.stream import FileAnswers

HELP = (
    "Pick the rows of an unlabelled file that are worth labelling next: the model is unsure of them, and they differ."
)
EXAMPLE = "limbeck pick model/ unlabelled.csv --n 50 --out next.csv"
PICK, LINE, MARGIN = "pick", "line", "margin"


@dataclass(frozen=True)
class Settings:
    """What to pick from, by which model, and where to."""

    words: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        tyro.conf.arg(metavar="[MODEL] DATA", help_behavior_hint=""),
    ] = ()
    """MODEL is the folder of a saved model that gives classes; without it the sentiment model that ships picks. DATA is
    a file of texts: csv, tsv, jsonl, parquet, or txt with a text a line."""

    n: int = 50
    """How many rows to pick."""

    out: Path | None = None
    """File for the rows picked, its format by its suffix; without it they go to stdout as csv."""

    overwrite: bool = False
    """Replace a file that stands at --out, and the labels that someone may have written into it."""

    seed: int = 0
    """Of the draws among the candidates; the same seed picks the same rows."""

    text_column: str | None = None
    """Column of the text; found by its name or content unless given."""

    text_pair_column: str | None = None
    """Column of the second text, for a model of pairs."""

    prefix: str = ""
    """Put before the name of each column that is added."""

    encoding: str = "utf-8"
    """Encoding of a text file."""

    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of stopping."""


def run(settings: Settings) -> int:
    """Pick; the rows on stdout or in a file, notices on stderr."""
    from limbeck import sentiment
    from limbeck.cli._asked import model_and_data

    model, data = model_and_data(settings.words, "pick", "unlabelled")
    _check(settings, data)
    from limbeck.inspect.candidates import pick_rows
    from limbeck.runtime.progress import Progress, guess_rows

    predictor = sentiment.load(model, notify=say)
    if len(predictor.classes) < 2:
        raise SettingsError(
            f"{str(model)!r} gives a number, and no margin between classes; pick takes a model of classes"
        )
    answers = _answers(predictor, data, settings)
    total = guess_rows(data) if sys.stderr.isatty() else None
    with Progress("pick", total) as progress:
        picked, seen = pick_rows(answers, settings.n, seed=settings.seed, on_rows=progress.advance)
    if not picked:
        raise DataError("; ".join([f"{data} has no row to pick", *_left_out(seen)]))
    _write([_cells(one, n, settings.prefix) for n, one in enumerate(picked, start=1)], answers, settings)
    say(*answers.notices, *_summary(len(picked), seen, settings))
    return 0


def _check(settings: Settings, data: Path) -> None:
    problems = []
    if settings.n < 1:
        problems.append(f"--n {settings.n} picks nothing; give 1 or more")
    if settings.seed < 0:
        problems.append(f"--seed {settings.seed} is below 0; give 0 or more")
    problems += hindrances("--out", settings.out, reads=[data]) or _labels_that_would_be_lost(settings)
    refuse(problems)
    if settings.out:
        from limbeck.data.formats import format_of

        format_of(settings.out, to_write=True)


def _labels_that_would_be_lost(settings: Settings) -> list[str]:
    """Why a file at --out is not replaced: rows are picked to be labelled, and it may hold someone's labels."""
    if settings.out is None or not settings.out.exists() or settings.overwrite:
        return []
    return [
        f"--out {str(settings.out)!r} stands there already, and someone may have written labels into it; give another "
        "name, or --overwrite to replace it"
    ]


def _answers(predictor: Predictor, data: Path, settings: Settings) -> FileAnswers:
    from limbeck.runtime.stream import FileAnswers

    names = ("text_column", "text_pair_column", "prefix", "encoding", "skip_bad_rows")
    options = {name: getattr(settings, name) for name in names}
    return FileAnswers(predictor, data, added=_kinds(predictor, settings.prefix), **options)


def _kinds(predictor: Predictor, prefix: str) -> dict[str, type]:
    """The columns that are added, and what stands in them."""
    probs = {f"p_{name}": float for name in predictor.classes}
    kinds: dict[str, type] = {PICK: int, LINE: int, "predicted": str, MARGIN: float, **probs}
    return {prefix + name: kind for name, kind in kinds.items()}


def _cells(one: Candidate, n: int, prefix: str) -> dict[str, object]:
    added = {PICK: n, LINE: one.row.line, "predicted": one.answer.predicted, MARGIN: round(one.margin, 6)}
    probs = {f"p_{name}": value for name, value in one.answer.probs.items()}
    return {**{prefix + name: value for name, value in (added | probs).items()}, **one.row.cells}


def _write(rows: Sequence[Mapping[str, object]], answers: FileAnswers, settings: Settings) -> None:
    columns = [*answers.added, *answers.source.columns]
    if settings.out:
        from limbeck.data import open_writer

        with open_writer(settings.out, columns, like=answers.source, kinds=answers.added) as writer:
            writer.write(rows)
        return
    from limbeck.data.formats import delimited

    delimited.Encoder(sys.stdout.buffer, Path("stdout.csv"), columns).write_rows(rows)
    sys.stdout.flush()


def _left_out(seen: Candidates) -> list[str]:
    reasons = [f"{count:,} without an answer ({reason})" for reason, count in sorted(seen.reasons.items())]
    return reasons + ([f"{seen.n_copies:,} copies of others"] if seen.n_copies else [])


def _summary(n: int, seen: Candidates, settings: Settings) -> list[str]:
    lines = []
    if n < settings.n:
        lines.append(f"--n {settings.n} is more than there is: all {n:,} different texts with an answer are picked")
    return [*lines, ", ".join([f"{seen.n_rows:,} rows, {n:,} picked", *_left_out(seen)])]
