"""``limbeck export``: a saved model made smaller, and what that does to its answers."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from limbeck.cli._compared import compared
from limbeck.cli._say import say
from limbeck.errors import DataError, refuse

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest
    from limbeck.data import Dataset
    from limbeck.runtime.predictor import Predictor
    from limbeck.text import Input

HELP = "Make a saved model smaller: int8 weights, fewer pieces in its vocabulary; says what that does to its answers."
EXAMPLE = "limbeck export model/ --int8 --out small/"

_MOST_TEXTS = 2000
"""Texts of ``--texts`` that are asked before and after; all of them are counted for the vocabulary."""
_LOW = 0.99
"""Share of equal labels below which a notice says so."""


@dataclass(frozen=True)
class Settings:
    """What to make of which model."""

    model: tyro.conf.Positional[Path]
    """Folder of a saved model in float32, as limbeck train leaves it."""
    int8: bool = False
    """Store the weights as int8: a quarter of the bytes. Answers move a little."""
    trim: int | None = None
    """Pieces that the vocabulary keeps: special ones, single characters, then the most used in --texts."""
    texts: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Files of texts (csv, tsv, jsonl, parquet, or txt with a text a line): what --trim counts, and what is asked
    before and after."""
    data: Path | None = None
    """A labelled file: it is asked before and after, and measured."""
    out: Path | None = None
    """A folder for the runtime alone, without float weights. Without it the model gains int8 weights in place and
    keeps its float ones; predict goes on with the float graph unless --precision int8 is given."""
    keep_float: bool = False
    """Keep the float weights in --out as well."""
    text_column: str | None = None
    """Column of the text in --texts and --data; found by its name or content unless given."""
    text_pair_column: str | None = None
    """Column of the second text, for a model of pairs."""
    label_column: str | None = None
    """Column of labels in --data; guessed where not given."""
    encoding: str = "utf-8"
    """Encoding of text files."""
    skip_bad_rows: bool = False
    """Leave damaged rows out, with a notice, instead of refusing a file."""
    overwrite: bool = False
    """Replace a model that stands at --out."""
    json: bool = False
    """Print one JSON object instead of text."""


def run(settings: Settings) -> int:
    """Export; the result on stdout, notices on stderr."""
    _check(settings)
    from limbeck.artefact.save import check_target
    from limbeck.passes import quantise
    from limbeck.runtime import load

    before = load(settings.model, notify=say)
    if settings.int8:
        quantise.check(settings.model, before.manifest)
    target = settings.out or settings.model
    check_target(target, overwrite=settings.overwrite or settings.out is None)
    data = _labelled(before, settings) if settings.data else None
    inputs = _asked(before, data, settings)
    _make(before, target, settings)
    after = load(target, precision="int8" if settings.int8 else None, notify=say)
    chosen = data is not None or bool(settings.texts)
    result = compared(before, after, inputs, data, are_probes=not chosen)
    if result.agreement.labels is not None and result.agreement.labels < _LOW:
        share = f"{100 * (1 - result.agreement.labels):.2g} % of the labels changed"
        if chosen:
            say(f"{share}; look at such texts before you use {target}")
        else:
            say(f"{share}, of texts drawn by chance; give --data FILE to see on texts of yours before you use {target}")
    print(json.dumps(dataclasses.asdict(result)) if settings.json else "\n".join(result.lines()))
    return 0


def _check(settings: Settings) -> None:
    """Raise where the flags ask for nothing, or for what cannot be."""
    problems = []
    if not settings.int8 and settings.trim is None:
        problems.append("nothing to do: add --int8, or --trim PIECES --texts FILE")
    if settings.trim is not None and not settings.texts:
        problems.append(f"--trim {settings.trim} counts what texts use: give files of such texts with --texts")
    if settings.trim is not None and settings.out is None:
        problems.append(f"--trim {settings.trim} makes another model: give a folder for it with --out")
    if settings.keep_float and not settings.int8:
        problems.append("--keep-float keeps the float graph beside int8 weights: add --int8, or leave it out")
    if settings.out is not None and settings.out.resolve() == settings.model.resolve():
        problems.append(f"--out {str(settings.out)!r} is the model itself; leave it out to add int8 weights in place")
    refuse(problems)


def _make(before: Predictor, target: Path, settings: Settings) -> Manifest:
    from limbeck.passes import quantise, trim

    in_place = settings.out is None
    replaces = settings.overwrite or in_place
    keeps = settings.keep_float or in_place
    if settings.trim is None:
        return quantise.apply(settings.model, target, overwrite=replaces, keep_float=keeps)
    counts = trim.piece_counts(before.encoder, _flat(_inputs(before, settings)))
    if not settings.int8:
        return trim.apply(settings.model, target, counts, pieces=settings.trim, overwrite=replaces)
    with tempfile.TemporaryDirectory(prefix=".limbeck-export-", dir=target.resolve().parent) as home:
        trimmed = Path(home) / "trimmed"
        trim.apply(settings.model, trimmed, counts, pieces=settings.trim)
        return quantise.apply(trimmed, target, overwrite=replaces, keep_float=keeps)


def _inputs(predictor: Predictor, settings: Settings) -> Iterator[Input]:
    """All inputs of ``--texts``, file by file."""
    from limbeck.data import open_rows, row_inputs
    from limbeck.runtime.columns import find_columns

    for path in settings.texts:
        source = open_rows(path, encoding=settings.encoding, skip_bad_rows=settings.skip_bad_rows)
        columns = find_columns(
            source,
            predictor.manifest,
            text_column=settings.text_column,
            text_pair_column=settings.text_pair_column,
        )
        for row in source:
            yield from row_inputs([row], columns, source)


def _flat(inputs: Iterable[Input]) -> Iterator[str]:
    from limbeck.text import texts_in

    for item in inputs:
        yield from texts_in(item)


def _labelled(predictor: Predictor, settings: Settings) -> Dataset:
    from limbeck.cli import evaluate

    assert settings.data is not None
    names = ("text_column", "text_pair_column", "label_column", "encoding", "skip_bad_rows")
    asked = evaluate.Settings(**{name: getattr(settings, name) for name in names})
    return evaluate.read_for(predictor, settings.data, asked)


def _asked(before: Predictor, data: Dataset | None, settings: Settings) -> Sequence[Input]:
    """What both are asked: the inputs of ``--data``, else of ``--texts``, else the probes of the model before.

    Raises:
        DataError: there is no text in the files.
    """
    from itertools import islice

    from limbeck.runtime.check import probe_inputs

    if data is not None:
        return data.inputs
    if not settings.texts:
        return probe_inputs(before.manifest)
    inputs = list(islice(_inputs(before, settings), _MOST_TEXTS))
    if not inputs:
        raise DataError(f"--texts {' '.join(map(str, settings.texts))}: there is no row; give files with texts")
    return inputs
