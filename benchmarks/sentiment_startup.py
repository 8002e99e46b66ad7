"""From process start to the first answer about sentiment: ``limbeck predict TEXT``, VADER, TextBlob.

Beside them what nobody can do without who answers from such a graph: a plain script that imports numpy, onnxruntime and
tokenizers, opens the model that ships as it comes, and answers, with no check of anything. Medians of fresh processes,
after one of each that is not counted; the sides take turns.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import median

import commands
import records
from sentiment_sides import model_folder, needed
from startup import TEXT, seconds

BAR = 0.35
VADER = """
import sys
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
print(SentimentIntensityAnalyzer().polarity_scores(sys.argv[1]))
"""
TEXTBLOB = """
import sys
from textblob import TextBlob
print(TextBlob(sys.argv[1]).sentiment)
"""
PLAIN = """
import sys
import numpy as np
import onnxruntime
from tokenizers import Tokenizer
session = onnxruntime.InferenceSession(sys.argv[1] + "/onnx/model_quantized.onnx", providers=["CPUExecutionProvider"])
encoded = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json").encode(sys.argv[2])
rows = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
types = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
named = {one.name: np.array([rows[one.name]], types[one.type]) for one in session.get_inputs()}
print(session.run(None, named)[0][0].argmax())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder in place of the model that ships")
    parser.add_argument("--runs", type=int, default=11)
    args = parser.parse_args()
    for module, package in (("vaderSentiment", "vaderSentiment"), ("textblob", "textblob")):
        needed(module, package)
    if args.model is not None:
        commands.ENVIRONMENT["LIMBECK_SENTIMENT"] = os.fspath(args.model.resolve())
    sides: dict[str, tuple[str, ...]] = {
        "limbeck": (commands.limbeck(), "predict", TEXT),
        "VADER": (sys.executable, "-c", VADER, TEXT),
        "TextBlob": (sys.executable, "-c", TEXTBLOB, TEXT),
        "a plain script": (sys.executable, "-c", PLAIN, os.fspath(model_folder(args.model)), TEXT),
    }
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(args.runs + 1):
        for side, words in sides.items():
            taken[side].append(seconds(*words))
    medians = {side: median(runs[1:]) for side, runs in taken.items()}
    print({side: f"{value:.3f} s" for side, value in medians.items()})
    record = records.Record(
        name="sentiment-startup",
        what="`limbeck predict TEXT`, no model named, fresh process to the answer; a plain script that opens the same "
        f"graph: {medians['a plain script']:.3f} s",
        value=medians["limbeck"],
        unit="s",
        bar=f"at most {BAR} s",
        met=medians["limbeck"] <= BAR,
        command=f"python benchmarks/sentiment_startup.py --runs {args.runs}",
        peer={"name": "VADER", "value": medians["VADER"]},
        ratio=medians["limbeck"] / medians["VADER"],
        detail={"seconds": {side: [round(run, 4) for run in runs[1:]] for side, runs in taken.items()}},
    )
    records.write(record)


if __name__ == "__main__":
    main()
