"""Wrong labels: of 500 of SST-2's training labels that are flipped, how many are found, and what it is worth.

It takes the way that a user goes: ``train`` on the noisy file, with its own epochs and rate, ``evaluate`` on the same
file with ``--corrections``, all rows that this lists as likely wrong marked ``drop``, ``train --corrections``. A seed
draws the flips and is the training's too; it is a piece, and a rerun makes only the missing ones. The same training on
the labels before they were flipped tells how much there is to be gained at all. With ``--limit`` (a rehearsal on the
first rows, as many flips and listed rows in proportion) the pieces stay under WORK and no record is written.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Sequence
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


def make(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Train on noisy labels, list, and train again without what is listed, and on the right labels."""
    import pyarrow.parquet as pq

    table = pq.read_table(args.data / "sst2" / "train.parquet")
    texts, labels = (table[name].to_pylist()[: args.limit] for name in ("text", "label"))
    n_flipped, n_listed = (round(count * len(texts) / ROWS) for count in (FLIPPED, LISTED))
    noisy, chosen = flip(labels, n_flipped, seed)
    work = args.work / f"label-errors-{seed}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    source, right, fixes, dropped = (work / f"{name}.csv" for name in ("train", "right", "fixes", "dropped"))
    for path, told in ((source, noisy), (right, labels)):
        _write(path, [{"text": text, "label": label} for text, label in zip(texts, told, strict=True)])
    flags = [*COLUMNS, "--epochs", str(args.epochs), "--lr", args.lr, "--batch-tokens", "1024", "--seed", str(seed)]
    before = _train(args, source, work / "before", flags)
    commands.run(commands.limbeck(), "evaluate", work / "before", source, *COLUMNS, "--corrections", fixes)
    with fixes.open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    likely = [row for row in listed if LIKELY in row["reason"]]
    _write(dropped, [{**row, "corrected": "drop"} for row in likely])
    after = _train(args, source, work / "after", [*flags, "--corrections", str(dropped)])
    clean = _train(args, right, work / "clean", flags)
    shutil.rmtree(work)
    found = found_among(listed, [(texts[row], noisy[row]) for row in sorted(chosen)], n_listed)
    counts = {"found": found, "flipped": n_flipped, "listed": len(listed), "dropped": len(likely)}
    return counts | {"before": before, "after": after, "clean": clean}


def _train(args: argparse.Namespace, source: Path, out: Path, flags: Sequence[str]) -> float:
    """Train, and give the accuracy on the test sentences."""
    commands.run(commands.limbeck(), "train", source, "--model", args.encoder, *flags, "--no-look", "--out", out)
    return commands.accuracy_of(out, args.data / "sst2" / "test.parquet", COLUMNS)


def _write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def report(args: argparse.Namespace, pieces: Sequence[dict[str, Any]]) -> None:
    """Write both records."""
    command = "python benchmarks/label_errors.py --data DATA --encoder ENCODER --work WORK --seeds " + args.seeds_text
    shares = [100 * one["found"] / one["flipped"] for one in pieces]
    gains = [100 * (one["after"] - one["before"]) for one in pieces]
    stamps = [one["stamp"] for one in pieces]
    settings = {"epochs": args.epochs, "lr": args.lr, "seeds": args.seeds}
    found = records.Record(
        name="label-errors-found",
        what=f"SST-2, {FLIPPED} of {ROWS} labels flipped: found among the first {LISTED}, mean of {len(pieces)} seeds",
        value=mean(shares),
        unit="%",
        bar=f"at least {BAR_FOUND:g} %",
        met=mean(shares) >= BAR_FOUND,
        command=command,
        detail={"shares": [round(share, 1) for share in shares], "settings": settings},
    )
    gained = records.Record(
        name="label-errors-gain",
        what="SST-2 test accuracy gained by training without the labels listed as likely wrong "
        f"({', '.join(str(one['dropped']) for one in pieces)}), mean of {len(pieces)} seeds",
        value=mean(gains),
        unit="points",
        bar="more than 0",
        met=mean(gains) > 0,
        command=command,
        detail={
            "before": [round(100 * one["before"], 2) for one in pieces],
            "after": [round(100 * one["after"], 2) for one in pieces],
            "settings": settings,
        },
    )
    room = records.Record(
        name="label-errors-room",
        what="SST-2 test accuracy with the right labels beyond that with the wrong ones: what a list without a fault "
        f"would gain, mean of {len(pieces)} seeds",
        value=mean(100 * (one["clean"] - one["before"]) for one in pieces),
        unit="points",
        bar="shown",
        met=True,
        command=command,
        detail={"clean": [round(100 * one["clean"], 2) for one in pieces], "settings": settings},
    )
    for record in (found, gained, room):
        records.write(record, stamps, several_machines=True)


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/{train,test}.parquet", work="for the trained models")
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", default="5e-5")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    folder = args.work / "pieces" if args.limit else records.PIECES
    weights = commands.fingerprint(args.encoder) if args.encoder.is_dir() else str(args.encoder)
    settings = {"epochs": args.epochs, "lr": args.lr, "encoder": weights, "limit": args.limit, "clean": True}
    pieces = []
    for seed in args.seeds:
        path = folder / f"label-errors-{seed}.json"
        made = records.piece(path, settings, lambda seed=seed: make(args, seed))
        pieces.append(made)
        print(
            f"seed {seed}: {made['found']} of {made['flipped']} found; test accuracy {made['before']:.2%} before, "
            f"{made['after']:.2%} after, {made['clean']:.2%} by the right labels",
            flush=True,
        )
    if not args.limit:
        report(args, pieces)


if __name__ == "__main__":
    main()
