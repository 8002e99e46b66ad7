"""SST-2: limbeck beside a plain script and beside Trainer; same encoder, rows, epochs and cores, three seeds.

Each side of a seed is a process of its own and ends in a piece; a rerun makes only the missing ones. Every second seed
runs the sides in reverse, so that all share the machine's drift. Throughput is that of the training loop alone. With
``--limit`` (a rehearsal) the pieces stay under WORK and no record is written.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from statistics import mean
from typing import Any

import commands
import records

EPOCHS, LR, BATCH_TOKENS = 1, 1e-4, 1024
SIDES = ("plain", "limbeck", "trainer")


def plain(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Run the plain script."""
    tuned = ("--lr", str(LR), "--batch-tokens", str(BATCH_TOKENS))
    return commands.script("plain_script.py", args.work / f"plain-{seed}.json", *_shared(args, seed), *tuned)


def trainer(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Run Trainer with its defaults, on the first rows: its throughput is asked for, and it is slow."""
    words = _shared(args, seed)
    if not args.limit:
        words += ["--limit", str(args.trainer_rows)]
    return commands.script("trainer_script.py", args.work / f"trainer-{seed}.json", *words)


def _shared(args: argparse.Namespace, seed: int) -> list[str]:
    limit = ["--limit", str(args.limit)] if args.limit else []
    folders = ["--data", str(args.data), "--encoder", str(args.encoder)]
    return [*folders, "--seed", str(seed), "--epochs", str(EPOCHS), *limit]


def limbeck(args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Train with limbeck, then score the saved model's own graph."""
    folder, data = args.work / f"limbeck-{seed}", args.data / "sst2"
    if (folder / "limbeck.json").exists():
        shutil.rmtree(folder)
    train = data / "train.parquet"
    if args.limit:
        train = commands.first_rows(train, args.limit, args.work / f"train-{args.limit}.parquet")
    words = ["--epochs", str(EPOCHS), "--lr", str(LR), "--batch-tokens", str(BATCH_TOKENS), "--seed", str(seed)]
    valid = ["--valid", data / "dev.parquet"]
    commands.run(commands.limbeck(), "train", train, "--model", args.encoder, *words, *valid, "--out", folder)
    told = commands.training_of(folder)
    speed = {"texts_per_second": told["texts"] / told["seconds"], "seconds": told["seconds"], "texts": told["texts"]}
    return {"accuracy": commands.accuracy_of(folder, data / "test.parquet"), **speed, "seed": seed}


def measure(args: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Make or read the pieces of the chosen sides: side -> one piece a seed."""
    makers: dict[str, Callable[[argparse.Namespace, int], dict[str, Any]]]
    makers = {"plain": plain, "limbeck": limbeck, "trainer": trainer}
    settings = {"epochs": EPOCHS, "encoder": commands.fingerprint(args.encoder), "limit": args.limit}
    folder = args.work / "pieces" if args.limit else records.PIECES
    pieces: dict[str, list[dict[str, Any]]] = {side: [] for side in args.sides}
    for turn, seed in enumerate(args.seeds):
        for side in args.sides if turn % 2 == 0 else args.sides[::-1]:
            tuned = {"rows": args.trainer_rows} if side == "trainer" else {"lr": LR, "batch_tokens": BATCH_TOKENS}
            path = folder / f"sst2-{side}-{seed}.json"
            made = records.piece(path, settings | tuned, lambda side=side, seed=seed: makers[side](args, seed))
            pieces[side].append(made)
            print(f"{side} seed {seed}: {made['accuracy']:.2%}, {made['texts_per_second']:.1f} texts/s", flush=True)
    return pieces


def report(args: argparse.Namespace, pieces: dict[str, list[dict[str, Any]]]) -> None:
    """Write the records that the pieces at hand allow."""
    command = "python benchmarks/sst2.py --data DATA --encoder ENCODER --work WORK --seeds " + args.seeds_text
    ours = pieces.get("limbeck")
    if ours and (theirs := pieces.get("plain")):
        value, peer = (100 * mean(one["accuracy"] for one in side) for side in (ours, theirs))
        scores = {side: [round(100 * one["accuracy"], 2) for one in pieces[side]] for side in pieces}
        difference = records.Record(
            name="sst2-accuracy",
            what=f"SST-2 test accuracy, mean of {len(ours)} seeds, MiniLM-L6; {value - peer:+.2f} points to the peer",
            value=value,
            unit="%",
            bar="at most 0.4 points below the plain script",
            met=value >= peer - 0.4,
            command=command,
            peer={"name": "plain script", "value": peer},
            detail={"difference_points": value - peer, "accuracies": scores, "seeds": args.seeds},
        )
        records.write(difference, _stamps(ours, theirs))
    for side, title, bar in (("plain", "plain script", 1.2), ("trainer", "Trainer, its defaults", 2.0)):
        if not ours or not (theirs := pieces.get(side)):
            continue
        value, peer = _speed(ours), _speed(theirs)
        speeds = {name: [round(one["texts_per_second"], 2) for one in pieces[name]] for name in ("limbeck", side)}
        throughput = records.Record(
            name=f"sst2-throughput-{side}",
            what=f"SST-2 training throughput beside {title}, the fastest of {len(ours)} seeds each",
            value=value,
            unit="texts/s",
            bar=f"at least {bar} x the {title}",
            met=value >= bar * peer,
            command=command,
            peer={"name": title, "value": peer},
            ratio=value / peer,
            detail={"texts_per_second": speeds, "seeds": args.seeds, "peer_precision": theirs[0]["precision"]},
        )
        records.write(throughput, _stamps(ours, theirs))


def _speed(pieces: list[dict[str, Any]]) -> float:
    """The fastest of the seeds: other work on a shared machine only ever takes away."""
    return max(float(one["texts_per_second"]) for one in pieces)


def _stamps(*sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["stamp"] for side in sides for one in side]


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/{train,dev,test}.parquet", work="for the trained models")
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--side", choices=[*SIDES, "all"], default="all", help="measure this side alone")
    parser.add_argument("--trainer-rows", type=int, default=800, help="rows that Trainer's throughput is measured on")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    args.sides = SIDES if args.side == "all" else (args.side,)
    pieces = measure(args)
    if args.side == "all" and not args.limit:
        report(args, pieces)


if __name__ == "__main__":
    main()
