"""``limbeck evaluate``: measure a saved model on a labelled file."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.errors import DataError

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
    """Also write what the model said to this file (.npz or .parquet; no text in it)."""

    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of refusing the file."""

    json: bool = False
    """Print one JSON object instead of text."""


def run(settings: Settings) -> int:
    """Score the file, or take the scores from the cache, and print the report."""
    from limbeck.inspect.report import make_report
    from limbeck.runtime import load
    from limbeck.runtime.score import score

    predictor = load(settings.model, notify=_say)
    dataset = read_for(predictor, settings)
    scores = score(predictor, dataset)
    if settings.scores is not None:
        scores.write(settings.scores)
    report = make_report(scores, predictor.task)
    if settings.json:
        record = report.to_json() | {"greatest_losses": report.greatest_losses(dataset, settings.greatest)}
        print(json.dumps(record, ensure_ascii=False))
    else:
        print("\n".join(report.lines() + _greatest_lines(report, dataset, settings.greatest)))
    return 0


def read_for(predictor: Predictor, settings: Settings) -> Dataset:
    """The labelled rows of a file, as the predictor's task and inputs want them.

    Raises:
        DataError: the file has other inputs than the model, or labels that are none of its classes.
    """
    from limbeck.data import read_splits

    trained = predictor.manifest.data
    parts = read_splits(
        settings.data,
        text_column=settings.text_column or _known(settings.data, trained.get("text_column")),
        text_pair_column=settings.text_pair_column or _known(settings.data, trained.get("text_pair_column")),
        label_column=settings.label_column or _known(settings.data, trained.get("label_column")),
        task=predictor.task.name,
        encoding=settings.encoding,
        skip_bad_rows=settings.skip_bad_rows,
        one_class_ok=True,
    )
    name = next(part for part in ("test", "valid", "train") if part in parts)
    dataset = parts[name]
    if len(parts) > 1:
        _say(f"{settings.data} holds {', '.join(parts)}; evaluated on {name}")
    for notice in dataset.notices:
        _say(notice)
    if dataset.is_pairs != predictor.is_pairs:
        has, wants = ("pairs of texts", "single texts") if dataset.is_pairs else ("single texts", "pairs of texts")
        raise DataError(
            f"{settings.data} was read as {has}, and the model takes {wants}; "
            f"name the columns with --text-column{'' if dataset.is_pairs else ' and --text-pair-column'}"
        )
    return dataset


def _known(path: Path, name: str | None) -> str | None:
    """The column that the model was trained with, where the file has one of that name; else it is guessed."""
    from limbeck.data import open_rows

    return name if name is not None and path.is_file() and name in open_rows(path).columns else None


def _greatest_lines(report: Report, dataset: Dataset, n: int) -> list[str]:
    rows = report.greatest_losses(dataset, n)
    return ["", f"the {len(rows)} greatest losses:", *(_row_line(row) for row in rows)] if rows else []


def _row_line(row: dict[str, Any]) -> str:
    text = row["text"] if isinstance(row["text"], str) else " | ".join(row["text"])
    where = "" if row["line"] is None else f"line {row['line']}: "
    return f"{row['loss']:8.4f}  {where}{row['true']} read as {row['predicted']}: {' '.join(text.split())}"


def _say(line: str) -> None:
    print(line, file=sys.stderr)
