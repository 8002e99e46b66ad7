"""Make the sentiment model that ships: ``python make.py --data DATA --encoder ENCODER --work WORK [--out FOLDER]``.

In pieces, each a small json under ``results/`` with the fingerprints of what it read: run the same command again after
an interruption, and what is finished is skipped. ``--only PIECE`` makes one. Training stops at ``--minutes`` with a
checkpoint, and the next run goes on; without ``--only`` it goes on by itself. ``--rehearse`` runs the whole chain in a
minute on made-up texts and a tiny random encoder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "benchmarks"))

import pieces  # noqa: E402
import records  # noqa: E402
from run import Run, Unfinished, fingerprints  # noqa: E402

from limbeck.errors import LimbeckError  # noqa: E402

UNFINISHED = 3
"""Exit code where ``--only train`` stopped at its time limit: run it again."""


def make(run: Run, name: str) -> dict[str, Any]:
    """Make a piece, or read what it left where its inputs are the same and its outputs stand.

    Raises:
        Unfinished: its time is over and a checkpoint stands.
        SystemExit: what it reads is not there.
    """
    piece = pieces.PIECES[name]
    path = run.results / f"{name}.json"
    began = time.perf_counter()
    if missing := [what for what, file in piece.inputs(run).items() if not file.exists()]:
        raise SystemExit(f"{name} reads {', '.join(missing)}, which is not there: make the pieces before it first")
    inputs = {"settings": piece.settings(run), "files": fingerprints(piece.inputs(run))}
    outputs = piece.outputs(run)
    if path.exists() and all(file.exists() for file in outputs.values()):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["inputs"] == inputs and found["outputs"] == fingerprints(outputs):
            run.say(f"{name}: stands")
            return found
    run.say(f"{name}: begins")
    stamp = records.stamp()
    made = piece.make(run)
    whole = {
        "piece": name,
        "inputs": inputs,
        "made": made,
        "outputs": fingerprints(outputs),
        "seconds": round(time.perf_counter() - began, 1),
        "stamp": stamp,
    }
    records.save(path, whole)
    run.say(f"{name}: {whole['seconds']:.0f} s")
    return whole


def spent(whole: dict[str, Any]) -> float:
    """Seconds that a piece took, all its runs together where training was stopped and went on."""
    return float(max(whole["seconds"], whole["made"].get("training", {}).get("seconds", 0.0)))


def arguments() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the public sets: sst2/, sst5/, mr/, imdb/ and the others")
    parser.add_argument("--encoder", type=Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is made on the way (about 500 MB)")
    parser.add_argument("--out", type=Path, help="the model; WORK/model where not given")
    parser.add_argument("--only", choices=list(pieces.PIECES), help="make this piece alone")
    parser.add_argument("--epochs", type=int, help=f"of training; {pieces.AMOUNTS['epochs']} where not given")
    parser.add_argument("--minutes", type=float, default=55, help="of training in one go")
    parser.add_argument("--rehearse", action="store_true", help="the whole chain on made-up texts, in a minute")
    args = parser.parse_args()
    if not args.rehearse and not (args.data and args.encoder):
        parser.error("--data and --encoder are needed (or --rehearse)")
    return args


def main() -> int:
    """Make what is missing; the exit code."""
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    run = Run(
        data=args.data,
        encoder=args.encoder,
        work=args.work.resolve(),
        out=(args.out or args.work / "model").resolve(),
        results=HERE / "results",
        minutes=args.minutes,
        amounts={"epochs": args.epochs} if args.epochs else {},
    )
    if args.rehearse:
        import rehearsal

        run = rehearsal.prepare(run)
    todo = [args.only] if args.only else list(pieces.PIECES)
    seconds = 0.0
    while todo:
        try:
            seconds += spent(make(run, todo[0]))
        except Unfinished as stop:
            run.say(str(stop))
            if args.only:
                return UNFINISHED
        except (LimbeckError, subprocess.CalledProcessError) as error:
            run.say(f"{todo[0]} failed: {error}")
            return 1
        else:
            todo.pop(0)
    run.say(f"done: {seconds / 60:.1f} minutes in all, runs before this one included")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
