"""The whole chain in a minute: made-up texts in the layout of the public sets, and a tiny random encoder.

It shows that the pieces fit together before hours are spent, and nothing about accuracy.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from run import HERE, Run, fresh

AMOUNTS: dict[str, Any] = {
    "caps": {"imdb/negative": 8, "imdb/positive": 8},
    "held": (12, 60),
    "own_rows": 600,
    "pieces": 285,
    "epochs": 1,
    "lr": 1e-3,
    "batch_tokens": 512,
    "max_length": 32,
    "checkpoint_every": 5,
}
GOOD, BAD = ("lovely", "great", "superb", "warm"), ("awful", "boring", "dreadful", "poor")
THINGS = ("film", "book", "room", "meal")
PLACES = ("office", "river", "window", "people")

Cells = dict[str, Any]


def prepare(run: Run) -> Run:
    """Make the folders and give the run that uses them."""
    sys.path.append(str(HERE.parents[1] / "tests"))
    from support import encoders

    data, encoder = run.work / "rehearsal-data", run.encoder
    write_sets(data)
    if encoder is None:
        encoder = encoders.make(fresh(run.work / "rehearsal-encoder"), "bert")
    return replace(
        run,
        data=data,
        encoder=encoder,
        out=run.work / "model",
        results=run.work / "results",
        amounts=AMOUNTS | run.amounts,
    )


def write_sets(folder: Path) -> None:
    """Write every set of the recipe with a few dozen rows, some of them where they must not be learnt."""
    draw = random.Random(5)
    stars = [(sentence(draw, star), star) for star in (0, 1, 2, 3, 4) for _ in range(24)]
    signs = [(f"{sentence(draw, star)} , they say .", "negative" if star < 2 else "positive") for star in (0, 4) * 30]
    reviews = [(" ".join(sentence(draw, 4 * sign) for _ in range(12)), sign) for sign in (0, 1) * 60]
    plain = [sentence(draw, 2) for _ in range(40)]
    _table(folder / "sst5" / "train.parquet", text=[t for t, _ in stars], label=[n for _, n in stars])
    phrases = [(text.rsplit(" ", 2)[0], star) for text, star in stars]
    _table(folder / "sst5" / "phrases.parquet", text=[t for t, _ in phrases], label=[n for _, n in phrases])
    _table(folder / "mr" / "train.parquet", text=[t for t, _ in signs], label=[n for _, n in signs])
    _table(folder / "imdb" / "train.parquet", text=[t for t, _ in reviews], label=[n for _, n in reviews])
    _table(folder / "imdb" / "unlabelled.parquet", text=[t for t, _ in reviews])
    held = [(f"test {text}", sign) for text, sign in reviews[:40]] + [reviews[0]]
    _table(folder / "imdb" / "test.parquet", text=[t for t, _ in held], label=[n for _, n in held])
    others = [text for text, star in stars if star != 2]
    kinds = ["objective"] * len(plain) + ["subjective"] * len(others)
    for split in ("train", "test"):
        texts = [text if split == "train" else f"test {text}" for text in plain + others]
        _table(folder / "subj" / f"{split}.parquet", text=texts, label=kinds)
        asked = [f"who is at the {place} {n} {split}" for n in range(20) for place in PLACES]
        _table(folder / "trec" / f"{split}.parquet", text=asked, label=["HUM", "LOC"] * (len(asked) // 2))
    feelings = [["joy"], ["anger"], [], ["joy", "anger"]] * 10
    texts = [f"so {draw.choice(GOOD + BAD)} , the {draw.choice(THINGS)} {n} 😍" for n in range(len(feelings))]
    _table(folder / "go_emotions" / "train.parquet", text=texts, labels=feelings)
    _table(folder / "stsb" / "train.parquet", sentence1=plain[:20], sentence2=[f"{text} again" for text in plain[:20]])
    _table(folder / "mrpc" / "train.parquet", sentence1=[f"{text} today" for text in plain[:20]])
    for split in ("dev", "test"):
        held = [(f"{split} {text}", star) for text, star in stars[::3]] + [stars[7]]
        _table(folder / "sst5" / f"{split}.parquet", text=[t for t, _ in held], label=[n for _, n in held])
        two = [(text, "negative" if star < 2 else "positive") for text, star in held if star != 2]
        _table(folder / "sst2" / f"{split}.parquet", text=[t for t, _ in two], label=[n for _, n in two])


def sentence(draw: random.Random, star: int) -> str:
    """A made-up sentence of one of SST-5's classes."""
    thing, place, number = draw.choice(THINGS), draw.choice(PLACES), draw.randrange(1000)
    if star == 2:
        return f"the {thing} with {number} {place} is at the {draw.choice(PLACES)}"
    words = GOOD if star > 2 else BAD
    return f"a {'truly ' if star in (0, 4) else ''}{draw.choice(words)} {thing} {number} for the {place}"


def _table(path: Path, **columns: list[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
