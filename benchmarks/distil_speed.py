"""Half the layers and half the vocabulary: parameters and texts a second of such a student beside its encoder.

DistilBERT's claim (40 % fewer parameters, 60 % faster) on this machine. Both are saved models whose weights were taught
for one update only: speed does not depend on what they know. Both answer SST-2's test sentences in one process, taking
turns, and the median of the runs counts.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import commands
import records

if TYPE_CHECKING:
    from limbeck.runtime import Predictor

LAYERS, PIECES = 3, 16_000
FEWER, FASTER = 40.0, 1.8
COMMAND = "python benchmarks/distil_speed.py --data DATA --encoder ENCODER --work WORK"


def make(args: Any, out: Path, *cut: str) -> int:
    """Teach a student for one update, and give its number of parameters."""
    shutil.rmtree(out, ignore_errors=True)
    rows = args.data / "sst2" / "train.parquet"
    words = ("--text-column", "text", "--label-column", "label", "--valid-fraction", "0", "--max-updates", "1")
    teacher = args.work / "speed-teacher"
    if not teacher.exists():
        commands.run(commands.limbeck(), "train", rows, "--model", args.encoder, *words, "--no-look", "--out", teacher)
    commands.run(commands.limbeck(), "distil", teacher, rows, *words, *cut, "--out", out)
    return parameters_of(out)


def parameters_of(folder: Path) -> int:
    """Weights of a saved model."""
    told: dict[str, Any] = json.loads((folder / "limbeck.json").read_text(encoding="utf-8"))
    return int(told["model"]["parameters"])


def seconds_of(models: Mapping[str, Predictor], texts: Sequence[str], runs: int) -> dict[str, list[float]]:
    """Seconds that each model takes for all texts, run by run; they take turns, and a first turn is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(runs + 1):
        for name, model in models.items():
            began = time.perf_counter()
            model.predict(texts)
            taken[name].append(time.perf_counter() - began)
    return {name: seconds[1:] for name, seconds in taken.items()}


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/", work="for models", encoder="of all-MiniLM-L6-v2")
    parser.add_argument("--runs", type=int, default=7)
    args = commands.parsed(parser)
    import pyarrow.parquet as pq

    import limbeck

    small = args.work / "speed-student"
    n_small = make(args, small, "--layers", str(LAYERS), "--vocabulary", str(PIECES))
    n_whole = parameters_of(args.work / "speed-teacher")
    texts = pq.read_table(args.data / "sst2" / "test.parquet")["text"].to_pylist()
    models = {"student": limbeck.load(small), "encoder": limbeck.load(args.work / "speed-teacher")}
    taken = seconds_of(models, texts, args.runs)
    speed = {name: len(texts) / median(runs) for name, runs in taken.items()}
    fewer, ratio = 100 * (1 - n_small / n_whole), speed["student"] / speed["encoder"]
    shown = {name: f"{value:.0f} texts/s" for name, value in speed.items()}
    print(shown, f"{ratio:.2f}, {fewer:.1f} % fewer parameters")
    records.write(
        records.Record(
            name="distil-parameters",
            what=f"parameters of {LAYERS} of 6 layers, {PIECES:,} pieces: {n_small:,} of {n_whole:,}, so many fewer",
            value=fewer,
            unit="%",
            bar=f"{FEWER:.0f} % fewer",
            met=fewer >= FEWER,
            command=f"{COMMAND} --runs {args.runs}",
        )
    )
    records.write(
        records.Record(
            name="distil-speed",
            what=f"texts/s of that student, SST-2's test sentences, median of {args.runs} runs",
            value=speed["student"],
            unit="texts/s",
            bar=f"{FASTER} x the encoder's",
            met=ratio >= FASTER,
            command=f"{COMMAND} --runs {args.runs}",
            peer={"name": "the encoder of 6 layers", "value": speed["encoder"]},
            ratio=ratio,
            detail={"seconds": {name: [round(one, 3) for one in runs] for name, runs in taken.items()}},
        )
    )


if __name__ == "__main__":
    main()
