"""Fine-tune an encoder on SST-2 with transformers' Trainer as it comes: its defaults, and nothing tuned.

Batches of 8, its optimiser, rate and schedule, padding to the longest of the batch, no checkpoints. The same json as
``plain_script.py``; the seconds are the ``train_runtime`` that Trainer itself reports.
"""

import tempfile

import numpy as np
import transformers
from plain_script import LABELS, flags, read, report
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments


def main() -> None:
    args = flags().parse_args()
    transformers.set_seed(args.seed)
    tokenizer = AutoTokenizer.from_pretrained(args.encoder)
    model = AutoModelForSequenceClassification.from_pretrained(args.encoder, num_labels=len(LABELS))
    rows = read(args.data / "sst2" / "train.parquet", tokenizer, args.limit)
    test = read(args.data / "sst2" / "test.parquet", tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            num_train_epochs=args.epochs,
            seed=args.seed,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
        )
        collate = transformers.DataCollatorWithPadding(tokenizer)
        trainer = Trainer(model=model, args=settings, train_dataset=rows, data_collator=collate)
        seconds = trainer.train().metrics["train_runtime"]
        output = trainer.predict(test)
    accuracy = float(np.mean(output.predictions.argmax(-1) == output.label_ids))
    report(args, accuracy=accuracy, seconds=seconds, texts=len(rows) * args.epochs, precision="float32")


if __name__ == "__main__":
    main()
