"""Read the public sets and give each text one of three classes, with the name of the part it belongs to.

The mappings stand here and nowhere else. Texts are given as published but for two things that users do not write:
Treebank's marks (half of the SST texts keep them, since SST's own dev and test have them) and ``<br />`` in reviews
(half keep it, likewise).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CLASSES = ("negative", "neutral", "positive")
STARS = ("negative", "negative", "neutral", "positive", "positive")
"""SST-5's classes 0 to 4."""
SIGNS = {0: "negative", 1: "positive", "negative": "negative", "positive": "positive"}
"""IMDb's and MR's labels."""

CLEAR = {
    "positive": {"admiration", "amusement", "excitement", "gratitude", "joy", "love", "pride", "relief"},
    "negative": {"anger", "annoyance", "disappointment", "disgust", "grief", "sadness"},
}
"""GoEmotions' feelings that say what the writer thinks of the matter."""
WEAK = {
    "positive": {"approval", "caring", "desire", "optimism"},
    "negative": {"disapproval", "embarrassment", "fear", "nervousness", "remorse"},
}
"""Feelings of one sign that are no opinion by themselves: agreement ("for the most part, yes"), wishes, warnings,
apologies. They may stand beside a clear one of their sign and say nothing alone. The four that have no sign (confusion,
curiosity, realization, surprise) are in neither table: a text with one of them is left out."""
NEUTRAL = {"neutral"}

SPLITS = {
    "sst2": ("dev", "test"),
    "sst5": ("dev", "test"),
    "mr": ("dev", "test"),
    "imdb": ("test",),
    "subj": ("dev", "test"),
    "go_emotions": ("dev", "test"),
    "mpqa": ("dev", "test"),
    "trec": ("test",),
    "cola": ("dev",),
    "mrpc": ("test",),
    "rte": ("dev",),
    "stsb": ("dev", "test"),
}
"""English sets of texts and their dev and test splits: none of these texts is trained on."""
TEXT_COLUMNS = ("text", "sentence1", "sentence2")

_TREEBANK = (
    (re.compile(r"-lrb-", re.IGNORECASE), "("),
    (re.compile(r"-rrb-", re.IGNORECASE), ")"),
    (re.compile(r"``|''"), '"'),
    (re.compile(r" (n't|'(?:s|re|ve|ll|d|m))\b", re.IGNORECASE), r"\1"),
    (re.compile(r" ([,.;:!?%)])"), r"\1"),
    (re.compile(r"([(]) "), r"\1"),
)
_BREAK = re.compile(r"\s*<br\s*/?>\s*")


@dataclass(frozen=True)
class Row:
    """A text with its class."""

    text: str
    label: str
    part: str
    """Which part of the mixture it belongs to."""
    other: str = field(default="", compare=False)
    """The same text spelt the other way: with Treebank's marks, or as people write. Empty where there is one way."""


def sst(folder: Path) -> Iterator[Row]:
    """Sentences of SST-5's train and phrases of its training trees, as three classes."""
    for name, part in (("train", "sst_sentences"), ("phrases", "sst_phrases")):
        for record in parquet_rows(folder / "sst5" / f"{name}.parquet"):
            text = str(record["text"])
            spellings = (natural(text), text) if heads(text) else (text, natural(text))
            yield Row(spellings[0], STARS[int(record["label"])], part, other=spellings[1])


def mr(folder: Path) -> Iterator[Row]:
    """MR's training sentences; bytes that its makers lost (U+FFFD) become blanks."""
    for record in parquet_rows(folder / "mr" / "train.parquet"):
        yield Row(str(record["text"]).replace("\ufffd", " ").strip(), SIGNS[record["label"]], "mr")


def imdb(folder: Path) -> Iterator[Row]:
    """IMDb's training reviews."""
    for record in parquet_rows(folder / "imdb" / "train.parquet"):
        text = str(record["text"])
        yield Row(_BREAK.sub("\n", text) if heads(text) else text, SIGNS[int(record["label"])], "imdb")


def subj(folder: Path) -> Iterator[Row]:
    """SUBJ's objective training sentences, which tell plots: neutral."""
    for record in parquet_rows(folder / "subj" / "train.parquet"):
        if record["label"] == "objective":
            yield Row(str(record["text"]), "neutral", "subj")


def go_emotions(folder: Path) -> Iterator[Row]:
    """GoEmotions' training comments whose label sets are clear: see :func:`feeling`."""
    for record in parquet_rows(folder / "go_emotions" / "train.parquet"):
        label = feeling(record["labels"])
        if label is not None:
            yield Row(str(record["text"]), label, "go_emotions")


def plain(folder: Path) -> Iterator[Row]:
    """Captions, headlines and news sentences of STS-B's and MRPC's train: neutral, bad news among them.

    What happened is no opinion of it. SUBJ's plots alone would teach that only stories are neutral.
    """
    for record in parquet_rows(folder / "stsb" / "train.parquet"):
        yield Row(str(record["sentence1"]), "neutral", "plain")
        yield Row(str(record["sentence2"]), "neutral", "plain")
    for record in parquet_rows(folder / "mrpc" / "train.parquet"):
        yield Row(str(record["sentence1"]), "neutral", "plain")


def feeling(labels: Iterable[str]) -> str | None:
    """The class of a set of GoEmotions' labels, or None where it is not clear.

    Neutral: ``neutral`` alone, or no label at all (this copy of the set keeps the neutral ones so). Positive or
    negative: all labels are of that sign and one of them is clear.

    >>> feeling(["joy", "optimism"]), feeling(["optimism"]), feeling(["joy", "anger"]), feeling([])
    ('positive', None, None, 'neutral')
    """
    found = set(labels)
    if found <= NEUTRAL:
        return "neutral"
    for sign, clear in CLEAR.items():
        if found & clear and found <= clear | WEAK[sign]:
            return sign
    return None


def natural(text: str) -> str:
    """Undo Treebank's marks: as people write.

    >>> natural("it does n't work , -lrb- alas -rrb- .")
    "it doesn't work, (alas)."
    """
    for pattern, plain_form in _TREEBANK:
        text = pattern.sub(plain_form, text)
    return text


def heads(text: str) -> bool:
    """Toss a coin that falls the same way for the same text, on every machine."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read a parquet file, a row at a time."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(batch_size=4096):
        yield from batch.to_pylist()


def held_out(folder: Path) -> Iterator[str]:
    """Every dev and test text of the sets in :data:`SPLITS` that stand in ``folder``."""
    for name, splits in SPLITS.items():
        for split in splits:
            path = folder / name / f"{split}.parquet"
            if not path.is_file():
                continue
            for record in parquet_rows(path):
                yield from (str(record[column]) for column in TEXT_COLUMNS if record.get(column))


def unlabelled(folder: Path) -> Iterator[str]:
    """IMDb's reviews without labels."""
    for record in parquet_rows(folder / "imdb" / "unlabelled.parquet"):
        yield str(record["text"])


def dev_sst2(folder: Path) -> list[Row]:
    """SST-2's dev sentences."""
    found = parquet_rows(folder / "sst2" / "dev.parquet")
    return [Row(str(record["text"]), SIGNS[record["label"]], "sst2_dev") for record in found]


def dev_sst5(folder: Path) -> list[Row]:
    """SST-5's dev sentences as three classes."""
    found = parquet_rows(folder / "sst5" / "dev.parquet")
    return [Row(str(record["text"]), STARS[int(record["label"])], "sst5_dev") for record in found]
