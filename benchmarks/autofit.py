"""``limbeck train --auto`` with no number given, beside a grid of 5 rates over 2 epochs: SST-2, TREC, SUBJ.

The bar is the dev loss, that of the saved graph before calibration: the mean of the seeds within 2 % of the best
point's mean. TREC has no dev rows as published; a tenth of train, drawn by seed 0, takes their place for every side. A
task, a side and a seed is a piece; a rerun makes only the missing ones. With ``--limit`` (a rehearsal) nothing is
written under ``results``.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import records

SHOWN = {"sst2": "SST-2", "trec": "TREC", "subj": "SUBJ"}
TASKS = tuple(SHOWN)
RATES = ("2e-5", "5e-5", "1e-4", "2e-4", "4e-4")
EPOCHS, BATCH_TOKENS, BAR = 2, 1024, 0.02
AUTO = "auto"
COLUMNS = ("--text-column", "text", "--label-column", "label")
COMMAND = "python benchmarks/autofit.py --data DATA --encoder ENCODER --work WORK"


@dataclass(frozen=True)
class Files:
    """Rows of a task."""

    train: Path
    dev: Path
    test: Path


def files_of(task: str, data: Path, work: Path, limit: int | None) -> Files:
    """The rows of a task as csv, dev held back from train where there is none."""
    folder = work / f"rows-{task}{'' if limit is None else f'-{limit}'}"
    made = Files(*(folder / f"{part}.csv" for part in ("train", "dev", "test")))
    if not made.test.exists():
        from limbeck import Dataset, read, split

        folder.mkdir(parents=True, exist_ok=True)
        columns = {"text_column": "text", "label_column": "label", "task": "classify"}
        train: Dataset = read(data / task / "train.parquet", **columns)
        if (data / task / "dev.parquet").exists():
            dev = read(data / task / "dev.parquet", **columns)
        else:
            train, dev = split(train, 0.1, seed=0)
        test = read(data / task / "test.parquet", **columns)
        for path, part in ((made.train, train), (made.dev, dev), (made.test, test)):
            write_rows(path, part.inputs[:limit], (part.targets or [])[:limit])
    return made


def write_rows(path: Path, texts: Any, labels: Any) -> None:
    """A csv of texts and labels."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows(zip(texts, labels, strict=True))


def make(task: str, side: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train one side, and give its dev loss and how many test rows it gets right."""
    rows = files_of(task, args.data, args.work, args.limit)
    out = args.work / f"autofit-{task}-{side}-{seed}"
    shutil.rmtree(out, ignore_errors=True)
    tuned = ("--auto",) if side == AUTO else ("--epochs", str(EPOCHS), "--lr", side, "--no-look")
    words = (*COLUMNS, *tuned, "--batch-tokens", str(BATCH_TOKENS), "--seed", str(seed), "--no-calibrate")
    command = ("train", rows.train, "--valid", rows.dev, "--model", args.encoder, "--task", "classify")
    commands.run(commands.limbeck(), *command, *words, "--out", out)
    told = json.loads((out / "limbeck.json").read_text(encoding="utf-8"))
    accuracy = commands.accuracy_of(out, rows.test, COLUMNS)
    n_test = sum(1 for _ in csv.reader(rows.test.open(encoding="utf-8", newline=""))) - 1
    shutil.rmtree(out)
    return {
        "loss": told["metrics"]["loss"],
        "right": round(accuracy * n_test),
        "n_test": n_test,
        "seconds": told["training"]["seconds"],
        "chosen": told["training"].get("chosen"),
    }


def measure(args: argparse.Namespace) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Make or read the pieces: task and side -> one piece a seed."""
    pieces = args.work / "pieces" if args.limit else records.PIECES
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in args.seeds:
        for task in args.tasks:
            for side in (*RATES, AUTO):
                settings = {"encoder": commands.fingerprint(args.encoder), "limit": args.limit, "side": side}
                path = pieces / f"autofit-{task}-{side}-{seed}.json"
                made = records.piece(path, settings, lambda t=task, s=side, n=seed: make(t, s, n, args))
                found.setdefault((task, side), []).append(made)
                print(f"{task} {side}, seed {seed}: dev loss {made['loss']:.4f}", flush=True)
    return found


def verdict(grid: dict[str, list[float]], auto: list[float]) -> tuple[str, float, float]:
    """The best rate of the grid by its mean loss, that mean, and autofit's mean divided by it."""
    best = min(grid, key=lambda rate: mean(grid[rate]))
    return best, mean(grid[best]), mean(auto) / mean(grid[best])


def report(args: argparse.Namespace, found: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    """Write a record a task."""
    from limbeck.inspect.shares import wilson

    for task in args.tasks:
        losses = {side: [one["loss"] for one in found[task, side]] for side in (*RATES, AUTO)}
        ours = found[task, AUTO]
        best, loss, ratio = verdict({rate: losses[rate] for rate in RATES}, losses[AUTO])
        right, n_test = sum(one["right"] for one in ours), sum(one["n_test"] for one in ours)
        _, low, high = wilson(right // len(ours), n_test // len(ours))
        accuracy = 100 * right / n_test
        seeds = f"mean of {len(ours)} seeds" if len(ours) > 1 else "one seed"
        record = records.Record(
            name=f"autofit-{task}",
            what=f"{SHOWN[task]} dev loss of --auto, {seeds}; test accuracy {accuracy:.1f} % "
            f"({100 * low:.1f} to {100 * high:.1f})",
            value=mean(losses[AUTO]),
            unit="nats",
            bar=f"within {BAR:.0%} of the best of {len(RATES)} rates over {EPOCHS} epochs",
            met=ratio <= 1 + BAR,
            command=f"{COMMAND} --seeds {args.seeds_text}",
            peer={"name": f"lr {best}", "value": loss},
            ratio=ratio,
            detail={
                "losses": {side: [round(value, 5) for value in values] for side, values in losses.items()},
                "test_accuracies": [round(100 * one["right"] / one["n_test"], 2) for one in ours],
                "chosen": [one["chosen"] for one in ours],
            },
        )
        stamps = [one["stamp"] for side in (*RATES, AUTO) for one in found[task, side]]
        records.write(record, stamps, several_machines=True)


def main() -> None:
    parser = commands.parser(
        __doc__, data="with sst2/, trec/ and subj/", work="for rows and models", encoder="of all-MiniLM-L6-v2"
    )
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--task", choices=[*TASKS, "all"], default="all", help="measure this task alone")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    args.tasks = TASKS if args.task == "all" else (args.task,)
    found = measure(args)
    if not args.limit:
        report(args, found)


if __name__ == "__main__":
    main()
