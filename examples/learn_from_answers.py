"""Teach a small model what something large answers: here the model that ships stands in for an LLM or an API.

    python examples/learn_from_answers.py examples/reviews.csv

Half of the texts are asked, without their labels, and the answers written as anybody would write them: a csv with a
text and a column of probabilities a class. A student of half the layers learns from that file alone. Then both answer
the other half, and the labels say how often each is right.
Needs `pip install 'limbeck[train]'`.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import limbeck
from limbeck.distil import student_of
from limbeck.train.settings import FitSettings


def ask(texts: list[str], file: Path) -> None:
    """Write what the large one answers: this is the part to exchange for an LLM."""
    answers = limbeck.sentiment.predict(texts)
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, ["text", *answers[0].probs])
        writer.writeheader()
        writer.writerows({"text": text, **answer.probs} for text, answer in zip(texts, answers, strict=True))


def main() -> None:
    """Ask, teach, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="labelled texts, negative and positive")
    rows = limbeck.read(parser.parse_args().file)
    asked, rest = rows.take(range(0, len(rows), 2)), rows.take(range(1, len(rows), 2))
    with tempfile.TemporaryDirectory() as folder:
        said, out = Path(folder) / "said.csv", Path(folder) / "student"
        ask(list(asked.inputs), said)
        texts = limbeck.read(said, labelled=False)
        learner = student_of(said, texts, student="sentiment", layers=3, fit=FitSettings(epochs=4))
        learner.fit()
        learner.save(out)
        large, small = limbeck.load(), limbeck.load(out)
        answers = [[answer.predicted for answer in model.predict(rest.inputs)] for model in (large, small)]
    for name, said_so in zip(("the large one", "the student"), answers, strict=True):
        n_right = sum(one == label for one, label in zip(said_so, rest.targets or [], strict=True))
        print(f"{name}: {100 * n_right / len(rest):.0f} % of {len(rest)} other texts right")
    n_same = sum(one == other for one, other in zip(*answers, strict=True))
    print(f"they agree on {100 * n_same / len(rest):.0f} %; chance is a third")


if __name__ == "__main__":
    try:
        main()
    except limbeck.LimbeckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
