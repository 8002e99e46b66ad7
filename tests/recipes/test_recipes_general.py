"""The texts that the sentiment recipe's encoder remembers: of other kinds, none of them learnt or tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

pq = pytest.importorskip("pyarrow.parquet")
import pyarrow as pa  # noqa: E402

FOLDER = Path(__file__).parents[2] / "recipes" / "sentiment"


@pytest.fixture(scope="module")
def recipe() -> Iterator[Any]:
    with plain_modules(FOLDER, ("data", "sources")) as modules:
        yield modules


def write(path: Path, **columns: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_none_is_learnt_or_tested_or_has_signs_that_the_encoder_cannot_read(recipe: Any) -> None:
    data, sources = recipe["data"], recipe["sources"]
    rows = [sources.Row(f"It 's number {n} , a fine one", "positive", "mr") for n in range(30)]
    mixture = data.mix(rows, [], data.Blocklist([]), valid={"mr": 5})
    assert mixture.train and mixture.valid
    texts = [
        "It's number 3, a fine one",
        "a test text of some length",
        "why not ?",
        "why not ?",
        "so good 😍",
        "It's so",
    ]
    texts += [row.text for row in mixture.valid]
    found = data.beside(texts, mixture, data.Blocklist(["A test text of some length!"]), without=["😍", ":)"])
    assert found == ["why not ?", "It's so"]


def test_texts_of_every_set_are_read_whatever_their_labels(recipe: Any, tmp_path: Path) -> None:
    write(tmp_path / "go_emotions" / "train.parquet", text=["of two minds"], labels=[["joy", "anger"]])
    for name in ("stsb", "mrpc", "rte"):
        write(tmp_path / name / "train.parquet", sentence1=[f"{name} one"], sentence2=[f"{name} two"])
    write(tmp_path / "cola" / "train.parquet", text=["the more the merrier"])
    found = list(recipe["sources"].general(tmp_path))
    assert found[:3] == ["of two minds", "stsb one", "stsb two"]
    assert found[-1] == "the more the merrier"
    assert len(found) == 8


def test_texts_are_written_one_a_line_and_whole(recipe: Any, tmp_path: Path) -> None:
    from limbeck.data import read

    texts = ["why not ?", 'two\nlines, "quoted"', "très bien"]
    recipe["data"].write_texts(tmp_path / "general.jsonl", texts)
    assert read(tmp_path / "general.jsonl", text_column="text", labelled=False).inputs == texts
    assert [path.name for path in tmp_path.iterdir()] == ["general.jsonl"]
