"""SetFit on a csv of texts and labels, with its defaults, tested on another; runs in an environment of its own."""

import argparse
import csv
import json
from pathlib import Path


def read(path: Path) -> tuple[list[str], list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--iterations", type=int, help="pairs of each kind a text; all pairs where not given")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    import setfit
    from datasets import Dataset

    texts, labels = read(args.train)
    model = setfit.SetFitModel.from_pretrained(str(args.encoder), labels=sorted(set(labels)))
    settings = setfit.TrainingArguments(
        seed=args.seed, num_iterations=args.iterations, save_strategy="no", report_to="none"
    )
    rows = Dataset.from_dict({"text": texts, "label": labels})
    setfit.Trainer(model=model, args=settings, train_dataset=rows).train()
    asked, expected = read(args.test)
    said = [str(label) for label in model.predict(asked)]
    accuracy = 100 * sum(a == b for a, b in zip(said, expected, strict=True)) / len(expected)
    told = {"accuracy": accuracy, "chosen": None, "setfit": setfit.__version__}
    args.out.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
