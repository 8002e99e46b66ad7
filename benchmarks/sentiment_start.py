"""What it costs to start a training from the weights that ship: TREC and SUBJ, against all-MiniLM-L6-v2 itself.

Three starts: ``shipped`` (no model named: the int8 weights, dequantised), ``encoder``, and ``float`` (the recipe's
weights before they were quantised, at WORK/calibrated), which tells what dequantising costs a training. A task, a start
and a seed is a piece; a rerun makes only the missing ones. Settings are the same for all and tuned for none.
"""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import records
from sentiment_sides import answers_of, model_folder

LR, BATCH_TOKENS = 1e-4, 1024
EPOCHS = {"trec": 3, "subj": 1}
STARTS = ("shipped", "encoder", "float")
BAR_START, BAR_INT8 = 1.0, 0.2
COMMAND = "python benchmarks/sentiment_start.py --data DATA --encoder ENCODER --work WORK"
COLUMNS = ("--text-column", "text", "--label-column", "label")


@dataclass(frozen=True)
class Piece:
    """One training."""

    task: str
    start: str
    seed: int

    def make(self, args: argparse.Namespace) -> dict[str, Any]:
        """Train on all of train, and give the accuracy on test in percent."""
        folder, data = args.work / f"start-{self.task}-{self.start}-{self.seed}", args.data / self.task
        shutil.rmtree(folder, ignore_errors=True)
        named: dict[str, tuple[str | Path, ...]] = {
            "shipped": (),
            "encoder": ("--model", args.encoder),
            "float": ("--model", args.work / "calibrated"),
        }
        tuned = ("--epochs", str(EPOCHS[self.task]), "--lr", str(LR), "--batch-tokens", str(BATCH_TOKENS))
        words = (*COLUMNS, *tuned, "--seed", str(self.seed), "--valid-fraction", "0", "--out", folder)
        commands.run(commands.limbeck(), "train", data / "train.parquet", *named[self.start], *words)
        accuracy = 100 * commands.accuracy_of(folder, data / "test.parquet", COLUMNS)
        shutil.rmtree(folder)
        return {"accuracy": accuracy}


def measure(args: argparse.Namespace) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Make or read the pieces: task and start -> one piece a seed."""
    folders = {"encoder": args.encoder, "float": args.work / "calibrated"}
    weights = {  # of those alone that are asked for: the recipe may not have been run here
        start: answers_of(args.model) if start == "shipped" else commands.fingerprint(folders[start])
        for start in args.starts
    }
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in args.seeds:
        for task in args.tasks:
            for start in args.starts:
                piece = Piece(task, start, seed)
                settings = {"weights": weights[start], "epochs": EPOCHS[task], "lr": LR, "batch_tokens": BATCH_TOKENS}
                path = records.PIECES / f"start-{task}-{start}-{seed}.json"
                made = records.piece(path, settings, lambda piece=piece: piece.make(args))
                found.setdefault((task, start), []).append(made)
                print(f"{task} from {start}, seed {seed}: {made['accuracy']:.2f} %", flush=True)
    return found


def report(args: argparse.Namespace, found: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    """Write the records that the pieces at hand allow."""
    for task in args.tasks:
        for start, bar, title in (
            ("encoder", BAR_START, "the weights that ship as a start, against all-MiniLM-L6-v2"),
            ("float", BAR_INT8, "training from dequantised int8 weights, against the float ones"),
        ):
            ours, theirs = found.get((task, "shipped")), found.get((task, start))
            if not ours or not theirs:
                continue
            value, peer = (mean(one["accuracy"] for one in side) for side in (ours, theirs))
            record = records.Record(
                name=f"sentiment-start-{task}-{start}",
                what=f"{task.upper()} test accuracy, {title}, mean of {len(ours)} seeds; {value - peer:+.2f} points",
                value=value,
                unit="%",
                bar=f"at most {bar:g} points below",
                met=value >= peer - bar,
                command=f"{COMMAND} --tasks {task} --starts shipped,{start} --seeds {args.seeds_text}",
                peer={"name": start, "value": peer},
                detail={
                    "accuracies": {
                        name: [round(one["accuracy"], 2) for one in side]
                        for name, side in (("shipped", ours), (start, theirs))
                    }
                },
            )
            records.write(record, [one["stamp"] for side in (ours, theirs) for one in side], several_machines=True)


def main() -> None:
    parser = commands.parser(
        __doc__, data="with trec/ and subj/", work="of the recipe, with calibrated/", encoder="of all-MiniLM-L6-v2"
    )
    parser.add_argument("--model", type=Path, help="a folder in place of the model that ships")
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--tasks", dest="tasks_text", default=",".join(EPOCHS), help="of " + ", ".join(EPOCHS))
    parser.add_argument("--starts", dest="starts_text", default=",".join(STARTS), help="of " + ", ".join(STARTS))
    args = commands.parsed(parser)
    args.tasks = commands.names_in(args.tasks_text, EPOCHS, flag="--tasks", parser=parser)
    args.starts = commands.names_in(args.starts_text, STARTS, flag="--starts", parser=parser)
    args.model = model_folder(args.model)
    commands.ENVIRONMENT["LIMBECK_SENTIMENT"] = os.fspath(args.model.resolve())
    report(args, measure(args))


if __name__ == "__main__":
    main()
