"""Sentiment out of the box beside VADER, TextBlob and NBSVM: SST-2, IMDb and SST-5 as three classes, speed, honesty.

A piece is a test set: all sides answer it in one process, one after another, and a rerun makes only what is missing.
Texts/s are of one call with all texts, as a user would make it, after a call with 64 that is not counted. The threshold
of a lexicon's neutral is that of its documentation and, beside it, the best on SST-5's dev; the better of the two
counts. With ``--limit`` (a rehearsal) the pieces stay under WORK and no record is written.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import records
from numpy.typing import NDArray
from sentiment_sides import CLASSES, STARS, THRESHOLDS, Lexicon, Side, Sides, answers_of, model_folder

from limbeck.artefact.verify import sha256
from limbeck.inspect.calibration_error import calibration_error
from limbeck.metrics import confusion, macro_f1

SETS = ("sst2", "sst5", "imdb")
BARS = {"sst2": 88.5, "imdb": 90.5}
OVER_LEXICONS, ERROR_POINTS, SIZE_MB = 15.0, 2.5, 16.0
COMMAND = "python benchmarks/sentiment.py --data DATA --work WORK"
WARM_UP = 64
Rows = tuple[list[str], NDArray[np.int64]]


def read_set(data: Path, name: str, split: str, limit: int | None = None) -> Rows:
    """Texts of a split and their places in ``CLASSES``; of a limit, rows from all over the split."""
    import pyarrow.parquet as pq

    table = pq.read_table(data / name / f"{split}.parquet", columns=["text", "label"])
    places: dict[Any, int] = {0: 0, 1: 2, "negative": 0, "positive": 2}
    if name == "sst5":
        places = dict(enumerate(STARS))
    labels = np.array([places[label] for label in table["label"].to_pylist()])
    texts = table["text"].to_pylist()
    step = max(1, len(texts) // limit) if limit else 1
    return texts[::step], labels[::step]


def measure(side: Side, rows: Rows, *, two: bool) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """What a side gets right of the rows and how fast, and the three numbers it gave to each."""
    texts, labels = rows
    side.say(texts[:WARM_UP])
    start = time.perf_counter()
    said = side.say(texts)
    seconds = time.perf_counter() - start
    found: dict[str, Any] = {"texts_per_second": round(len(texts) / seconds, 1), "size_mb": side.size_mb}
    return found | judge(said, labels, two=two), said


def judge(said: NDArray[np.float64], labels: NDArray[np.int64], *, two: bool) -> dict[str, float]:
    """Accuracy of positive against negative, or accuracy and macro F1 of three classes, in percent."""
    if two:
        return {"accuracy": 100 * float(((said[:, 2] > said[:, 0]) == (labels == 2)).mean())}
    best = said.argmax(axis=1)
    f1 = macro_f1(confusion(best, labels, len(CLASSES)))
    return {"accuracy": 100 * float((best == labels).mean()), "macro_f1": 100 * f1}


def one_set(args: argparse.Namespace, sides: Sides, name: str) -> dict[str, Any]:
    """All sides on one test set."""
    rows = read_set(args.data, name, "test", args.limit)
    whole: dict[str, Any] = {"rows": len(rows[0]), "sides": {}}
    for side in sides:
        if isinstance(side, Lexicon):
            side.threshold = 0.05
        found, said = measure(side, rows, two=name != "sst5")
        if name == "sst5" and isinstance(side, Lexicon):
            found["tuned"] = tuned(side, read_set(args.data, "sst5", "dev"), said, rows[1])
        if name != "sst5" and side is sides.limbeck:
            whole["calibration"] = calibration(said, rows[1])
        whole["sides"][side.name] = found
        print(f"{name}: {side.name}: {found}", flush=True)
    return whole


def tuned(side: Lexicon, dev: Rows, said: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """A lexicon with the width of neutral that is best on the dev rows, judged on what it said of the test rows."""

    def widened(numbers: NDArray[np.float64], width: float) -> NDArray[np.float64]:
        return np.stack([numbers[:, 0], np.full(len(numbers), width), numbers[:, 2]], axis=1)

    on_dev = side.say(dev[0])
    best = max(THRESHOLDS, key=lambda width: judge(widened(on_dev, width), dev[1], two=False)["macro_f1"])
    return {"threshold": best} | judge(widened(said, best), labels, two=False)


def calibration(said: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """Debiased error of the two probabilities made to sum to 1, in points, with its 95 % interval."""
    probs = said[:, 2] / np.maximum(said[:, 0] + said[:, 2], np.finfo(np.float64).tiny)
    found = calibration_error(probs, labels == 2)
    return {"points": 100 * found.value, "low": 100 * found.low, "high": 100 * found.high, "bins": found.bins}


def report(pieces: dict[str, dict[str, Any]]) -> None:
    """Write the records that the pieces at hand allow."""
    for name, title in (("sst2", "SST-2, 1,821 test sentences"), ("imdb", "IMDb, 25,000 test reviews")):
        if name in pieces:
            _accuracy(name, title, pieces[name])
            _calibration(name, title, pieces[name])
    if "sst5" in pieces:
        _three_classes(pieces["sst5"])
    if "sst2" in pieces:
        _size(pieces["sst2"])


def _record(piece: dict[str, Any], **values: Any) -> None:
    detail = {"sides": piece["sides"], "settings": piece["settings"]} | values.pop("detail", {})
    records.write(records.Record(command=COMMAND, detail=detail, **values), [piece["stamp"]])


def _accuracy(name: str, title: str, piece: dict[str, Any]) -> None:
    value = piece["sides"]["limbeck"]["accuracy"]
    peer = max(("VADER", "TextBlob"), key=lambda side: piece["sides"][side]["accuracy"])
    goal = "; goal 89.5 %" if name == "sst2" else ""
    _record(
        piece,
        name=f"sentiment-{name}",
        what=f"{title}, positive against negative",
        value=value,
        unit="%",
        bar=f"at least {BARS[name]} %{goal}",
        met=value >= BARS[name],
        peer={"name": peer, "value": piece["sides"][peer]["accuracy"]},
    )


def _calibration(name: str, title: str, piece: dict[str, Any]) -> None:
    found = piece["calibration"]
    _record(
        piece,
        name=f"sentiment-calibration-{name}",
        what=f"{title}: debiased calibration error, 95 % interval {found['low']:.2f} to {found['high']:.2f}",
        value=found["points"],
        unit="points",
        bar=f"under {ERROR_POINTS} points",
        met=found["points"] < ERROR_POINTS,
        detail={"calibration": found},
    )


def _three_classes(piece: dict[str, Any]) -> None:
    best = {
        name: max(side["macro_f1"], side.get("tuned", {}).get("macro_f1", 0.0)) for name, side in piece["sides"].items()
    }
    peer = max(("VADER", "TextBlob"), key=lambda name: best[name])
    value = best["limbeck"]
    _record(
        piece,
        name="sentiment-sst5",
        what=f"SST-5 test as three classes, macro F1; {value - best[peer]:+.1f} points to the better lexicon",
        value=value,
        unit="%",
        bar=f"{OVER_LEXICONS:g} points over VADER and over TextBlob",
        met=value >= best[peer] + OVER_LEXICONS,
        peer={"name": peer, "value": best[peer]},
    )


def _size(piece: dict[str, Any]) -> None:
    value = piece["sides"]["limbeck"]["size_mb"]
    _record(
        piece,
        name="sentiment-size",
        what="the model that ships, all files",
        value=value,
        unit="MB",
        bar=f"at most {SIZE_MB:g} MB",
        met=value <= SIZE_MB,
    )


def plot(piece: dict[str, Any], out: Path) -> None:
    """Accuracy on SST-2 against texts/s, a mark a side."""
    from sentiment_sides import needed

    matplotlib = needed("matplotlib", "matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "limbeck", "font.size": 11}
    figure, axes = needed("matplotlib.pyplot", "matplotlib").subplots(figsize=(6.4, 3.6), layout="constrained")
    marks = [(side["texts_per_second"], side["accuracy"]) for side in piece["sides"].values()]
    for name, side in piece["sides"].items():
        ours = name == "limbeck"
        speed, accuracy = side["texts_per_second"], side["accuracy"]
        axes.scatter(speed, accuracy, s=80, color="#c0392b" if ours else "#7f8c8d", zorder=3)
        label = f"{name}, {side['size_mb']:.3g} MB"
        below = any(speed < at < 6 * speed and abs(right - accuracy) < 3 for at, right in marks)  # else labels meet
        place: dict[str, Any] = {"xytext": (0, -9), "va": "top"} if below else {"xytext": (0, 9)}
        axes.annotate(label, (speed, accuracy), textcoords="offset points", ha="center", **place)
    axes.set(xscale="log", xlabel="texts a second", ylabel="SST-2 test, % right")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.3)
    axes.margins(0.22)
    figure.savefig(out, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/, sst5/ and imdb/")
    parser.add_argument("--work", type=Path, required=True, help="the recipe's WORK: NBSVM learns its train.jsonl")
    parser.add_argument("--model", type=Path, help="a folder in place of the model that ships")
    parser.add_argument("--set", choices=[*SETS, "all"], default="all", help="measure on this set alone")
    parser.add_argument("--limit", type=int, help="a rehearsal on some rows; writes no record")
    args = parser.parse_args()
    model = model_folder(args.model)
    train = args.work / "train.jsonl"
    sides = Sides(model, train)
    settings: dict[str, Any] = {
        "model": answers_of(model),
        "train": sha256(train)[:12],
        "limit": args.limit,
    }
    folder = args.work / "pieces" if args.limit else records.PIECES
    pieces = {}
    for name in SETS if args.set == "all" else (args.set,):
        make: Callable[[], dict[str, Any]] = lambda name=name: one_set(args, sides, name)  # noqa: E731
        pieces[name] = records.piece(folder / f"sentiment-{name}.json", settings, make)
    if not args.limit:
        report(pieces)
    if "sst2" in pieces:
        place = args.work if args.limit else Path(__file__).resolve().parents[1] / "docs"
        plot(pieces["sst2"], place / "accuracy_speed.svg")


if __name__ == "__main__":
    main()
