"""Fine-tune a DistilBERT folder, and ask the folder that was saved.

python examples/distilbert.py DISTILBERT examples/reviews.csv OUT
"""

import argparse
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", help="a folder, or a name on the hub")
    parser.add_argument("data", help="labelled texts")
    parser.add_argument("out", help="where the model is saved")
    try:
        main(**vars(parser.parse_args()))
    except limbeck.LimbeckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
