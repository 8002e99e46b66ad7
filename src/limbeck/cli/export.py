"""``limbeck export``: a saved model made smaller, and what that does to its answers."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from limbeck.cli._say import say
from limbeck.errors import DataError, SettingsError, together

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest
    from limbeck.data import Dataset
    from limbeck.inspect.agreement import Agreement
    from limbeck.runtime.predictor import Predictor
    from limbeck.text import Input

HELP = "Make a saved model smaller: int8 weights, fewer pieces in its vocabulary; says what that does to its answers."
EXAMPLE = "limbeck export model/ --int8 --out small/"

_MOST_TEXTS = 2000
"""Texts of ``--texts`` that are asked before and after; all of them are counted for the vocabulary."""
_MOST_ALONE = 64
"""Texts that are asked once more, each alone."""
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
    texts: tuple[Path, ...] = ()
    """Files of texts (csv, tsv, jsonl, parquet, or txt with a text a line): what --trim counts, and what is asked
    before and after."""
    data: Path | None = None
    """A labelled file: it is asked before and after, and measured."""
    out: Path | None = None
    """A folder for the runtime alone, without float weights. Without it the model gains int8 weights in place and
    keeps its float ones; predict uses int8 from then on."""
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


@dataclass(frozen=True)
class Result:
    """What was made, and how its answers compare."""

    out: str
    bytes_before: int
    """Of all files of the folder."""
    bytes_after: int
    graph_bytes_before: int
    graph_bytes_after: int
    agreement: Agreement
    """Before against after."""
    alone: Agreement
    """After: in a batch against alone."""
    metrics_before: dict[str, float] | None = None
    metrics_after: dict[str, float] | None = None

    def lines(self) -> list[str]:
        """The result in words."""
        names = self.metrics_before.keys() if self.metrics_before else ()
        return [
            f"graph: {_megabytes(self.graph_bytes_before)} before, {_megabytes(self.graph_bytes_after)} after; "
            f"folder: {_megabytes(self.bytes_before)} before, {_megabytes(self.bytes_after)} after",
            f"before against after: {self.agreement.line()}",
            f"in a batch against alone: {self.alone.line()}",
            *(
                f"{name.replace('_', ' ')}: {(self.metrics_before or {})[name]:.4f} before, "
                f"{(self.metrics_after or {})[name]:.4f} after"
                for name in names
            ),
            f"saved: {self.out}",
        ]


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
    result = _compared(before, after, inputs, data, settings)
    if result.agreement.labels is not None and result.agreement.labels < _LOW:
        say(f"{100 * (1 - result.agreement.labels):.2g} % of the labels changed; look at them before you use {target}")
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
    if problems:
        raise SettingsError(together(problems))


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
    from limbeck.data import input_of, open_rows
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
            yield input_of(row.cells, columns)


def _flat(inputs: Iterable[Input]) -> Iterator[str]:
    for item in inputs:
        yield from item if isinstance(item, tuple) else (item,)


def _labelled(predictor: Predictor, settings: Settings) -> Dataset:
    from limbeck.cli import evaluate

    assert settings.data is not None
    names = ("text_column", "text_pair_column", "label_column", "encoding", "skip_bad_rows")
    asked = evaluate.Settings(settings.model, settings.data, **{name: getattr(settings, name) for name in names})
    return evaluate.read_for(predictor, asked)


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


def _compared(
    before: Predictor, after: Predictor, inputs: Sequence[Input], data: Dataset | None, settings: Settings
) -> Result:
    """Ask both models the same."""
    from limbeck.inspect.agreement import agreement

    refuse = data is not None or bool(settings.texts)  # probes are pieces drawn by chance
    (first, read), (second, _) = (model.logits(inputs, refuse=refuse) for model in (before, after))
    asked = [n for n, is_asked in enumerate(read.answerable.tolist()) if is_asked]
    few = asked[:_MOST_ALONE]
    alone = second[:0] if not few else _stack(after, [inputs[n] for n in few])
    measured = [_metrics(before, logits[asked], data, asked) for logits in (first, second)]
    return Result(
        out=str(settings.out or settings.model),
        bytes_before=_total(before.manifest, settings.model),
        bytes_after=_total(after.manifest, after.folder),
        graph_bytes_before=_graph_bytes(before.manifest),
        graph_bytes_after=_graph_bytes(after.manifest),
        agreement=agreement(before.task, first[asked], second[asked]),
        alone=agreement(before.task, second[few], alone),
        metrics_before=measured[0],
        metrics_after=measured[1],
    )


def _stack(predictor: Predictor, inputs: Sequence[Input]) -> Any:
    import numpy as np

    return np.concatenate([predictor.logits([item], refuse=False)[0] for item in inputs])


def _metrics(predictor: Predictor, logits: Any, data: Dataset | None, asked: Sequence[int]) -> dict[str, float] | None:
    if data is None or data.targets is None:
        return None
    return dict(predictor.task.metrics(logits, predictor.task.encode([data.targets[n] for n in asked])))


def _total(manifest: Manifest, folder: Path) -> int:
    from limbeck.artefact.manifest import NAME

    return sum(int(entry["bytes"]) for entry in manifest.files.values()) + (folder / NAME).stat().st_size


def _graph_bytes(manifest: Manifest) -> int:
    from limbeck.artefact.manifest import WEIGHTS_SUFFIX

    names = (manifest.graph, manifest.graph + WEIGHTS_SUFFIX)
    return sum(int(manifest.files[name]["bytes"]) for name in names if name in manifest.files)


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:.1f} kB"
