"""Find wrong labels in a file: some are flipped here on purpose, and the list says where to look.

    python examples/mend_labels.py examples/reviews.csv

A tenth of the labels is turned round, the model that ships judges the rows, and the twice as many rows at the head of
the list that `limbeck evaluate --corrections` writes are compared with what was turned. Then one of them is explained.
Needs `pip install 'limbeck[explain]'`.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import replace

import limbeck
from limbeck.inspect.corrections import to_look_at

TURNED = {"positive": "negative", "negative": "positive"}


def turn(dataset: limbeck.Dataset, share: float) -> tuple[limbeck.Dataset, set[str]]:
    """Give the rows with a share of the labels turned round, and the texts of these."""
    labels = [str(label) for label in dataset.targets or []]
    able = [n for n, label in enumerate(labels) if label in TURNED]
    chosen = random.Random(0).sample(able, round(share * len(able)))
    for n in chosen:
        labels[n] = TURNED[labels[n]]
    return replace(dataset, targets=labels), {str(dataset.inputs[n]) for n in chosen}


def main() -> None:
    """Turn labels, look for them, and explain the first one found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="labelled texts, negative and positive")
    model, right = limbeck.load(), limbeck.read(parser.parse_args().file)
    dataset, turned = turn(limbeck.data.of_classes(right, model.classes), 0.1)
    listed = to_look_at(limbeck.find_errors(model, dataset), dataset)
    first = listed[: 2 * len(turned)]
    found = [row for row in first if row["text"] in turned]
    print(f"{len(turned)} of {len(dataset)} labels turned; {len(found)} of them among the first {len(first)} listed")
    if found:
        print(limbeck.explain(model, str(found[0]["text"])).text())


if __name__ == "__main__":
    try:
        main()
    except limbeck.LimbeckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
