"""``limbeck evaluate``: measure a saved model on a labelled file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.cli._printable import json_encoder, printable
from limbeck.cli._say import say

if TYPE_CHECKING:
    from limbeck.data import Dataset
    from limbeck.inspect.report import Report
    from limbeck.runtime.predictor import Predictor

HELP = "Measure a saved model on a labelled file, and show what it gets most wrong."
EXAMPLE = "limbeck evaluate model/ test.csv"


@dataclass(frozen=True)
class Settings:
    """Flags of the command."""

    model: tyro.conf.Positional[Path]
    """A saved model."""

    data: tyro.conf.Positional[Path]
    """A labelled file, or a folder of class folders."""

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

    skip_bad_rows: bool = False
    """Leave damaged rows, and rows whose label is none of the model's classes, out with a notice."""

    json: bool = False
    """Print one JSON object instead of text."""


def run(settings: Settings) -> int:
    """Score the file, or take the scores from the cache, and print the report."""
    from limbeck.inspect.report import make_report
    from limbeck.runtime import load
    from limbeck.runtime.score import score

    predictor = load(settings.model, notify=say)
    dataset = read_for(predictor, settings)
    scores = score(predictor, dataset, file=settings.scores)
    report = make_report(scores, predictor.task)
    if settings.json:
        record = report.to_json() | {"greatest_losses": report.greatest_losses(dataset, settings.greatest)}
        json_encoder().write_rows([record])
    else:
        print("\n".join(map(printable, report.lines() + _greatest_lines(report, dataset, settings.greatest))))
    return 0


def read_for(predictor: Predictor, settings: Settings) -> Dataset:
    """The labelled rows of a file, as the predictor's task and inputs want them; of a folder of splits, the last part.

    Raises:
        DataError: the file has other inputs than the model, or its columns cannot be told.
    """
    from limbeck.data import of_classes, open_rows, read
    from limbeck.runtime.columns import find_columns

    path = _part(settings.data)
    source = open_rows(path, encoding=settings.encoding, skip_bad_rows=settings.skip_bad_rows)
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


def _part(data: Path) -> Path:
    """What to evaluate on: the test part of a folder of splits, else its valid or its train part; else all of it."""
    from limbeck.data.read import split_sources

    parts = split_sources(data)
    if not parts:
        return data
    name = next(part for part in ("test", "valid", "train") if part in parts)
    if len(parts) > 1:
        say(f"{data} holds {', '.join(parts)}; evaluated on {name}")
    return parts[name]


def _greatest_lines(report: Report, dataset: Dataset, n: int) -> list[str]:
    rows = report.greatest_losses(dataset, n)
    return ["", f"the {len(rows)} greatest losses:", *(_row_line(row, dataset.unit) for row in rows)] if rows else []


def _row_line(row: dict[str, Any], unit: str) -> str:
    text = row["text"] if isinstance(row["text"], str) else " | ".join(row["text"])
    where = "" if row["line"] is None else f"{unit} {row['line']}: "
    true, predicted = (
        f"{value:.4g}" if isinstance(value, float) else value for value in (row["true"], row["predicted"])
    )
    return f"{row['loss']:8.4f}  {where}{true} read as {predicted}: {' '.join(text.split())}"
