"""Sentiment with a DistilBERT folder: python examples/distilbert.py DISTILBERT reviews.csv OUT."""

import sys

import limbeck


def main(encoder: str, data: str, out: str) -> None:
    """Fine-tune the encoder in ``encoder`` on ``data`` and ask the saved folder."""
    train, valid = limbeck.split(limbeck.read(data), 0.1, seed=0)
    learner = limbeck.Learner(train, valid, model=encoder, fit=limbeck.FitSettings(epochs=2, lr=5e-5))
    learner.fit()
    learner.save(out)
    answer = limbeck.load(out).predict("An hour I want back.")
    print(answer.predicted, answer.probs)


if __name__ == "__main__":
    main(*sys.argv[1:4])
