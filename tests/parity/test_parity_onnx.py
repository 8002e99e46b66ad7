"""The graph of a saved folder against transformers' own forward and tokenizer, on every family.

Case X03: a segment is fed where it matters, and the cut and the padding that a ``tokenizer.json`` carries do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from limbeck import TextSettings, load
from limbeck.data import Dataset
from limbeck.runtime.predictor import Predictor
from limbeck.text import Input
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.encoders import FAMILIES, POSITIONS, make, scatter, tokenizer_json, with_patch

CLOSE = 1e-4
SAID = "way near and their there window river people this office word cold great film room lovely book"
WORDS = 2 * SAID.split()
LENGTHS = (0, 1, 2, 5, 8, 13, 21, 27, 31)
"""Words in front of the verdict; with the last, the seven words and the two special tokens fill every position."""
ENDS = ("and in the end it is excellent", "and in the end it is awful")
VERDICTS = [f"{' '.join(WORDS[:n])} {end}" for n in LENGTHS for end in ENDS]
TEXTS = [*VERDICTS, "a", "?", "zebra 42", "Zoë's naïve café!", "the the the the the the"]
FIRST, SECOND = ("film", "the cold room", "is it a great meal?"), ("a", "the cold room is not a word")
PAIRS: list[Input] = [(a, b) for a in FIRST for b in SECOND]


@dataclass(frozen=True)
class Saved:
    folder: Path
    predictor: Predictor
    inner: Any
    tokenizer: Any


def save(home: Path, family: str, *, patched: bool = False) -> Path:
    """An encoder whose weights all matter, saved as it is: nothing is learnt here."""
    text = with_patch(tokenizer_json(family)) if patched else tokenizer_json(family)
    source = make(home / "source", family, tokenizer=text)
    data = Dataset(["a film", "a room"], ["no", "yes"], "classify", ("no", "perhaps", "yes"))
    made = Learner(
        data, model=str(source), text=TextSettings(max_length=POSITIONS), fit=FitSettings(precision="float32")
    )
    scatter(made.model.module)
    made.save(home / "out")
    return home / "out"


@pytest.fixture(scope="module", params=FAMILIES)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = save(tmp_path_factory.mktemp(request.param), request.param)
    inner = transformers.AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    return Saved(folder, load(folder), inner, transformers.AutoTokenizer.from_pretrained(folder))


def theirs(made: Saved, inputs: Sequence[Input]) -> NDArray[np.float32]:
    """Logits of transformers, fed by its own tokenizer, all inputs padded into one batch."""
    first = [item if isinstance(item, str) else item[0] for item in inputs]
    second = None if isinstance(inputs[0], str) else [item[1] for item in inputs]
    with torch.inference_mode():
        fed = made.tokenizer(first, second, padding=True, return_tensors="pt")
        logits: NDArray[np.float32] = made.inner(**fed).logits.numpy()
    return logits


def differing(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(a - b).max())


def test_texts_of_every_length(saved: Saved) -> None:
    ours, encoded = saved.predictor.logits(TEXTS)
    assert int(encoded.lengths.max()) == POSITIONS
    assert not encoded.dropped.any()
    expected = theirs(saved, TEXTS)
    assert differing(ours, expected) < CLOSE
    assert np.array_equal(ours.argmax(axis=1), expected.argmax(axis=1))


def test_the_same_token_ids_are_fed(saved: Saved) -> None:
    encoded = saved.predictor.encoder.encode(TEXTS)
    assert [row.tolist() for row in encoded.ids] == saved.tokenizer(TEXTS)["input_ids"]


def test_company_and_padding_change_nothing(saved: Saved) -> None:
    together = saved.predictor.logits(TEXTS)[0]
    alone = np.concatenate([saved.predictor.logits([text])[0] for text in TEXTS])
    assert differing(together, alone) < 1e-5


def test_pairs(saved: Saved) -> None:
    encoded = saved.predictor.encoder.encode(PAIRS)
    pad = saved.tokenizer.pad_token_id
    ours = saved.predictor.session.run(encoded.ids, encoded.type_ids, pad_id=pad)
    assert differing(ours, theirs(saved, PAIRS)) < CLOSE
    flat = saved.predictor.session.run(encoded.ids, [np.zeros_like(row) for row in encoded.type_ids], pad_id=pad)
    if saved.inner.config.model_type in ("bert", "electra", "albert"):
        assert differing(ours, flat) > 0.01  # segments matter, so they are fed
    else:
        assert np.array_equal(ours, flat)


def test_the_last_word_counts_at_every_length(saved: Saved) -> None:
    for n in range(POSITIONS + 20):
        start = " ".join((WORDS * 2)[:n])
        a, b = saved.predictor.logits([f"{start} excellent", f"{start} awful"])[0]
        assert differing(a, b) > 1e-3, n


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet"])
def test_a_cut_and_a_padding_in_the_tokenizer_do_not_count(family: str, tmp_path: Path) -> None:
    plain, patched = save(tmp_path / "plain", family), save(tmp_path / "patched", family, patched=True)
    assert (plain / "tokenizer.json").read_bytes() == (patched / "tokenizer.json").read_bytes()
    ours = load(patched)
    logits, encoded = ours.logits(TEXTS)
    assert int(encoded.lengths.max()) == POSITIONS  # not 16, and not 128
    assert np.array_equal(logits, load(plain).logits(TEXTS)[0])
    assert ours.predict(" ".join(WORDS[:20])).tokens_dropped == 0
    theirs = transformers.AutoTokenizer.from_pretrained(patched)(TEXTS)["input_ids"]
    assert theirs == [row.tolist() for row in encoded.ids]
