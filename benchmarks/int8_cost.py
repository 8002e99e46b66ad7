"""What int8 costs in accuracy: the model that ships as int8, the same weights dequantised, and the float weights.

The fallback in float32 reads the int8 weights (no float copy ships), so that two differences count: int8 against float,
and dequantised against float. The float weights stand in the recipe's WORK/calibrated. A test set is a piece. What
dequantised weights cost a training is measured by ``sentiment_start.py``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Literal

import numpy as np
import records
from sentiment import read_set
from sentiment_sides import CLASSES, answers_of, model_folder

BAR = 0.2
SETS = ("sst2", "imdb")
COMMAND = "python benchmarks/int8_cost.py --data DATA --work WORK"
WAYS: dict[str, tuple[str, Literal["float32", "int8"]]] = {
    "int8": ("shipped", "int8"),
    "dequantised": ("shipped", "float32"),
    "float": ("float", "float32"),
}
"""Name -> folder and precision."""


def accuracies(args: argparse.Namespace, name: str) -> dict[str, Any]:
    """Accuracy of positive against negative in percent, a way each, and how far probabilities are from float's."""
    from limbeck.metrics import softmax
    from limbeck.runtime import load

    texts, labels = read_set(args.data, name, "test", args.limit)
    folders = {"shipped": args.model, "float": args.work / "calibrated"}
    probs = {}
    for way, (folder, precision) in WAYS.items():
        predictor = load(folders[folder], precision=precision)
        if predictor.classes != CLASSES:
            raise SystemExit(f"the {folder} model has the classes {predictor.classes}; {CLASSES} are asked for")
        probs[way] = softmax(predictor.logits(texts)[0])
        print(f"{name}: {way} done", flush=True)
    right = {way: (said[:, 2] > said[:, 0]) == (labels == 2) for way, said in probs.items()}
    moved = {way: float(np.abs(said - probs["float"]).max(axis=1).mean()) for way, said in probs.items()}
    return {
        "rows": len(texts),
        "accuracy": {way: 100 * float(hits.mean()) for way, hits in right.items()},
        "mean_largest_move": moved,
        "other_side": {way: int((right[way] != right["float"]).sum()) for way in WAYS},
    }


def report(name: str, piece: dict[str, Any]) -> None:
    """Write the two records of a set."""
    peer = piece["accuracy"]["float"]
    for way in ("int8", "dequantised"):
        value = piece["accuracy"][way]
        record = records.Record(
            name=f"sentiment-{way}-{name}",
            what=f"{name.upper()} test accuracy, {way} against float weights; {value - peer:+.2f} points",
            value=value,
            unit="%",
            bar=f"at most {BAR} points below float",
            met=value > peer - BAR,
            command=COMMAND,
            peer={"name": "float", "value": peer},
            detail={key: piece[key] for key in ("rows", "accuracy", "mean_largest_move", "other_side")},
        )
        records.write(record, [piece["stamp"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/ and imdb/")
    parser.add_argument("--work", type=Path, required=True, help="the recipe's WORK, with calibrated/")
    parser.add_argument("--model", type=Path, help="a folder in place of the model that ships")
    parser.add_argument("--set", choices=[*SETS, "all"], default="all", help="measure on this set alone")
    parser.add_argument("--limit", type=int, help="a rehearsal on some rows; writes no record")
    args = parser.parse_args()
    args.model = model_folder(args.model)
    settings = {"limit": args.limit}
    folders = {"model": args.model, "float": args.work / "calibrated"}
    settings |= {name: answers_of(folder) for name, folder in folders.items()}
    for name in SETS if args.set == "all" else (args.set,):
        folder = args.work / "pieces" if args.limit else records.PIECES
        piece = records.piece(folder / f"int8-{name}.json", settings, lambda name=name: accuracies(args, name))
        print(f"{name}: {piece['accuracy']}")
        if not args.limit:
            report(name, piece)


if __name__ == "__main__":
    main()
