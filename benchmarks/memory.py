"""Peak memory of ``limbeck predict MODEL big.csv --out out.csv``: a million short texts against ten thousand.

The files are made here from a seed. Afterwards input and output are read side by side: no row lost, none moved, none
changed, each with an answer. The peak is the kernel's for that one child (``wait4``); a child inherits its parent's
peak, hence nothing but the standard library is imported here, and the parent's peak is checked to be the smaller.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import commands
import records

BAR_MB = 50
WORD_LIST = """
a an the this that it was is not never quite very too film plot book meal room screen battery course teacher
waiter parcel app update story ending cast price bed noise view good bad dull great lovely awful cheap slow quick warm
cold broken clever kind rude funny sad long short again and but yet with without for of in on
"""
WORDS = WORD_LIST.split()


def generate(path: Path, n_rows: int) -> None:
    """Write ``n_rows`` texts of 3 to 10 words, with an id."""
    draw = random.Random(n_rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for row in range(n_rows):
            writer.writerow([row, " ".join(draw.choices(WORDS, k=draw.randint(3, 10)))])


def peak_mb(command: list[str]) -> float:
    """Run a command and return its peak resident memory in MB (10^6 bytes)."""
    process = subprocess.Popen(command, env=commands.ENVIRONMENT, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"`limbeck predict` left with exit code {process.returncode}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if usage.ru_maxrss <= own:
        raise SystemExit("this script's own peak hides its child's")
    return float(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6)


def compare(source: Path, scored: Path) -> int:
    """Read both files side by side and return the number of rows; end at the first that was lost, moved or changed."""
    n_rows = 0
    with source.open(encoding="utf-8", newline="") as asked, scored.open(encoding="utf-8", newline="") as told:
        for n_rows, (row, answer) in enumerate(zip(csv.DictReader(asked), csv.DictReader(told), strict=True), start=1):
            if row["id"] != answer["id"] or row["text"] != answer["text"] or not answer["predicted"]:
                raise SystemExit(f"row {n_rows} is lost, moved, changed or unanswered: {row} became {answer}")
    return n_rows


def score(args: argparse.Namespace, n_rows: int) -> dict[str, Any]:
    """Generate, predict, compare; return rows, peak and seconds."""
    source, scored = args.work / f"texts-{n_rows}.csv", args.work / f"scored-{n_rows}.csv"
    generate(source, n_rows)
    scored.unlink(missing_ok=True)
    start = time.perf_counter()
    peak = peak_mb([commands.limbeck(), "predict", str(args.model), str(source), "--out", str(scored)])
    seconds = time.perf_counter() - start
    if (found := compare(source, scored)) != n_rows:
        raise SystemExit(f"{n_rows} rows asked, {found} answered")
    print(f"{n_rows:,} rows: peak {peak:.1f} MB, {seconds:.1f} s", flush=True)
    return {"rows": n_rows, "peak_mb": round(peak, 1), "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a saved limbeck model, tiny for a quick run")
    parser.add_argument("--work", type=Path, required=True, help="folder for the files (about 150 MB)")
    parser.add_argument("--small", type=int, default=10_000, help="rows")
    parser.add_argument("--large", type=int, default=1_000_000, help="rows")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    small, large = score(args, args.small), score(args, args.large)
    difference = large["peak_mb"] - small["peak_mb"]
    sizes = f"--small {args.small} --large {args.large}"
    record = records.Record(
        name="memory-predict",
        what=f"memory peak of scoring {args.large:,} short texts beyond that of {args.small:,}; no row lost or moved",
        value=difference,
        unit="MB",
        bar=f"within {BAR_MB} MB",
        met=difference <= BAR_MB,
        command=f"python benchmarks/memory.py --model MODEL --work WORK {sizes}",
        detail={"small": small, "large": large},
    )
    records.write(record)
    print(f"difference {difference:.1f} MB (bar {BAR_MB} MB)")


if __name__ == "__main__":
    main()
