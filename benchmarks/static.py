"""The static student on SST-2: taught by a teacher's scores, beside the same by labels, and how fast it answers.

The teacher is the file of ``distil.py`` (``--scores``). The student is stored as int8 and tested once on SST-2's test
sentences; dev and test sentences are held out of what is learnt. ``hard`` learns the labels of the phrases and
sentences among the texts, in as many updates. A side and a seed is a piece, and a rerun makes only the missing ones.

Speed: the test sentences, five times over, through the int8 student's predictor in one call, and once through VADER,
in turns, in the same process; the figure is the median of the turns, and of their ratios. With ``--limit`` (a
rehearsal on the first rows) no record is written.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import commands
import records

import distil

SIDES = ("soft", "hard")
EPOCHS, TOKENS = "4", "4096"
REPEATS, TURNS = 5, 9
BAR, RATIO_BAR, MB_BAR = 83.0, 0.75, 6.0
COMMAND = "python benchmarks/static.py --data DATA --scores SCORES --work WORK"


def words_of(side: str, seed: int, args: argparse.Namespace) -> list[str | Path]:
    """The command of a side, but for where it saves."""
    files = distil.files_of(args)
    held_out = [args.data / "sst2" / name for name in ("dev.parquet", "test.parquet")]
    words: list[str | Path] = ["distil", *([files["labels"], "--hard", "1", *distil.COLUMNS] if side == "hard" else [])]
    words += ["--teacher-scores", files["labelled" if side == "hard" else "scores"], "--student", "static"]
    words += ["--held-out", *held_out, "--valid-fraction", "0.02", "--no-calibrate"]
    words += ["--batch-tokens", TOKENS, "--seed", str(seed)]
    if side == "hard":
        updates = piece_of("soft", seed, args)["updates"]
        return [*words, "--epochs", "100", "--max-updates", str(updates)]
    return [*words, "--epochs", EPOCHS]


def make(side: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train a side, store it as int8, and give which of the test sentences it gets wrong."""
    from limbeck.artefact.manifest import INT8_GRAPH

    out, small = args.work / f"static-{side}-{seed}", folder_of(side, seed, args)
    commands.run(commands.limbeck(), *words_of(side, seed, args), "--resume", "--out", out)
    commands.run(commands.limbeck(), "export", out, "--int8", "--overwrite", "--out", small)
    said = commands.wrong_rows(commands.scores_of(small, args.data / "sst2" / "test.parquet", distil.COLUMNS))
    told = json.loads((out / "limbeck.json").read_text(encoding="utf-8"))
    return {
        **said,
        "updates": told["training"]["updates"],
        "seconds": told["training"]["seconds"],
        "parameters": told["model"]["parameters"],
        "graph_mb": round((small / INT8_GRAPH).stat().st_size / 1e6, 3),
        "folder_mb": round(sum(path.stat().st_size for path in small.rglob("*") if path.is_file()) / 1e6, 3),
    }


def folder_of(side: str, seed: int, args: argparse.Namespace) -> Path:
    """Where the int8 student of a side stands."""
    folder: Path = args.work / f"static-{side}-{seed}-int8"
    return folder


def piece_of(side: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Make or read a piece."""
    folder = args.work / "pieces" if args.limit else records.PIECES
    settings = {"scores": commands.digest(args.scores), "limit": args.limit, "epochs": EPOCHS, "tokens": TOKENS}
    return records.piece(folder / f"static-{side}-{seed}.json", settings, lambda: make(side, seed, args))


def speed(folder: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Texts a second of the student and of VADER, in turns: medians, the median ratio, and the ratio of each turn."""
    from sentiment_sides import needed

    import limbeck

    predictor = limbeck.load(folder)
    analyzer = needed("vaderSentiment.vaderSentiment", "vaderSentiment").SentimentIntensityAnalyzer()
    few, many = list(texts), list(texts) * REPEATS
    sides: tuple[Callable[[], Any], Callable[[], Any]] = (
        lambda: predictor.predict(many),
        lambda: [analyzer.polarity_scores(text) for text in few],
    )
    for side in sides:
        side()  # the first call fills caches
    rates = [(len(many) / _seconds(sides[0]), len(few) / _seconds(sides[1])) for _ in range(TURNS)]
    ratios = [ours / theirs for ours, theirs in rates]
    ours, theirs = (median(column) for column in zip(*rates, strict=True))
    return {"ours": ours, "vader": theirs, "ratio": median(ratios), "ratios": [round(one, 2) for one in ratios]}


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def report(args: argparse.Namespace, found: dict[str, list[dict[str, Any]]]) -> None:
    """Write a record each of accuracy, size, and what the teacher was worth."""
    pieces = found.get("soft", [])
    if pieces:
        value = mean(one["accuracy"] for one in pieces)
        what = f"SST-2 test, static student in int8 taught by a teacher's scores, mean of {len(pieces)} seeds"
        detail = {"accuracies": [round(one["accuracy"], 2) for one in pieces], "updates": pieces[0]["updates"]}
        values = {"value": value, "unit": "%", "bar": f"{BAR:.0f} %", "met": value >= BAR, "detail": detail}
        _write(args, pieces, name="distil-static", what=what, **values)
        size = max(one["graph_mb"] for one in pieces)
        what = f"graph of the static student in int8, of {pieces[0]['parameters']:,} parameters"
        detail = {"folder_mb": max(one["folder_mb"] for one in pieces)}
        values = {"value": size, "unit": "MB", "bar": f"{MB_BAR:.0f} MB", "met": size <= MB_BAR, "detail": detail}
        _write(args, pieces, name="distil-static-size", what=what, **values)
    if pieces and "hard" in found:
        value, low, high = distil.difference(pieces, found["hard"])
        what = f"points on SST-2 test over the static student with labels alone ({low:.2f} to {high:.2f})"
        detail = {side: [round(one["accuracy"], 2) for one in found[side]] for side in SIDES}
        values = {"value": value, "unit": "points", "bar": "above 0", "met": low > 0, "detail": {"accuracies": detail}}
        _write(args, [*pieces, *found["hard"]], name="distil-static-hard", what=what, **values)


def report_speed(args: argparse.Namespace, told: dict[str, Any]) -> None:
    """Write the record of the speed."""
    values = {"value": told["ours"], "unit": "texts/s", "bar": f"{RATIO_BAR} of VADER's speed"}
    values |= {"met": told["ratio"] >= RATIO_BAR, "peer": {"name": "VADER", "value": told["vader"]}}
    values |= {"ratio": told["ratio"], "detail": {"ratios": told["ratios"]}}
    _write(
        args,
        [],
        name="distil-static-speed",
        what="SST-2 test sentences through the static student's predictor",
        **values,
    )


def _write(args: argparse.Namespace, pieces: Sequence[dict[str, Any]], **values: Any) -> None:
    command = f"{COMMAND} --seeds {args.seeds_text}"
    records.write(records.Record(command=command, **values), [one["stamp"] for one in pieces])


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/", work="for rows and models", encoder=None)
    parser.add_argument("--scores", type=Path, required=True, help="probabilities: text, negative, positive")
    parser.add_argument("--sides", default=",".join(SIDES), help="of soft and hard; none for the speed alone")
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--no-speed", action="store_true", help="accuracy and size alone")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    sides = [] if args.sides == "none" else args.sides.split(",")
    if unknown := set(sides) - set(SIDES):
        parser.error(f"--sides takes {', '.join(SIDES)} or none, not {', '.join(sorted(unknown))}")
    found = {side: [piece_of(side, seed, args) for seed in args.seeds] for side in sides}
    for side, pieces in found.items():
        print(f"{side}: {', '.join(format(one['accuracy'], '.2f') for one in pieces)} %", flush=True)
    if not args.limit:
        report(args, found)
    if not args.no_speed:
        import pyarrow.parquet as pq

        texts = pq.read_table(args.data / "sst2" / "test.parquet")["text"].to_pylist()
        told = speed(folder_of("soft", args.seeds[0], args), texts)
        print(f"{told['ours']:,.0f} texts/s, VADER {told['vader']:,.0f}, ratio {told['ratio']:.2f}", flush=True)
        if not args.limit:
            report_speed(args, told)


if __name__ == "__main__":
    main()
