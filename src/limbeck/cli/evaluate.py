"""``limbeck evaluate``: measure a saved model on a labelled file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from limbeck.cli._printable import json_encoder, printable
from limbeck.cli._say import say
from limbeck.cli._written import hindrances
from limbeck.errors import refuse, shown_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from limbeck.data import Dataset, RowSource
    from limbeck.inspect.report import Report
    from limbeck.runtime.predictor import Predictor

HELP = "Measure a saved model, or the one that ships, on a labelled file, and show what it gets most wrong."
EXAMPLE = "limbeck evaluate model/ test.csv"

_MOST_CHARACTERS, _HEAD, _TAIL = 400, 240, 120
"""Of a text in a terminal; --json and --html have it whole."""


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    words: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        tyro.conf.arg(metavar="[MODEL] DATA", help_behavior_hint=""),
    ] = ()
    """MODEL is the folder of a saved model; without it the sentiment model that ships is measured. DATA is a labelled
    file, or a folder of class folders."""

    text_column: str | None = None
    """Column of texts; guessed where not given."""

    text_pair_column: str | None = None
    """Column of the second text of a pair; guessed where the model takes pairs."""

    label_column: str | None = None
    """Column of labels; guessed where not given."""

    encoding: str = "utf-8"
    """Encoding of a text file."""

    greatest: int = 20
    """How many of the rows with the greatest loss are shown, with their text."""

    scores: Path | None = None
    """File (.npz or .parquet; no text in it) in place of the cache: what the model said is read there, else written."""

    html: Path | None = None
    """Write a page of the errors: one HTML file with the texts in it, that opens offline."""

    corrections: Path | None = None
    """Write the rows whose label is worth a look, likeliest errors first (.csv, .tsv, .jsonl or .parquet), with a
    column to fill in; `limbeck train FILE --corrections` applies it."""

    slices: Annotated[tuple[str, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Columns of the source; the page has a figure for each of their values."""

    skip_bad_rows: bool = False
    """Leave damaged rows, and rows whose label is none of the model's classes, out with a notice."""

    json: bool = False
    """Print one JSON object instead of text."""


def run(settings: Settings) -> int:
    """Score the file, or take the scores from the cache, and print the report."""
    from limbeck import sentiment
    from limbeck.cli._asked import model_and_data
    from limbeck.cli._errors import Wanted
    from limbeck.data.record import SEEN
    from limbeck.inspect.errors import share_seen
    from limbeck.inspect.report import make_report
    from limbeck.runtime.score import score

    model, data = model_and_data(settings.words, "evaluate")
    wanted = Wanted(data, settings.html, settings.corrections, settings.slices)
    refuse([*_problems(settings, data), *wanted.problems()])
    wanted.see_that_nothing_is_lost()
    predictor = sentiment.load(model, notify=say)
    wanted.see_that_it_can_be_made(predictor)
    dataset = read_for(predictor, data, settings)
    scores = score(predictor, dataset, file=settings.scores)
    report = make_report(scores, predictor.task)
    if (seen := share_seen(predictor, dataset) or 0.0) >= SEEN:
        say(f"the model learnt from about {seen:.0%} of these rows: on new texts it gets less than these figures")
    if wanted:
        source = open_part(data, settings)
        name = model.name if model else "sentiment, the model that ships"
        wanted.write(predictor, dataset, scores, source, model=name, data=data.name)
    if settings.json:
        record = report.to_json() | {"greatest_losses": report.greatest_losses(dataset, settings.greatest)}
        json_encoder().write_rows([record])
    else:
        print("\n".join(map(printable, report.lines() + _greatest_lines(report, dataset, settings.greatest))))
    return 0


def _problems(settings: Settings, data: Path) -> list[str]:
    """Flags that cannot be followed, in words."""
    problems = hindrances("--scores", settings.scores, reads=[data], makes_folders=True)
    if settings.scores is not None and settings.scores == settings.corrections:
        problems.append(f"--scores and --corrections are both {str(settings.scores)!r}; give each a name of its own")
    if settings.greatest < 0:
        problems.append(f"--greatest {settings.greatest} is no number of rows; give 0 or more")
    return problems


def read_for(predictor: Predictor, data: Path, settings: Settings) -> Dataset:
    """The labelled rows of a file, as the predictor's task and inputs want them; of a folder of splits, the last part.

    Raises:
        DataError: the file has other inputs than the model, or its columns cannot be told.
    """
    from limbeck.data import of_classes, read
    from limbeck.runtime.columns import find_columns

    source = open_part(data, settings, notify=say)
    columns = find_columns(
        source,
        predictor.manifest,
        text_column=settings.text_column,
        text_pair_column=settings.text_pair_column,
        label_column=settings.label_column,
        labelled=True,
    )
    dataset = read(
        source,
        text_column=columns.text,
        text_pair_column=columns.text_pair,
        label_column=columns.label,
        task=predictor.task.name,
        one_class_ok=True,
    )
    dataset = of_classes(dataset, predictor.classes, skip=settings.skip_bad_rows)
    say(*([f"{source.name}: {columns.why}"] if columns.why else []), *dataset.notices)
    return dataset


def open_part(path: Path, settings: Settings, notify: Callable[[str], None] | None = None) -> RowSource:
    """The rows to evaluate on: of a folder of splits the test part, else its valid or its train part; else all."""
    from limbeck.data import open_rows
    from limbeck.data.read import split_sources

    parts = split_sources(path)
    if parts:
        name = next(part for part in ("test", "valid", "train") if part in parts)
        if len(parts) > 1 and notify is not None:
            notify(f"{path} holds {', '.join(parts)}; evaluated on {name}")
        path = parts[name]
    return open_rows(path, encoding=settings.encoding, skip_bad_rows=settings.skip_bad_rows)


def _greatest_lines(report: Report, dataset: Dataset, n: int) -> list[str]:
    rows = report.greatest_losses(dataset, n)
    return ["", f"the {len(rows)} greatest losses:", *(_row_line(row, dataset.unit) for row in rows)] if rows else []


def _row_line(row: dict[str, Any], unit: str) -> str:
    text = row["text"] if isinstance(row["text"], str) else " | ".join(row["text"])
    where = "" if row["line"] is None else f"{unit} {row['line']}: "
    true, predicted = (
        shown_number(value) if isinstance(value, float) else value for value in (row["true"], row["predicted"])
    )
    return f"{row['loss']:8.4f}  {where}{true} read as {predicted}: {_in_short(' '.join(text.split()))}"


def _in_short(text: str) -> str:
    """Both ends of a long text: what it is about, and its last word."""
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_HEAD]} … {text[-_TAIL:]}"
