from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models

from limbeck.artefact.probes import draw
from limbeck.text import is_blank
from support.tiny import SENTENCES, shared


def test_the_same_seed_gives_the_same_probes() -> None:
    assert draw(shared(), seed=1, pairs=False) == draw(shared(), seed=1, pairs=False)
    assert draw(shared(), seed=1, pairs=False) != draw(shared(), seed=2, pairs=False)


def test_there_are_32_of_many_lengths_and_none_is_blank() -> None:
    texts = [text for text in draw(shared(), seed=3, pairs=False) if isinstance(text, str)]
    assert len(texts) == 32
    assert not any(is_blank(text) for text in texts)
    assert len({len(text.split()) for text in texts}) > 5
    assert not any("[" in text or "##" in text for text in texts)
    assert not set(texts) & set(SENTENCES)


def test_pairs_for_a_model_of_pairs() -> None:
    probes = draw(shared(), seed=3, pairs=True)
    assert len(probes) == 32
    assert all(isinstance(probe, tuple) and len(probe) == 2 and all(probe) for probe in probes)


@pytest.mark.parametrize("pieces", [["[UNK]", "?", "!"], ["[UNK]", "\ufffd"]])
def test_a_vocabulary_without_words_still_gives_probes(tmp_path: Path, pieces: list[str]) -> None:
    tokenizer = Tokenizer(models.WordLevel({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[UNK]"])
    tokenizer.decoder = decoders.Fuse()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    probes = draw(tmp_path, seed=0, pairs=False)
    assert len(probes) == 32
    assert not any(is_blank(text) for text in probes if isinstance(text, str))
