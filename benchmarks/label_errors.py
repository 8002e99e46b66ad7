"""Wrong labels: of 500 of SST-2's training labels that are flipped, how many are found, and what it is worth.

It takes the way that a user goes: ``train`` on the noisy file, with its own epochs and rate, ``evaluate`` on the same
file with ``--corrections``, all rows that this lists as likely wrong marked ``drop``, ``train --corrections``: once
with the same epochs and rate, and once for longer. What is to be gained at all is told by trainings without exactly the
flipped rows: a list without a fault. A seed draws the flips and is the training's too; a seed and a side is a piece,
and a rerun makes only the missing ones. With ``--limit`` (a rehearsal on the first rows, as many flips and listed rows
in proportion) the pieces stay under WORK and no record is written.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import numpy as np
import records

ROWS, FLIPPED, LISTED = 6920, 500, 750
BAR_FOUND = 60.0
LIKELY = "likely label error"
"""How the list calls rows whose label is likely wrong; it has equal texts under other labels beside them."""
NOISY, LIST, FAULTLESS = LABELS = ("noisy", "list", "faultless")
"""The labels as they stand, without what is listed, and without what was flipped."""
TRAININGS: dict[str, dict[str, Any]] = {
    "": {"epochs": 3, "lr": "5e-5"},
    "-longer": {"epochs": 5, "lr": "2e-4", "keep": "last"},
}
"""As ``train`` does by itself, and until labels are learnt by heart. The list is that of the first."""
SIDES = tuple(labels + training for training in TRAININGS for labels in LABELS)
COLUMNS = ("--text-column", "text", "--label-column", "label")


def flip(labels: Sequence[str], n_flipped: int, seed: int) -> tuple[list[str], set[int]]:
    """Two classes' labels with ``n_flipped`` of them, drawn by the seed, changed into the other; and which."""
    names = sorted(set(labels))
    drawn = np.random.default_rng(seed).choice(len(labels), n_flipped, replace=False)
    chosen = {int(row) for row in drawn}
    noisy = [names[1 - names.index(label)] if row in chosen else label for row, label in enumerate(labels)]
    return noisy, chosen


def found_among(listed: Sequence[dict[str, str]], flipped: Sequence[tuple[str, str]], n_listed: int) -> int:
    """How many of the flipped rows, each a text with its wrong label, are among the first ``n_listed`` of a list."""
    first = {(row["text"], row["label"]) for row in listed[:n_listed]}
    return sum(row in first for row in flipped)


@dataclass(frozen=True)
class Rows:
    """The training rows of a seed."""

    texts: list[str]
    noisy: list[str]
    flipped: set[int]

    def write(self, path: Path, *, without_flipped: bool = False) -> Path:
        """Write them as a csv."""
        kept = [row for row in range(len(self.texts)) if not (without_flipped and row in self.flipped)]
        _write(path, ("text", "label"), [{"text": self.texts[row], "label": self.noisy[row]} for row in kept])
        return path


def rows_of(args: argparse.Namespace, seed: int) -> Rows:
    """SST-2's training rows with flipped labels."""
    import pyarrow.parquet as pq

    table = pq.read_table(args.data / "sst2" / "train.parquet")
    texts, labels = (table[name].to_pylist()[: args.limit] for name in ("text", "label"))
    return Rows(texts, *flip(labels, round(FLIPPED * len(texts) / ROWS), seed))


def make(args: argparse.Namespace, seed: int, side: str) -> dict[str, Any]:
    """Train one side, and give its accuracy on the test sentences; of the list also what it holds."""
    labels, _, training = side.partition("-")
    rows, work = rows_of(args, seed), args.work / f"label-errors-{weights_of(args)}-{args.limit or 'all'}-{seed}"
    work.mkdir(parents=True, exist_ok=True)
    source = rows.write(work / f"{side}.csv", without_flipped=labels == FAULTLESS)
    flags, told = flags_of(side, seed), {}
    if labels == LIST:
        dropped, told = look(args, seed, rows, work)
        flags += ["--corrections", str(dropped)]
    return {"accuracy": _train(args, source, work / side, flags), **({} if training else told)}


def weights_of(args: argparse.Namespace) -> str:
    """What tells encoders apart: a folder's fingerprint, or the name of a family."""
    return commands.fingerprint(args.encoder) if args.encoder.is_dir() else str(args.encoder)


def training_of(side: str) -> dict[str, Any]:
    """Epochs, rate and what is kept of a side's training."""
    return next(settings for training, settings in TRAININGS.items() if side in {name + training for name in LABELS})


def flags_of(side: str, seed: int) -> list[str]:
    """Flags of a side's training."""
    words = [word for name, value in training_of(side).items() for word in (f"--{name}", str(value))]
    return [*COLUMNS, *words, "--batch-tokens", "1024", "--seed", str(seed)]


def look(args: argparse.Namespace, seed: int, rows: Rows, work: Path) -> tuple[Path, dict[str, Any]]:
    """List the noisy rows by a model that learnt them, and mark the likely errors; give that file and what it holds."""
    source = rows.write(work / "listed.csv")
    if not (work / NOISY).is_dir():  # of another machine: the side's piece was there, its model was not
        _train(args, source, work / NOISY, flags_of(NOISY, seed))
    fixes, dropped = work / "fixes.csv", work / "dropped.csv"
    fixes.unlink(missing_ok=True)
    commands.run(commands.limbeck(), "evaluate", work / NOISY, source, *COLUMNS, "--corrections", fixes)
    with fixes.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        listed = list(reader)
    likely = [row for row in listed if LIKELY in row["reason"]]
    _write(dropped, reader.fieldnames or (), [{**row, "corrected": "drop"} for row in likely])
    flipped = [(rows.texts[row], rows.noisy[row]) for row in sorted(rows.flipped)]
    return dropped, {
        "found": found_among(listed, flipped, round(LISTED * len(rows.texts) / ROWS)),
        "flipped": len(flipped),
        "dropped": len(likely),
        "dropped_flipped": found_among(likely, flipped, len(likely)),
    }


def _train(args: argparse.Namespace, source: Path, out: Path, flags: Sequence[str]) -> float:
    """Train, and give the accuracy on the test sentences."""
    shutil.rmtree(out, ignore_errors=True)
    commands.run(commands.limbeck(), "train", source, "--model", args.encoder, *flags, "--no-look", "--out", out)
    return commands.accuracy_of(out, args.data / "sst2" / "test.parquet", COLUMNS)


def _write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def report(args: argparse.Namespace, found: dict[str, list[dict[str, Any]]]) -> None:
    """Write the records of what was found, and of both trainings what dropping gained and what there was to gain."""
    lists, n_seeds = found[LIST], len(args.seeds)
    shares = [100 * one["found"] / one["flipped"] for one in lists]
    dropped = ", ".join(f"{one['dropped']} with {one['dropped_flipped']} of the flipped" for one in lists)
    _record(
        args,
        found,
        name="label-errors-found",
        what=f"SST-2, {FLIPPED} of {ROWS} labels flipped: found among the first {LISTED}, mean of {n_seeds} seeds",
        value=mean(shares),
        unit="%",
        bar=f"at least {BAR_FOUND:g} %",
        met=mean(shares) >= BAR_FOUND,
        detail={"shares": [round(share, 1) for share in shares]},
    )
    for training, settings in TRAININGS.items():
        accuracies = {side: [round(100 * one["accuracy"], 2) for one in found[side + training]] for side in LABELS}
        noisy = mean(accuracies[NOISY])
        how = f"{settings['epochs']} epochs at {settings['lr']}, of {noisy:.1f} %, mean of {n_seeds} seeds"
        gained, detail = gain(found, LIST, training), {"accuracies": accuracies, "training": settings}
        _record(
            args,
            found,
            name=f"label-errors-gain{training}",
            what=f"SST-2 test accuracy gained without the labels listed as likely wrong ({dropped}): {how}",
            value=gained,
            unit="points",
            bar="more than 0",
            met=gained > 0,
            detail=detail,
        )
        _record(
            args,
            found,
            name=f"label-errors-room{training}",
            what=f"SST-2 test accuracy gained without exactly the {FLIPPED} flipped labels: {how}",
            value=gain(found, FAULTLESS, training),
            unit="points",
            bar="shown: what a list without a fault would gain",
            met=True,
            detail=detail,
        )


def _record(args: argparse.Namespace, found: dict[str, list[dict[str, Any]]], **fields: Any) -> None:
    command = "python benchmarks/label_errors.py --data DATA --encoder ENCODER --work WORK --seeds " + args.seeds_text
    stamps = [one["stamp"] for side in SIDES for one in found[side]]
    records.write(records.Record(command=command, **fields), stamps, several_machines=True)


def gain(found: dict[str, list[dict[str, Any]]], labels: str, training: str) -> float:
    """Points of accuracy that a side has beyond the noisy labels in the same training, mean of the seeds."""
    pairs = zip(found[labels + training], found[NOISY + training], strict=True)
    return mean(100 * (one["accuracy"] - other["accuracy"]) for one, other in pairs)


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/{train,test}.parquet", work="for the trained models")
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--sides", default=",".join(SIDES), help="measure these alone; the records want all")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    sides = commands.names_in(args.sides, SIDES, flag="--sides", parser=parser)
    folder = args.work / "pieces" if args.limit else records.PIECES
    found: dict[str, list[dict[str, Any]]] = {}
    for side in sides:
        settings = {**training_of(side), "encoder": weights_of(args), "limit": args.limit}
        for seed in args.seeds:
            path = folder / f"label-errors-{side}-{seed}.json"
            made = records.piece(path, settings, lambda seed=seed, side=side: make(args, seed, side))
            found.setdefault(side, []).append(made)
            print(f"seed {seed}, {side}: test accuracy {made['accuracy']:.2%}", flush=True)
    if not args.limit and set(sides) == set(SIDES):
        report(args, found)


if __name__ == "__main__":
    main()
