"""Find wrong labels in a file: some are flipped here on purpose, and the list says where to look.

    python examples/mend_labels.py examples/reviews.csv

A tenth of the labels is turned round, the model that ships judges the rows, and the twice as many rows at the head of
the list that `limbeck evaluate --corrections` writes are compared with what was turned. Then one of them is explained.
Needs `pip install 'limbeck[explain]'`.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
from pathlib import Path

import limbeck
from limbeck.inspect.corrections import to_look_at

TURNED = {"positive": "negative", "negative": "positive"}


def turn(source: Path, target: Path, share: float) -> set[str]:
    """Write ``source``'s rows with a share of the labels turned round; give the texts of these."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = random.Random(0).sample(range(len(rows)), round(share * len(rows)))
    for n in chosen:
        rows[n]["label"] = TURNED[rows[n]["label"]]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return {rows[n]["text"] for n in chosen}


def main() -> None:
    """Turn labels, look for them, and explain the first one found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="labelled texts, negative and positive")
    args = parser.parse_args()
    if not args.file.is_file():
        parser.error(f"there is no file {str(args.file)!r}")
    model = limbeck.load()
    with tempfile.TemporaryDirectory() as folder:
        noisy = Path(folder) / "noisy.csv"
        turned = turn(args.file, noisy, 0.1)
        dataset = limbeck.data.of_classes(limbeck.read(noisy), model.classes)
        listed = to_look_at(limbeck.find_errors(model, dataset), dataset)
    first = listed[: 2 * len(turned)]
    found = [row for row in first if row["text"] in turned]
    print(f"{len(turned)} of {len(dataset)} labels turned; {len(found)} of them among the first {len(first)} listed")
    print(limbeck.explain(model, str(found[0]["text"])).text())


if __name__ == "__main__":
    main()
