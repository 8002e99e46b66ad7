"""From 8, 32 and 128 labels a class: ``limbeck train --auto``, the frozen encoder, and SetFit, on SST-2, TREC, SUBJ.

Every side of a draw learns from the very same rows and is tested on the published test rows. SetFit runs in an
environment of its own (``--setfit-python``, the Python of one in which ``import setfit`` works), on the same encoder,
from 8 and 32 labels; without one it is left out. From 8 it learns all pairs once, which is its default; from 32 the 20
of each kind a text that its paper takes, since all pairs are up to 2,000 updates of 32 texts. A task, a number, a draw
and a side is a piece; a rerun makes only the missing ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import numpy as np
import records
from autofit import COLUMNS, SHOWN, TASKS, files_of, write_rows

NUMBERS = (8, 32, 128)
SETFIT_PAIRS: dict[int, tuple[str, ...]] = {8: (), 32: ("--iterations", "20")}
OURS, FROZEN, SETFIT = "auto", "frozen", "setfit"
COMMAND = "python benchmarks/few_labels.py --data DATA --encoder ENCODER --work WORK"


def draw(labels: list[str], n: int, seed: int) -> list[int]:
    """Rows of ``n`` labels of each class, fewer where a class has fewer, drawn by the seed: in ascending order."""
    rng = np.random.default_rng(seed)
    drawn = []
    for name in sorted(set(labels)):
        rows = [row for row, label in enumerate(labels) if label == name]
        drawn += rng.permutation(rows)[:n].tolist()
    return sorted(drawn)


def rows_of(task: str, n: int, seed: int, args: argparse.Namespace) -> Path:
    """The drawn rows as a csv."""
    from limbeck import read

    path: Path = args.work / f"few-{task}-{n}-{seed}.csv"
    if not path.exists():
        train = read(
            files_of(task, args.data, args.work, None).train, text_column="text", label_column="label", task="classify"
        )
        labels = [str(label) for label in train.targets or []]
        chosen = draw(labels, n, seed)
        write_rows(path, [train.inputs[row] for row in chosen], [labels[row] for row in chosen])
    return path


def make(task: str, n: int, seed: int, side: str, args: argparse.Namespace) -> dict[str, Any]:
    """Train one side, and give its accuracy on the test rows in percent."""
    rows, test = rows_of(task, n, seed, args), files_of(task, args.data, args.work, None).test
    if side == SETFIT:
        out = args.work / "setfit.json"
        words = ("--train", rows, "--test", test, "--encoder", args.encoder, "--seed", str(seed), "--out", out)
        commands.run(args.setfit_python, commands.HERE / "setfit_script.py", *words, *SETFIT_PAIRS[n])
        told: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return told
    folder = args.work / f"few-{task}-{n}-{seed}-{side}"
    shutil.rmtree(folder, ignore_errors=True)
    source = str(args.encoder) if side == OURS else f"frozen:{args.encoder}"
    how = ("--auto",) if side == OURS else ("--valid-fraction", "0", "--no-look")
    words = (*COLUMNS, "--task", "classify", "--model", source, *how, "--seed", str(seed), "--out", folder)
    commands.run(commands.limbeck(), "train", rows, *words)
    chosen = commands.training_of(folder).get("chosen")
    accuracy = 100 * commands.accuracy_of(folder, test, COLUMNS)
    shutil.rmtree(folder)
    return {"accuracy": accuracy, "chosen": chosen}


def sides_of(n: int, args: argparse.Namespace) -> tuple[str, ...]:
    """The sides that learn from ``n`` labels a class."""
    return (OURS, FROZEN, SETFIT) if args.setfit_python and n in SETFIT_PAIRS else (OURS, FROZEN)


def can_import_setfit(python: str) -> bool:
    """Whether ``import setfit`` works there; why not is said."""
    done = subprocess.run([python, "-c", "import setfit"], capture_output=True, encoding="utf-8")
    if done.returncode:
        print(f"setfit does not import and is left out: {done.stderr.strip().splitlines()[-1]}")
    return done.returncode == 0


def measure(args: argparse.Namespace) -> dict[tuple[str, int, str], list[dict[str, Any]]]:
    """Make or read the pieces: task, number and side -> one piece a draw."""
    pieces = args.work / "pieces" if args.rehearse else records.PIECES
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for task in args.tasks:
        for n in args.numbers:
            for seed in range(1, args.draws + 1):
                for side in sides_of(n, args):
                    settings = {"encoder": commands.fingerprint(args.encoder), "labels": n}
                    if side == SETFIT and SETFIT_PAIRS[n]:
                        settings["setfit"] = " ".join(SETFIT_PAIRS[n])
                    path = pieces / f"few-{task}-{n}-{side}-{seed}.json"
                    made = records.piece(path, settings, lambda t=task, k=n, d=seed, s=side: make(t, k, d, s, args))
                    found.setdefault((task, n, side), []).append(made)
                    print(f"{task}, {n} labels a class, draw {seed}, {side}: {made['accuracy']:.1f} %", flush=True)
    return found


def report(args: argparse.Namespace, found: dict[tuple[str, int, str], list[dict[str, Any]]]) -> None:
    """Write a record a task and number."""
    for task in args.tasks:
        for n in args.numbers:
            sides = {side: [one["accuracy"] for one in found[task, n, side]] for side in sides_of(n, args)}
            ours, frozen = mean(sides[OURS]), mean(sides[FROZEN])
            beside = f"; SetFit {mean(sides[SETFIT]):.1f} %" if SETFIT in sides else ""
            record = records.Record(
                name=f"few-{task}-{n:03d}",
                what=f"{SHOWN[task]} test accuracy from {n} labels a class, mean of {args.draws} draws{beside}",
                value=ours,
                unit="%",
                bar="never below the frozen encoder",
                met=ours >= frozen,
                command=f"{COMMAND} --draws {args.draws}{' --setfit-python PYTHON' if beside else ''}",
                peer={"name": "frozen encoder", "value": frozen},
                detail={
                    "accuracies": {side: [round(value, 2) for value in values] for side, values in sides.items()},
                    "chosen": [(one["chosen"] or {}).get("how") for one in found[task, n, OURS]],
                    **({"setfit": " ".join(SETFIT_PAIRS[n]) or "all pairs, its default"} if SETFIT in sides else {}),
                },
            )
            stamps = [one["stamp"] for side in sides for one in found[task, n, side]]
            records.write(record, stamps, several_machines=True)


def main() -> None:
    parser = commands.parser(
        __doc__, data="with sst2/, trec/ and subj/", work="for rows and models", encoder="of all-MiniLM-L6-v2"
    )
    parser.add_argument("--setfit-python", help="the Python of an environment with setfit")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--task", choices=[*TASKS, "all"], default="all", help="measure this task alone")
    parser.add_argument("--labels", type=int, choices=NUMBERS, help="measure this number of labels a class alone")
    parser.add_argument("--rehearse", action="store_true", help="keep pieces under WORK and write no record")
    args = commands.parsed(parser)
    args.tasks = TASKS if args.task == "all" else (args.task,)
    args.numbers = NUMBERS if args.labels is None else (args.labels,)
    if args.setfit_python and not can_import_setfit(args.setfit_python):
        args.setfit_python = None
    found = measure(args)
    if not args.rehearse:
        report(args, found)


if __name__ == "__main__":
    main()
