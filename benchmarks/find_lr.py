"""The rate that ``limbeck find-lr`` suggests, beside a grid of seven: validation loss after a whole training.

SST-2 and TREC with the encoder, SUBJ with ``small``; epochs and all else are what ``limbeck train`` does by itself. A
set, a seed and a rate is a piece, and so is a search; a rerun makes only the missing ones. TREC has no validation rows
of its own: a tenth of train is held back by the seed, the same for all rates. Test rows are never read. With
``--limit`` (a rehearsal) the pieces stay under WORK and no record is written.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import records

BAR = 1.02
COMMAND = "python benchmarks/find_lr.py --data DATA --encoder ENCODER --work WORK"
COLUMNS = ("--text-column", "text", "--label-column", "label")


@dataclass(frozen=True)
class Set:
    """One data set and what is trained on it."""

    model: str
    """``encoder`` or ``small``."""
    rates: tuple[float, ...]
    """The grid, a factor of 2.5 apart."""
    has_dev: bool


SETS = {
    "sst2": Set("encoder", (1e-5, 2.5e-5, 6e-5, 1.5e-4, 4e-4, 1e-3, 2.5e-3), has_dev=True),
    "trec": Set("encoder", (1e-5, 2.5e-5, 6e-5, 1.5e-4, 4e-4, 1e-3, 2.5e-3), has_dev=False),
    "subj": Set("small", (4e-5, 1e-4, 2.5e-4, 6e-4, 1.5e-3, 4e-3, 1e-2), has_dev=True),
}


def words_of(args: argparse.Namespace, name: str, seed: int) -> list[str | Path]:
    """What both commands are given: rows, columns, model, seed."""
    data, chosen = args.data / name, SETS[name]
    train = data / "train.parquet"
    if args.limit:
        train = commands.first_rows(train, args.limit, args.work / f"{name}-{args.limit}.parquet")
    valid: list[str | Path] = ["--valid", data / "dev.parquet"] if chosen.has_dev else []
    model: str | Path = args.encoder if chosen.model == "encoder" else chosen.model
    return [train, *COLUMNS, *valid, "--model", model, "--seed", str(seed)]


def search(args: argparse.Namespace, name: str, seed: int) -> dict[str, Any]:
    """Look for the rate."""
    told = json.loads(commands.output(commands.limbeck(), "find-lr", *words_of(args, name, seed), "--json"))
    kept = (
        "suggested_lr",
        "is_default",
        "readings",
        "diverged_at",
        "pilots",
        "pilot_updates",
        "updates",
        "notes",
        "seconds",
    )
    return {key: told[key] for key in kept}


def train(args: argparse.Namespace, name: str, seed: int, rate: float) -> dict[str, Any]:
    """Train at a rate; the loss is that of the weights that are kept, before they are calibrated."""
    folder = args.work / f"find-lr-{name}-{seed}-{rate:g}"
    shutil.rmtree(folder, ignore_errors=True)
    words = ("--lr", repr(rate), "--no-look", "--out", folder)
    commands.run(commands.limbeck(), "train", *words_of(args, name, seed), *words)
    log = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    shutil.rmtree(folder)
    losses = [entry["valid"]["loss"] for entry in log if "valid" in entry]
    return {"loss": min(losses), "losses": losses}


def measure(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Make or read the pieces: set -> searches, losses at their suggestions, and losses of the grid by rate."""
    folder = args.work / "pieces" if args.limit else records.PIECES
    found: dict[str, dict[str, Any]] = {}
    for name in args.sets:
        model = SETS[name].model
        settings = {"model": commands.fingerprint(args.encoder) if model == "encoder" else model, "limit": args.limit}

        def piece(what: str, make: Callable[[], dict[str, Any]], settings: dict[str, Any] = settings) -> dict[str, Any]:
            return records.piece(folder / f"find-lr-{what}.json", settings, make)

        searches, ours, grid = [], [], {rate: [] for rate in SETS[name].rates}
        for seed in args.seeds:
            searches.append(piece(f"{name}-{seed}", lambda name=name, seed=seed: search(args, name, seed)))
            rate = searches[-1]["suggested_lr"]
            for tried in (rate, *grid):
                make = lambda name=name, seed=seed, tried=tried: train(args, name, seed, tried)  # noqa: E731
                made = piece(f"{name}-{seed}-{tried:g}", make)
                (ours if tried == rate and len(ours) < len(searches) else grid[tried]).append(made)
                print(f"{name} seed {seed} at {tried:g}: loss {made['loss']:.4f}", flush=True)
        found[name] = {"searches": searches, "ours": ours, "grid": grid}
    return found


def report(args: argparse.Namespace, found: dict[str, dict[str, Any]]) -> None:
    """Write a record a set."""
    for name, pieces in found.items():
        means = {rate: mean(one["loss"] for one in side) for rate, side in pieces["grid"].items()}
        best = min(means, key=lambda rate: means[rate])
        value = mean(one["loss"] for one in pieces["ours"])
        suggested = [one["suggested_lr"] for one in pieces["searches"]]
        rates = ", ".join(f"{rate:g}" for rate in suggested)
        stamps = [
            one["stamp"] for side in (pieces["searches"], pieces["ours"], *pieces["grid"].values()) for one in side
        ]
        model = "MiniLM-L6" if SETS[name].model == "encoder" else SETS[name].model
        record = records.Record(
            name=f"finder-{name}",
            what=f"{name.upper()} with {model}: validation loss at the rate of find-lr ({rates}), "
            f"against the best of a 7-point grid ({best:g}); mean of {len(suggested)} seeds",
            value=value,
            unit="nats",
            bar=f"at most {100 * (BAR - 1):.0f} % above the best of the grid",
            met=value <= BAR * means[best],
            command=f"{COMMAND} --sets {name} --seeds {args.seeds_text}",
            peer={"name": f"grid, {best:g}", "value": means[best]},
            ratio=value / means[best],
            detail={
                "suggested": suggested,
                "grid": {f"{rate:g}": [round(one["loss"], 4) for one in side] for rate, side in pieces["grid"].items()},
                "losses": [round(one["loss"], 4) for one in pieces["ours"]],
                "seconds_of_searches": [one["seconds"] for one in pieces["searches"]],
                "seeds": args.seeds,
            },
        )
        records.write(record, stamps, several_machines=True)


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/, trec/ and subj/", work="for what is made on the way")
    parser.add_argument("--sets", dest="sets_text", default=",".join(SETS), help="of " + ", ".join(SETS))
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first training rows; writes no record")
    args = commands.parsed(parser)
    args.sets = commands.names_in(args.sets_text, SETS, flag="--sets", parser=parser)
    found = measure(args)
    if not args.limit:
        report(args, found)


if __name__ == "__main__":
    main()
