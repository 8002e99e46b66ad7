"""Fine-tune an encoder on SST-2 in plain PyTorch and transformers: the peer that a practitioner would write.

Writes one json with the test accuracy and the throughput of the training loop (tokenising and testing not counted).
"""

import argparse
import json
import platform
import random
import time
from pathlib import Path

import pyarrow.parquet as pq
import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

LABELS = ["negative", "positive"]


def read(path: Path, tokenizer, limit: int | None = None) -> list[dict]:
    table = pq.read_table(path, columns=["text", "label"]).slice(0, limit)
    ids = tokenizer(table["text"].to_pylist(), truncation=True)["input_ids"]
    labels = [LABELS.index(label) for label in table["label"].to_pylist()]
    return [{"input_ids": row, "label": label} for row, label in zip(ids, labels, strict=True)]


def bucketed(rows: list[dict], batch_tokens: int, order: random.Random) -> list[list[dict]]:
    batches: list[list[dict]] = []
    for row in sorted(order.sample(rows, len(rows)), key=lambda row: len(row["input_ids"])):
        if not batches or (len(batches[-1]) + 1) * len(row["input_ids"]) > batch_tokens:
            batches.append([])
        batches[-1].append(row)
    order.shuffle(batches)
    return batches


def train(model, rows: list[dict], collate, args: argparse.Namespace, bf16: bool) -> float:
    order = random.Random(args.seed)
    batches = [batch for _ in range(args.epochs) for batch in bucketed(rows, args.batch_tokens, order)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, round(0.06 * len(batches)), len(batches))
    model.train()
    start = time.perf_counter()
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = model(**collate(batch)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return time.perf_counter() - start


@torch.inference_mode()
def accuracy(model, rows: list[dict], collate, bf16: bool) -> float:
    model.eval()
    right = 0
    for batch in bucketed(rows, 4096, random.Random(0)):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            inputs = collate(batch)
            right += (model(**inputs).logits.argmax(-1) == inputs["labels"]).sum().item()
    return right / len(rows)


def report(args: argparse.Namespace, *, accuracy: float, seconds: float, texts: int, precision: str) -> None:
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    result = {"accuracy": accuracy, "seconds": seconds, "texts": texts, "texts_per_second": texts / seconds}
    result |= {"seed": args.seed, "precision": precision, "threads": torch.get_num_threads(), "versions": versions}
    text = json.dumps(result, indent=1)
    args.out.write_text(text + "\n", encoding="utf-8")
    print(text)


def flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Fine-tune an encoder on DATA/sst2 and test it")
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/{train,test}.parquet")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--limit", type=int, help="train on the first rows only")
    parser.add_argument("--out", type=Path, required=True, help="json to write")
    return parser


def main() -> None:
    parser = flags()
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--batch-tokens", type=int, default=1024, help="padded tokens a batch at most")
    args = parser.parse_args()
    transformers.set_seed(args.seed)
    cpuinfo = Path("/proc/cpuinfo")
    bf16 = cpuinfo.exists() and not {"avx512_bf16", "amx_bf16"}.isdisjoint(cpuinfo.read_text().split())
    tokenizer = AutoTokenizer.from_pretrained(args.encoder)
    model = AutoModelForSequenceClassification.from_pretrained(args.encoder, num_labels=len(LABELS))
    collate = transformers.DataCollatorWithPadding(tokenizer)
    rows = read(args.data / "sst2" / "train.parquet", tokenizer, args.limit)
    seconds = train(model, rows, collate, args, bf16)
    score = accuracy(model, read(args.data / "sst2" / "test.parquet", tokenizer), collate, bf16)
    precision = "bf16" if bf16 else "float32"
    report(args, accuracy=score, seconds=seconds, texts=len(rows) * args.epochs, precision=precision)


if __name__ == "__main__":
    main()
