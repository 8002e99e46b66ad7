"""From process start to the answer: ``limbeck --help``, and ``limbeck predict MODEL "text"`` beside transformers.

Medians of fresh processes, after one of each that is not counted (it fills the page cache and the first load's checks).
The sides take turns, so that they share the machine's drift. The peer reads the same folder without a network.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import commands
import records

TEXT = "An hour I want back."
PIPELINE = """
import sys
from transformers import pipeline
print(pipeline("text-classification", model=sys.argv[1], device="cpu")(sys.argv[2]))
"""


def seconds(*words: str | Path) -> float:
    """Wall time of one fresh process, start to exit."""
    start = time.perf_counter()
    told = commands.output(*words)
    taken = time.perf_counter() - start
    if not told.strip():
        raise SystemExit(f"no answer from {words[0]}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=Path, required=True, help="a saved limbeck model that transformers can read too"
    )
    parser.add_argument("--runs", type=int, default=11)
    args = parser.parse_args()
    limbeck = commands.limbeck()
    sides: dict[str, tuple[str | Path, ...]] = {
        "help": (limbeck, "--help"),
        "predict": (limbeck, "predict", args.model, TEXT),
        "pipeline": (sys.executable, "-c", PIPELINE, args.model, TEXT),
    }
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(args.runs + 1):
        for side, words in sides.items():
            taken[side].append(seconds(*words))
    counted = {side: all_runs[1:] for side, all_runs in taken.items()}
    medians = {side: median(all_runs) for side, all_runs in counted.items()}
    print({side: f"{value:.3f} s" for side, value in medians.items()})
    graph = args.model / "onnx" / "model.onnx"
    for side, bar in (("help", 0.3), ("predict", 0.5)):
        beside = side == "predict"
        record = records.Record(
            name=f"startup-{side}",
            what={"help": "`limbeck --help`", "predict": "`limbeck predict MODEL TEXT`"}[side] + ", fresh process",
            value=medians[side],
            unit="s",
            bar=f"under {bar} s",
            met=medians[side] < bar,
            command=f"python benchmarks/startup.py --model MODEL --runs {args.runs}",
            peer={"name": "transformers.pipeline", "value": medians["pipeline"]} if beside else None,
            ratio=medians["predict"] / medians["pipeline"] if beside else None,
            detail={
                "seconds": [round(run, 4) for run in counted[side]],
                "peer_seconds": [round(run, 4) for run in counted["pipeline"]] if beside else [],
                "graph_mb": round(graph.stat().st_size / 1e6, 1) if beside and graph.exists() else None,
            },
        )
        records.write(record)


if __name__ == "__main__":
    main()
