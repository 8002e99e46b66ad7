"""Task distillation on IMDb: a large teacher of 4,000 reviews, students of 6 and 3 layers on its scores of 12,000.

Reviews are read up to 256 tokens by all. The teacher is MPNet (``--teacher-encoder``); the student of 6 layers starts
from ``--encoder``, the one of 3 from that of 6. In as many updates on the same reviews, ``hard`` students learn the
labels alone, ``both`` students labels and scores, half and half, at a temperature of 2, and ``sst2`` students the same
from the student of 6 layers that ``distil.py`` makes of SST-2 (``--sst2-student``); each one of 3 layers starts from
its kind of 6. All answer 5,000 test reviews, drawn by a fixed seed; no review that stands in the test part as well is
learnt. A side is a piece, and what the teacher said is kept beside them, without the reviews; a rerun makes only the
missing ones, and a training that was stopped goes on. With ``--limit`` (a rehearsal: so many reviews in place of each
number) no record is written.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import commands
import records
from data_sets import REVIEW_TOKENS, TAUGHT, TESTED, drawn

SCORED = 12_000
COLUMNS = ("--text-column", "text", "--label-column", "label", "--task", "classify")
BARS = {"6": 97.5, "3": 96.0}
BOTH = ("--hard", "0.5", "--temperature", "2")
WAYS = {"": (), "hard": ("--hard", "1"), "both": BOTH, "sst2": BOTH}
"""How a kind of student is taught; the first by the scores alone."""
KINDS = {"": "by its scores", "both": "by its scores and labels", "sst2": "by both, from a student of SST-2"}
"""Those that have a record, each beside the hard one."""
SIDES = ("teacher", *(f"{layers}-{way}".rstrip("-") for way in WAYS for layers in BARS))
COMMAND = "python benchmarks/distil_imdb.py --data DATA --encoder ENCODER --teacher-encoder MPNET --work WORK"


def model_of(args: argparse.Namespace, side: str) -> Path:
    """Where a side's model stands."""
    return Path(args.work / f"imdb-{side}")


def asked(args: argparse.Namespace) -> Path:
    """What the teacher says of the reviews: kept beside the pieces, so that a rerun needs no teacher."""
    name = f"distil-imdb-scores-{commands.fingerprint(args.teacher_encoder)}-{args.limit or 'all'}.npz"
    kept: Path = folder_of(args) / name
    texts = (drawn(args, "train", SCORED, 2, unlike="test"), *COLUMNS, "--max-length", str(REVIEW_TOKENS))
    return commands.said_of(args.work / "imdb-teacher", texts, kept, args.work)


def folder_of(args: argparse.Namespace) -> Path:
    """Where the pieces stand."""
    folder: Path = args.work / "pieces" if args.limit else records.PIECES
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make(args: argparse.Namespace, side: str) -> dict[str, Any]:
    """Train a side, and give which of the test reviews it gets wrong."""
    scored, test = drawn(args, "train", SCORED, 2, unlike="test"), drawn(args, "test", TESTED, 3)
    out, (layers, _, kind) = model_of(args, side), side.partition("-")
    shared = ("--max-length", str(REVIEW_TOKENS), "--seed", "1", "--checkpoint-every", "100", "--resume")
    words: list[str | Path]
    if side == "teacher":
        words = ["train", drawn(args, "train", TAUGHT, 1, unlike="test"), *COLUMNS, "--model", args.teacher_encoder]
        words += ["--epochs", "1", "--lr", "3e-5", "--batch-tokens", "2048", "--no-look"]
    else:
        before = side.replace("3", "6", 1)
        if layers == "3" and not model_of(args, before).exists():
            make(args, before)
        start = model_of(args, before) if layers == "3" else args.sst2_student if kind == "sst2" else args.encoder
        words = ["distil", scored, "--teacher-scores", asked(args), *COLUMNS, "--no-calibrate"]
        words += ["--student", start, "--layers", layers]
        words += ["--epochs", "3", "--lr", "1e-4", "--batch-tokens", "4096"]  # the rate of ``imdb.py``, for 16 reviews
        words += WAYS[kind]
    commands.run(commands.limbeck(), *words, *shared, "--out", out)
    told = json.loads((out / "limbeck.json").read_text(encoding="utf-8"))
    return {
        **commands.wrong_rows(commands.scores_of(out, test, COLUMNS[:4])),
        "updates": told["training"]["updates"],
        "parameters": told["model"]["parameters"],
    }


def report(found: dict[str, dict[str, Any]]) -> None:
    """Write a record for each student that has been made, beside the hard one."""
    from distil import difference

    teacher = found["teacher"]
    for layers, kind in itertools.product(BARS, KINDS):
        side, hard = f"{layers}-{kind}".rstrip("-"), found.get(f"{layers}-hard")
        ours = found.get(side)
        if ours is None or hard is None:
            continue
        gain, low, high = difference([ours], [hard])
        kept = 100 * ours["accuracy"] / teacher["accuracy"]
        record = records.Record(
            name=f"distil-imdb-{layers}-layers{f'-{kind}' if kind else ''}",
            what=f"IMDb, {ours['n_test']:,} test reviews: {layers} layers taught {KINDS[kind]} in percent of the "
            f"teacher's {teacher['accuracy']:.2f} %; {gain:+.2f} points over labels alone ({low:+.2f} to {high:+.2f})",
            value=kept,
            unit="%",
            bar=f"{BARS[layers]} %",
            met=kept >= BARS[layers],
            command=COMMAND + (" --sst2-student STUDENT" if kind == "sst2" else ""),
            peer={"name": "teacher", "value": 100.0},
            ratio=kept / 100,
            detail={
                "accuracies": {one: round(found[one]["accuracy"], 2) for one in ("teacher", side, f"{layers}-hard")}
            },
        )
        records.write(record, [one["stamp"] for one in (teacher, ours, hard)])


def main() -> None:
    parser = commands.parser(__doc__, data="with imdb/", work="for models", encoder="of all-MiniLM-L6-v2")
    parser.add_argument("--teacher-encoder", type=Path, required=True, help="folder of all-mpnet-base-v2")
    parser.add_argument(
        "--sst2-student", type=Path, help="folder of distil.py's student of 6 layers (its WORK keeps it)"
    )
    parser.add_argument("--sides", dest="sides_text", help="of " + ", ".join(SIDES) + "; all where not given")
    parser.add_argument("--limit", type=int, help="a rehearsal on so many reviews; writes no record")
    args = commands.parsed(parser)
    encoders = {"encoder": commands.fingerprint(args.encoder), "teacher": commands.fingerprint(args.teacher_encoder)}
    found = {}
    able = [side for side in SIDES if args.sst2_student is not None or not side.endswith("sst2")]
    for side in commands.names_in(args.sides_text or ",".join(able), able, flag="--sides", parser=parser):
        path, settings = folder_of(args) / f"distil-imdb-{side}.json", {**encoders, "limit": args.limit}
        if side.endswith("sst2"):
            settings["start"] = commands.fingerprint(args.sst2_student)
        found[side] = records.piece(path, settings, lambda s=side: make(args, s))
        print(f"{side}: {found[side]['accuracy']:.2f} %", flush=True)
    if not args.limit and "teacher" in found:
        report(found)


if __name__ == "__main__":
    main()
