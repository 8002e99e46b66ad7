"""Task distillation on SST-2: students of 6 and 3 layers taught by a teacher's scores, beside the same by labels.

The teacher is a file of probabilities (``--scores``) of SST-2's training phrases and sentences and of sentences cut
from unlabelled reviews. Students are chosen on rows of that file that are held back, and tested once on SST-2's test
sentences; dev and test sentences are held out of what is learnt. ``hard`` sides learn the labels of the same phrases
and sentences, in as many updates, from the same start. ``phrases`` is taught without the sentences of reviews, in as
many updates: the student of 6 layers, and the one of 3 that starts from it. ``last`` leaves them out of the last step
alone: it starts from the student of 6 layers that read them.

A side and a seed is a piece, and a rerun makes only the missing ones; a training that was stopped goes on. Students of
3 layers start from a student of 6 layers of their seed, which stays under WORK. With ``--limit`` (a rehearsal on the
first rows) the pieces stay under WORK and no record is written.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import numpy as np
import records

COLUMNS = ("--text-column", "text", "--label-column", "label")
LR, TOKENS = "2e-4", "2048"
EPOCHS = {"6": 1, "3": 2}
BARS = {"6": 91.0, "3": 89.0}
WITHOUT = {
    "6-hard": "labels alone",
    "6-phrases": "no review sentences",
    "3-hard": "labels alone",
    "3-phrases": "no review sentences, nor had the one of 6 any",
    "3-last": "no review sentences in its own step",
}
STARTS = {"3": "6", "3-last": "6", "3-phrases": "6-phrases"}
"""Sides that start from a student of 6 layers, which stays under WORK; the others start from the encoder."""
SIDES = (*BARS, *WITHOUT)
COMMAND = "python benchmarks/distil.py --data DATA --encoder ENCODER --scores SCORES --work WORK"


def files_of(args: argparse.Namespace) -> dict[str, Path]:
    """What the sides read: all scores, the scores of labelled texts, their labels."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    folder = args.work / f"distil-rows-{commands.digest(args.scores)}-{args.limit or 'all'}"
    made = {name: folder / f"{name}.parquet" for name in ("scores", "labelled")} | {"labels": folder / "labels.csv"}
    if not made["labels"].exists():
        folder.mkdir(parents=True, exist_ok=True)
        table = pq.read_table(args.scores)
        table = table.slice(0, args.limit) if args.limit else table
        parts = [pq.read_table(args.data / "sst2" / name) for name in ("train.parquet", "phrases.parquet")]
        labels = {row["text"]: row["label"] for part in parts for row in part.to_pylist()}
        pq.write_table(table, made["scores"])
        labelled = table.filter(pc.is_in(table["text"], value_set=pa.array(list(labels))))
        pq.write_table(labelled, made["labelled"])
        with made["labels"].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "label"))
            writer.writerows((text, labels[text]) for text in labelled["text"].to_pylist())
    return made


def words_of(side: str, seed: int, args: argparse.Namespace) -> list[str | Path]:
    """The command of a side, but for where it saves."""
    files, (layers, _, kind) = files_of(args), side.partition("-")
    held_out = [args.data / "sst2" / name for name in ("dev.parquet", "test.parquet")]
    words: list[str | Path] = ["distil", *([files["labels"]] if kind == "hard" else [])]
    words += ["--teacher-scores", files["labelled" if kind else "scores"], "--valid-fraction", "0.02"]
    words += ["--held-out", *held_out, "--lr", LR, "--batch-tokens", TOKENS, "--seed", str(seed), "--no-calibrate"]
    if kind == "hard":
        words += ["--hard", "1", *COLUMNS]
    start = STARTS.get(side)
    words += ["--student", args.work / f"distil-{start}-{seed}" if start else args.encoder]
    words += ["--layers", layers] if layers == "3" else []
    if kind:  # as many updates as the side with all scores took, however many passes that is
        words += ["--epochs", "100", "--max-updates", str(updates_of(layers, seed, args))]
    else:
        words += ["--epochs", str(EPOCHS[layers])]
    return words


def updates_of(side: str, seed: int, args: argparse.Namespace) -> int:
    """Updates that a side took; it must have been made."""
    return int(piece_of(side, seed, args)["updates"])


def make(side: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train a side, and give which of the test sentences it gets wrong."""
    out, test = args.work / f"distil-{side}-{seed}", args.data / "sst2" / "test.parquet"
    start = STARTS.get(side)
    if start and not (args.work / f"distil-{start}-{seed}").exists():
        train(start, seed, args, args.work / f"distil-{start}-{seed}")
    train(side, seed, args, out)
    told = json.loads((out / "limbeck.json").read_text(encoding="utf-8"))
    said = commands.wrong_rows(commands.scores_of(out, test, COLUMNS))
    if side not in STARTS.values():
        shutil.rmtree(out)
    return {
        **said,
        "updates": told["training"]["updates"],
        "seconds": told["training"]["seconds"],
        "parameters": told["model"]["parameters"],
        "valid": told["metrics"],
    }


def train(side: str, seed: int, args: argparse.Namespace, out: Path) -> None:
    """Train a side, or go on with it."""
    commands.run(commands.limbeck(), *words_of(side, seed, args), "--checkpoint-every", "200", "--resume", "--out", out)


def piece_of(side: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Make or read a piece."""
    folder = args.work / "pieces" if args.limit else records.PIECES
    made_by = {"encoder": commands.fingerprint(args.encoder), "scores": commands.digest(args.scores)}
    settings = {**made_by, "limit": args.limit, "epochs": EPOCHS[side[0]], "lr": LR, "tokens": TOKENS}
    return records.piece(folder / f"distil-{side}-{seed}.json", settings, lambda: make(side, seed, args))


def difference(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> tuple[float, float, float]:
    """Points of accuracy between two sides on the same rows, mean of the seeds, with its 95 % interval over rows."""
    from limbeck.inspect.intervals import of_mean

    def right(pieces: Sequence[dict[str, Any]]) -> np.ndarray[Any, Any]:
        marks = np.ones((len(pieces), pieces[0]["n_test"]))
        for row, piece in zip(marks, pieces, strict=True):
            row[piece["wrong"]] = 0
        return marks.mean(axis=0)

    n_seeds = min(len(first), len(second))
    found = of_mean(100 * (right(first[:n_seeds]) - right(second[:n_seeds])))
    return found.value, found.low, found.high


def report(args: argparse.Namespace, found: dict[str, list[dict[str, Any]]]) -> None:
    """Write a record a student, and one a comparison."""
    for layers, bar in BARS.items():
        if layers in found:
            pieces = found[layers]
            value = mean(one["accuracy"] for one in pieces)
            _write(
                args,
                pieces,
                name=f"distil-{layers}-layers",
                what=f"SST-2 test, student of {layers} x 384 taught by a teacher's scores, mean of {len(pieces)} seeds",
                value=value,
                unit="%",
                bar=f"{bar:.0f} %",
                met=value >= bar,
                detail={"accuracies": [round(one["accuracy"], 2) for one in pieces], "updates": pieces[0]["updates"]},
            )
    for side, what in WITHOUT.items():
        if side in found and side[0] in found:
            value, low, high = difference(found[side[0]], found[side])
            _write(
                args,
                [*found[side[0]], *found[side]],
                name=f"distil-{side}",
                what=f"points on SST-2 test over the student of {side[0]} layers with {what} ({low:.2f} to {high:.2f})",
                value=value,
                unit="points",
                bar="above 0",
                met=low > 0,
                detail={"accuracies": {one: [round(x["accuracy"], 2) for x in found[one]] for one in (side[0], side)}},
            )


def _write(args: argparse.Namespace, pieces: Sequence[dict[str, Any]], **values: Any) -> None:
    command = f"{COMMAND} --sides {args.sides_text} --seeds {args.seeds_text}"
    stamps = [one["stamp"] for one in pieces]
    records.write(records.Record(command=command, **values), stamps, several_machines=True)


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/", work="for rows and models", encoder="of all-MiniLM-L6-v2")
    parser.add_argument("--scores", type=Path, required=True, help="probabilities: text, negative, positive")
    parser.add_argument("--sides", dest="sides_text", default=",".join(SIDES), help="of " + ", ".join(SIDES))
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    sides = commands.names_in(args.sides_text, SIDES, flag="--sides", parser=parser)
    found = {side: [piece_of(side, seed, args) for seed in args.seeds] for side in sides}
    for side, pieces in found.items():
        print(f"{side}: {', '.join(format(one['accuracy'], '.2f') for one in pieces)} %", flush=True)
    if not args.limit:
        report(args, found)


if __name__ == "__main__":
    main()
