"""The part ``tasks`` of ``distilbert_paper.py``: what a student keeps of its teacher, set by set, and its picture.

Teacher and student are fine-tuned plainly, three epochs, each at its own rate. A set, a model and a seed is a piece.
Retention is the student's score in percent of the teacher's, the median of the seeds; its interval is over test rows,
drawn again with replacement for both models and all seeds alike.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import commands
import distilbert_encoders
import numpy as np
import pictures
import records
from data_sets import SENTENCES, SETS
from distilbert_encoders import LAYERS, MODELS
from fine_tuning import BATCH_TOKENS, KEEP, RATES, REVIEW_BATCH_TOKENS, scorer, trained_and_tested
from numpy.typing import NDArray

EPOCHS = 3
BAR = 97.0
KEPT_SET = "sst2"
"""Its models of the first seed stay under WORK, for the part ``speed``."""
PICTURE = "distilbert-retention.svg"


@dataclass(frozen=True)
class Kept:
    """What the student keeps on a set: a retention in percent, and its 95 % interval."""

    value: float
    low: float
    high: float


def piece_of(args: argparse.Namespace, name: str, model: str, seed: int, *, make: bool = True) -> dict[str, Any] | None:
    """Make or read the piece of a set, a model and a seed; None where it is not there and not to be made."""
    folder = args.work / model
    if not make and not (folder / "model.safetensors").exists():
        return None
    batch = REVIEW_BATCH_TOKENS if name == "imdb" else BATCH_TOKENS
    settings = {"model": commands.fingerprint(folder), "epochs": EPOCHS, "lr": RATES[model], "keep": KEEP}
    settings |= {"tokens": batch, "limit": args.limit}
    path = distilbert_encoders.pieces_at(args) / f"distilbert-{name}-{model}-{seed}.json"
    if not make and not (path.exists() and json.loads(path.read_text(encoding="utf-8"))["settings"] == settings):
        return None
    keep = name == KEPT_SET and seed == args.seeds[0]
    how: dict[str, Any] = {"seed": seed, "epochs": EPOCHS, "lr": RATES[model], "keep": keep}
    return records.piece(path, settings, lambda: trained_and_tested(args, name, folder, **how))


def seeds_of(args: argparse.Namespace, name: str) -> list[int]:
    """The seeds of a set; reviews take long, and have the first one alone."""
    return list(args.seeds[:1] if name == "imdb" else args.seeds)


def run(args: argparse.Namespace) -> None:
    """Make the pieces that were asked for, and tell what all that stand come to."""
    for seed in args.seeds:
        for name in args.sets:
            for model in args.models if seed in seeds_of(args, name) else ():
                piece = piece_of(args, name, model, seed)
                assert piece is not None
                print(f"{name}, {model}, seed {seed}: {100 * piece['score']:.2f} ({piece['measure']})", flush=True)
    found = {name: pairs for name in SETS if (pairs := standing(args, name))}
    kept = {name: retention(pairs) for name, pairs in found.items()}
    for line in table(found, kept):
        print(line, flush=True)
    told = {name: one for name, one in kept.items() if math.isfinite(one.low)}
    if not args.limit:
        report(args, found, told)
    if told:
        draw(args, told)


def standing(args: argparse.Namespace, name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Teacher and student of each seed of a set whose pieces are there."""
    pairs = []
    for seed in seeds_of(args, name):
        first, second = (piece_of(args, name, model, seed, make=False) for model in MODELS)
        if first is not None and second is not None:
            pairs.append((first, second))
    return pairs


def retention(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Kept:
    """Student in percent of teacher, median of the seeds whose teacher is above 0; nan where none is.

    Of a teacher that hardly knows more than nothing (CoLA) some of the rows drawn say that it knows less.
    """
    from limbeck.inspect.intervals import of_rows

    scorers = [(scorer(first), scorer(second)) for first, second in pairs]

    def of(rows: NDArray[np.int64]) -> float:
        percents = [_percent(first(rows), second(rows)) for first, second in scorers]
        return median([one for one in percents if math.isfinite(one)] or [math.nan])

    found = of_rows(pairs[0][0]["n_test"], of)
    return Kept(found.value, found.low, found.high)


def together(kept: Sequence[Kept]) -> Kept:
    """The mean of several sets; their intervals are independent, so their reaches add up as squares.

    >>> together([Kept(100.0, 97.0, 103.0), Kept(90.0, 86.0, 94.0)])
    Kept(value=95.0, low=92.5, high=97.5)
    """
    value, n = mean(one.value for one in kept), len(kept)
    below = math.hypot(*(one.value - one.low for one in kept)) / n
    above = math.hypot(*(one.high - one.value for one in kept)) / n
    return Kept(value, value - below, value + above)


def table(found: Mapping[str, Sequence[tuple[dict[str, Any], dict[str, Any]]]], kept: Mapping[str, Kept]) -> list[str]:
    """The table in lines of text: the median score of each model, and what is kept."""
    lines = [f"{'set':<6}{'measure':<22}{'teacher':>9}{'student':>9}{'kept %':>9}  interval, seeds"]
    for name, pairs in found.items():
        first, second = (100 * median(pair[side]["score"] for pair in pairs) for side in (0, 1))
        one = kept[name]
        interval = f"{one.low:.1f} to {one.high:.1f}, {len(pairs)}"
        lines.append(f"{name:<6}{SETS[name].measure:<22}{first:>9.2f}{second:>9.2f}{one.value:>9.1f}  {interval}")
    return lines


def report(
    args: argparse.Namespace,
    found: Mapping[str, Sequence[tuple[dict[str, Any], dict[str, Any]]]],
    kept: Mapping[str, Kept],
) -> None:
    """Write a record a set, and those of the means whose sets are all there."""
    for name, one in kept.items():
        pairs = found[name]
        first, second = (median(pair[side]["score"] for pair in pairs) for side in (0, 1))
        record = records.Record(
            name=f"distilbert-task-{name}",
            what=f"{name.upper()} test {SETS[name].measure} of {LAYERS} of 6 layers in percent of the 6: "
            f"{100 * second:.1f} of {100 * first:.1f} ({one.low:.1f} to {one.high:.1f} %), {_seeds(pairs)}",
            value=one.value,
            unit="%",
            bar="shown",
            met=True,
            command=_command(args, f"--sets {name}"),
            peer={"name": "teacher, of 6 layers", "value": 100.0},
            ratio=one.value / 100,
            detail={
                "scores": {model: [pair[side]["score"] for pair in pairs] for side, model in enumerate(MODELS)},
                "retentions": [_percent(one["score"], other["score"]) for one, other in pairs],
                "interval": [one.low, one.high],
            },
        )
        records.write(record, _stamps(pairs))
    for which, names, bar in (("sentences", SENTENCES, BAR), ("nine", tuple(SETS), None)):
        if not kept.keys() >= set(names):
            continue
        one = together([kept[name] for name in names])
        record = records.Record(
            name=f"distilbert-retention-{which}",
            what=f"{LAYERS} of 6 layers in percent of the 6, mean of {', '.join(names)} ({one.low:.1f} to "
            f"{one.high:.1f} %): pre-training distillation alone, then plain fine-tuning",
            value=one.value,
            unit="%",
            bar="shown" if bar is None else f"{bar:.0f} %",
            met=bar is None or one.value >= bar,
            command=_command(args, f"--sets {','.join(names)}"),
            peer={"name": "teacher, of 6 layers", "value": 100.0},
            ratio=one.value / 100,
            detail={"retentions": {name: kept[name].value for name in names}, "interval": [one.low, one.high]},
        )
        records.write(record, [stamp for name in names for stamp in _stamps(found[name])])


def draw(args: argparse.Namespace, kept: Mapping[str, Kept]) -> None:
    """The retention of each set as a picture."""
    folder = distilbert_encoders.pieces_at(args) if args.limit else records.RESULTS
    pictures.points(
        folder / PICTURE,
        {name: (one.value, one.low, one.high) for name, one in kept.items()},
        label="median of seeds, 95 % by rows",
        axis="kept of the teacher's score, %",
        line=(f"{BAR:.0f} %", BAR),
    )


def _percent(first: float, second: float) -> float:
    return 100 * second / first if first > 0 else float("nan")


def _seeds(pairs: Sequence[Any]) -> str:
    return f"{len(pairs)} seed{'s' if len(pairs) > 1 else ''}"


def _command(args: argparse.Namespace, words: str) -> str:
    return f"{distilbert_encoders.COMMAND} --parts tasks {words} --seeds {args.seeds_text}"


def _stamps(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[dict[str, Any]]:
    return [piece["stamp"] for pair in pairs for piece in pair]
