"""Run the behaviour tests on a saved model, and on VADER and TextBlob where they are installed.

    python recipes/sentiment/behaviour/run.py --model FOLDER --json behaviour.json
    python recipes/sentiment/behaviour/run.py --vader --textblob

The table goes to standard output; ``--json`` writes the figures without texts, by the name of what was asked: what the
model card quotes. Exit code 0, however many cases fail: a rate is a figure, not a bar.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import limbeck
from limbeck.errors import LimbeckError
from limbeck.inspect.behaviour import Suite, run

SUITE = Path(__file__).resolve().parent / "suite.json"
THRESHOLD = 0.05
"""VADER's own: a compound score of so much or more is positive, of minus so much or less negative. TextBlob's too."""


def main(words: Sequence[str] | None = None) -> int:
    """Print a table for each of what was asked for; give the exit code."""
    asked = _parser().parse_args(words)
    if not (asked.model or asked.vader or asked.textblob):
        print("nothing to test: give --model FOLDER, --vader or --textblob", file=sys.stderr)
        return 2
    try:
        suite = Suite.read(asked.suite)
        reports = {name: run(suite, predict) for name, predict in _predictors(asked).items()}
    except LimbeckError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{suite.name}: {suite.n_cases} cases, suite {suite.fingerprint[:12]}")
    for name, report in reports.items():
        print(f"\n{name}\n")
        print(*report.lines(n_examples=asked.examples), sep="\n")
    if asked.json:
        record = {name: report.to_json() for name, report in reports.items()}
        asked.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def one_hot(score: float) -> dict[str, float]:
    """A score from -1 to 1 as probabilities of the three classes, all of it on one.

    >>> one_hot(0.05), one_hot(-0.04)
    ({'negative': 0.0, 'neutral': 0.0, 'positive': 1.0}, {'negative': 0.0, 'neutral': 1.0, 'positive': 0.0})
    """
    label = "positive" if score >= THRESHOLD else "negative" if score <= -THRESHOLD else "neutral"
    return {name: float(name == label) for name in ("negative", "neutral", "positive")}


def _predictors(asked: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if asked.model:
        model = limbeck.load(asked.model)
        found["limbeck"] = lambda texts: [answer.probs for answer in model.predict(list(texts))]
    if asked.vader:
        analyzer = _peer("vaderSentiment.vaderSentiment", "vaderSentiment").SentimentIntensityAnalyzer()
        found["VADER"] = lambda texts: [one_hot(analyzer.polarity_scores(text)["compound"]) for text in texts]
    if asked.textblob:
        blob = _peer("textblob", "textblob").TextBlob
        found["TextBlob"] = lambda texts: [one_hot(blob(text).sentiment.polarity) for text in texts]
    return found


def _peer(module: str, package: str) -> Any:
    """A package to compare with, none of our dependencies."""
    try:
        return __import__(module, fromlist=["_"])
    except ImportError:
        raise LimbeckError(
            f"{package} is not installed, and is compared with only where it is: pip install {package}"
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="a saved model")
    parser.add_argument("--vader", action="store_true", help="VADER, if vaderSentiment is installed")
    parser.add_argument("--textblob", action="store_true", help="TextBlob, if textblob is installed")
    parser.add_argument("--suite", type=Path, default=SUITE, metavar="FILE", help="default: the one beside this file")
    parser.add_argument("--examples", type=int, default=2, help="failing cases to show of each ability (default 2)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
