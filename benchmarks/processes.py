"""Two processes of one thread beside one: texts a second of the training loop, and how far their losses are apart.

The speed is measured on the first rows of SST-2 with the encoder as it is; the sides take turns, and the fastest run of
each counts: other work on a shared machine only ever takes away. The losses are those of two epochs on few rows, in
float32, with the encoder's dropout set to 0. ``--limit`` (a rehearsal) writes no record.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import commands
import records

LR, BATCH_TOKENS, LOSS_ROWS = 1e-4, 1024, 300
SIDES = {"one": 1, "two": 2}


def train(data: Path, encoder: Path, out: Path, count: int, flags: list[str]) -> list[dict[str, Any]]:
    """Train on ``data`` in ``count`` processes of one thread each; give the log of the training."""
    shutil.rmtree(out, ignore_errors=True)
    module = ["-m", "limbeck", "train", str(data), "--model", str(encoder), "--out", str(out), *flags]
    tuned = ["--lr", str(LR), "--batch-tokens", str(BATCH_TOKENS), "--valid-fraction", "0", "--no-look"]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    words = [sys.executable, *(launcher if count > 1 else []), *module, *tuned]
    print("+", *words, file=sys.stderr, flush=True)
    subprocess.run(words, env=commands.ENVIRONMENT | {"OMP_NUM_THREADS": "1"}, stdout=sys.stderr, check=True)
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def first_rows(args: argparse.Namespace, count: int) -> Path:
    """The first rows of SST-2's training sentences, as a file of their own."""
    return commands.first_rows(args.data / "sst2" / "train.parquet", count, args.work / f"train-{count}.parquet")


def without_dropout(args: argparse.Namespace) -> Path:
    """A copy of the encoder that drops nothing."""
    out: Path = args.work / "encoder-without-dropout"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(args.encoder, out)
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    config |= {name: 0.0 for name in config if name.endswith(("dropout", "dropout_prob"))}
    (out / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return out


def speeds(args: argparse.Namespace) -> dict[str, list[float]]:
    """Texts a second of the training loop, a number a run."""
    data, flags = first_rows(args, args.limit or args.rows), ["--epochs", "1", "--precision", args.precision]
    found: dict[str, list[float]] = {side: [] for side in SIDES}
    for turn in range(args.runs):
        for side in list(SIDES) if turn % 2 == 0 else list(SIDES)[::-1]:
            train(data, args.encoder, args.work / side, SIDES[side], flags)
            told = commands.training_of(args.work / side)
            found[side].append(told["texts"] / told["seconds"])
            print(f"{side}, run {turn + 1}: {found[side][-1]:.1f} texts/s", flush=True)
    return found


def difference(args: argparse.Namespace) -> tuple[float, int]:
    """The largest difference of a loss between one process and two, and the updates looked at."""
    data, encoder = first_rows(args, min(args.limit or LOSS_ROWS, LOSS_ROWS)), without_dropout(args)
    flags = ["--epochs", "2", "--precision", "float32"]
    logs = [train(data, encoder, args.work / f"loss-{side}", SIDES[side], flags) for side in SIDES]
    one, two = ([entry for entry in log if "norm" in entry] for log in logs)
    if [entry["rows"] for entry in one] != [entry["rows"] for entry in two]:
        raise SystemExit("the two sides took other rows")
    return max(abs(ours["loss"] - theirs["loss"]) for ours, theirs in zip(one, two, strict=True)), len(one)


def report(args: argparse.Namespace, found: dict[str, list[float]], apart: float, updates: int) -> None:
    """Write both records."""
    command = (
        "python benchmarks/processes.py --data DATA --encoder ENCODER --work WORK "
        f"--precision {args.precision} --rows {args.rows} --runs {args.runs}"
    )
    value, peer = max(found["two"]), max(found["one"])
    records.write(
        records.Record(
            name="processes-speed",
            what=f"Training throughput, two processes of one thread, SST-2, MiniLM-L6, {args.precision}",
            value=value,
            unit="texts/s",
            bar="at least 1.5 x one process of one thread",
            met=value >= 1.5 * peer,
            command=command,
            peer={"name": "one process of one thread", "value": peer},
            ratio=value / peer,
            detail={side: [round(speed, 2) for speed in runs] for side, runs in found.items()} | {"rows": args.rows},
        )
    )
    records.write(
        records.Record(
            name="processes-losses",
            what=f"Largest difference of a training loss between one process and two, {updates} updates, float32",
            value=apart,
            unit="nats",
            bar="at most 0.00001",
            met=apart <= 1e-5,
            command=command,
        )
    )


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/train.parquet", work="for the trained models")
    parser.add_argument("--rows", type=int, default=3000, help="training rows whose speed is measured")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    parser.add_argument("--limit", type=int, help="a rehearsal on so many rows, one run; writes no record")
    args = commands.parsed(parser)
    args.runs = 1 if args.limit else args.runs
    apart, updates = difference(args)
    print(f"largest difference of a loss over {updates} updates: {apart:.2e}", flush=True)
    found = speeds(args)
    print(f"two processes: {max(found['two']) / max(found['one']):.2f} x one", flush=True)
    if not args.limit:
        report(args, found, apart, updates)


if __name__ == "__main__":
    main()
