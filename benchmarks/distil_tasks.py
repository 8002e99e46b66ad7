"""From an encoder of 6 layers to 3, task by task: TREC, SUBJ, MR, CoLA, MRPC (pairs), STS-B (numbers).

The teacher is fine-tuned by ``limbeck train``, the student taught by ``limbeck distil TEACHER ROWS --layers 3``, both
with what the commands do by themselves but for the batches; both answer the same test rows (CoLA has none, its dev
rows stand in). A training row whose text stands in the dev or test rows too is left out. Where a set has no dev rows,
or they are the test, a tenth of train chooses the weights. A task and a seed is a piece; a rerun makes only the missing
ones. With ``--limit`` (a rehearsal) no record is written.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from statistics import mean
from typing import Any

import commands
import data_sets
import numpy as np
import records

COMMAND = "python benchmarks/distil_tasks.py --data DATA --encoder ENCODER --work WORK"
LAYERS = 3


SETS = {name: data_sets.SETS[name] for name in ("trec", "subj", "mr", "cola", "mrpc", "stsb")}


def make(args: argparse.Namespace, name: str, seed: int) -> dict[str, Any]:
    """Train the teacher, teach the student, and compare both on the test rows."""
    from limbeck.inspect.paired import compare
    from limbeck.tasks import task_from_json

    chosen, data = SETS[name], args.data / name
    rows, _ = data_sets.learnt(args, name)
    folders = {side: args.work / f"tasks-{name}-{seed}-{side}" for side in ("teacher", "student")}
    teacher, student = folders["teacher"], folders["student"]
    shared: list[str | Path] = [*chosen.columns, "--task", chosen.task, "--batch-tokens", "1024", "--seed", str(seed)]
    shared += ["--valid", data / f"{chosen.valid}.parquet"] if chosen.valid else []
    for folder in folders.values():
        shutil.rmtree(folder, ignore_errors=True)
    commands.run(commands.limbeck(), "train", rows, "--model", args.encoder, *shared, "--no-look", "--out", teacher)
    commands.run(commands.limbeck(), "distil", teacher, rows, "--layers", str(LAYERS), *shared, "--out", student)
    test = data / f"{chosen.test}.parquet"
    said = {side: commands.scores_of(folder, test, chosen.columns) for side, folder in folders.items()}
    first, second = said["teacher"], said["student"]
    assert first.targets is not None
    task = task_from_json(first.task)
    pair = compare(task, first, second, first.targets)
    assert pair is not None
    told = json.loads((student / "limbeck.json").read_text(encoding="utf-8"))
    measures = {side: task.metrics(one.logits.astype(np.float64), first.targets) for side, one in said.items()}
    for folder in folders.values():
        shutil.rmtree(folder)
    return {"pair": pair.to_json(), "measures": measures, "parameters": told["model"]["parameters"]}


def macro_f1(pieces: list[dict[str, Any]]) -> str:
    """Both sides' macro F1 for a record: it tells a student that answers one class alone; nothing of numbers."""
    measures = [one["measures"] for one in pieces]
    if "macro_f1" not in measures[0]["teacher"]:
        return ""
    student, teacher = (100 * mean(one[side]["macro_f1"] for one in measures) for side in ("student", "teacher"))
    return f"macro F1 {student:.1f} of {teacher:.1f}, "


def report(args: argparse.Namespace, name: str, pieces: list[dict[str, Any]]) -> None:
    """Write the record of a task."""
    pairs = [one["pair"] for one in pieces]
    first, second = (mean(pair[side] for pair in pairs) for side in ("first", "second"))
    low, high = (mean(pair[end] for pair in pairs) for end in ("low", "high"))
    record = records.Record(
        name=f"distil-task-{name}",
        what=f"{name.upper()} test {pairs[0]['measure']} of {LAYERS} of 6 layers in percent of the 6: "
        f"{100 * second:.1f} of {100 * first:.1f} ({100 * low:+.2f} to {100 * high:+.2f} points), "
        f"{macro_f1(pieces)}{len(pairs)} seed{'s' * (len(pairs) > 1)}",
        value=100 * second / first,
        unit="%",
        bar="shown",
        met=True,
        command=f"{COMMAND} --sets {name} --seeds {args.seeds_text}",
        peer={"name": "teacher, of 6 layers", "value": 100.0},
        ratio=second / first,
        detail={"pairs": pairs, "measures": [one["measures"] for one in pieces]},
    )
    records.write(record, [one["stamp"] for one in pieces], several_machines=True)


def main() -> None:
    parser = commands.parser(__doc__, data="with trec/, subj/, mr/, cola/, mrpc/, stsb/", work="for models")
    parser.add_argument("--sets", dest="sets_text", default=",".join(SETS), help="of " + ", ".join(SETS))
    parser.add_argument("--seeds", dest="seeds_text", default="1")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first training rows; writes no record")
    args = commands.parsed(parser)
    names = commands.names_in(args.sets_text, SETS, flag="--sets", parser=parser)
    folder = args.work / "pieces" if args.limit else records.PIECES
    shared = {"encoder": commands.fingerprint(args.encoder), "layers": LAYERS, "limit": args.limit}
    for name in names:
        settings = shared | {"left_out": data_sets.learnt(args, name)[1]}
        pieces = []
        for seed in args.seeds:
            path = folder / f"distil-task-{name}-{seed}.json"
            pieces.append(records.piece(path, settings, lambda n=name, s=seed: make(args, n, s)))
            print(f"{name}, seed {seed}: {pieces[-1]['pair']}", flush=True)
        if not args.limit:
            report(args, name, pieces)


if __name__ == "__main__":
    main()
