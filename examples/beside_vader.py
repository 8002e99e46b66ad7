"""Fine-tune the sentiment model that ships on 200 rows of yours, and see it beside VADER on the rows held back.

    python examples/beside_vader.py examples/reviews.csv

Of a file of 400 rows half is learnt and half held back. VADER's side of a text is the sign of its compound score; texts
that it gives 0.0 count as half right, as a coin would get them. Needs `pip install 'limbeck[train]' vaderSentiment`.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

import limbeck


def vader_right(texts: list[str], labels: list[str]) -> float:
    """Share of the texts whose side VADER gets right."""
    analyzer = SentimentIntensityAnalyzer()
    compounds = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
    wanted = np.array([1.0 if label == "positive" else -1.0 for label in labels])
    return float((0.5 + 0.5 * np.sign(compounds) * wanted).mean())


def model_right(predictor: limbeck.Predictor, texts: list[str], labels: list[str]) -> float:
    """Share of the texts for which the label's probability is the greater one of the two."""
    gaps = [answer.probs.get("positive", 0) - answer.probs.get("negative", 0) for answer in predictor.predict(texts)]
    return float(np.mean([(gap > 0) == (label == "positive") for gap, label in zip(gaps, labels, strict=True)]))


def main() -> None:
    """Train, save, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="labelled texts, negative and positive")
    parser.add_argument("--out", default="model-beside-vader", help="where the model is saved")
    args = parser.parse_args()

    train, held_back = limbeck.split(limbeck.read(args.file), 0.5, seed=0)
    texts, labels = [str(text) for text in held_back.inputs], [str(label) for label in held_back.targets or []]
    start = time.perf_counter()
    learner = limbeck.Learner(train)
    learner.fit()
    learner.save(args.out, overwrite=True)
    taken = f"{time.perf_counter() - start:.0f} s"
    print(f"fine-tuned on {len(train)} rows in {taken}; of {len(texts)} rows held back it gets right:")
    print(f"  VADER                      {vader_right(texts, labels):6.1%}")
    print(f"  the model that ships       {model_right(limbeck.load(), texts, labels):6.1%}")
    print(f"  fine-tuned on these rows   {model_right(limbeck.load(args.out), texts, labels):6.1%}")


if __name__ == "__main__":
    try:
        main()
    except limbeck.LimbeckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
