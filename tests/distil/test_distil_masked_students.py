"""Students of encoders with a masked-LM head: fewer layers, narrower, fewer pieces; the head goes along each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from limbeck.distil.student import Cut, make
from limbeck.passes import trim
from limbeck.text import Encoder
from support.encoders import EMITTED, WIDTH, tokenizer_json
from support.encoders import make as make_encoder
from support.masked import IDS, loaded, logits_of

DECODERS = {
    "bert": ("cls.predictions.decoder.weight", "cls.predictions.decoder.bias", "cls.predictions.bias"),
    "roberta": ("lm_head.decoder.weight", "lm_head.decoder.bias", "lm_head.bias"),
    "mpnet": ("lm_head.decoder.weight", "lm_head.decoder.bias", "lm_head.bias"),
    "distilbert": ("vocab_projector.weight", "vocab_projector.bias", "vocab_projector.bias"),
    "electra": ("generator_lm_head.weight", "generator_lm_head.bias", "generator_lm_head.bias"),
}
"""The head's last layer as files may have it, and the bias that stands for it where the two are tied."""
TEXTS = ("a truly lovely film", "a lovely film for everyone", "an awful room", "it is cold")
PIECES = 86


def masked_lm(out: Path, family: str, n: int = 4, **changes: Any) -> Path:
    """A masked-LM of ``n`` layers. RoBERTa's is given a vocabulary that can be trimmed."""
    key = "n_layers" if family == "distilbert" else "num_hidden_layers"
    own = tokenizer_json("mpnet" if family == "roberta" else family)
    size = Tokenizer.from_str(own).get_vocab_size()
    values = {"vocab_size": size, key: n, **changes}
    return make_encoder(out, family, masked_lm=True, tokenizer=own, **values)


def with_decoder(source: Path, family: str, *, tied: bool) -> Path:
    """The last layer of the head stored as well: a copy of what it is tied to, or one of its own."""
    path = source / "model.safetensors"
    weights = load_file(path)
    weight, bias, short = DECODERS[family]
    words = next(value for name, value in weights.items() if name.endswith("word_embeddings.weight"))
    weights[weight] = words.copy() if tied else words[::-1].copy()
    weights[bias] = weights[short].copy() if tied else weights[short][::-1].copy()
    save_file(weights, path)
    return source


STORED = pytest.mark.parametrize("stored", ["tied", "stored", "its own"])


def encoder_of(tmp_path: Path, family: str, stored: str, **changes: Any) -> Path:
    untied = {"tie_word_embeddings": False} if stored == "its own" else {}
    source = masked_lm(tmp_path / "teacher", family, **untied, **changes)
    return source if stored == "tied" else with_decoder(source, family, tied=stored == "stored")


# layers


@pytest.mark.parametrize("family", [*EMITTED, "albert"])
def test_all_layers_say_the_same(tmp_path: Path, family: str) -> None:
    source = masked_lm(tmp_path / "teacher", family)
    student = loaded(make(source, tmp_path / "student", Cut(layers=4)))
    torch.testing.assert_close(logits_of(student), logits_of(loaded(source)), rtol=0, atol=0)


@STORED
@pytest.mark.parametrize("family", EMITTED)
def test_the_head_stays_on_fewer_layers(tmp_path: Path, family: str, stored: str) -> None:
    source = encoder_of(tmp_path, family, stored)
    by_hand = loaded(source)
    inside = by_hand.base_model
    layers = (inside.transformer if family == "distilbert" else inside.encoder).layer
    held = [layers[n] for n in (0, 3)]
    del layers[:]
    layers.extend(held)
    student = loaded(make(source, tmp_path / "student", Cut(layers=2)))
    assert student.config.num_hidden_layers == 2
    torch.testing.assert_close(logits_of(student), logits_of(by_hand), rtol=0, atol=0)


# width


@STORED
@pytest.mark.parametrize("family", EMITTED)
def test_a_narrower_student_has_a_narrower_head(tmp_path: Path, family: str, stored: str) -> None:
    source = encoder_of(tmp_path, family, stored)
    student = loaded(make(source, tmp_path / "student", Cut(width=24)))
    assert student.config.hidden_size == 24
    found = logits_of(student)
    assert found.shape == (8, student.config.vocab_size)
    assert torch.isfinite(found).all()
    before = loaded(source).get_output_embeddings()
    np.testing.assert_array_equal(student.get_output_embeddings().bias.detach(), before.bias.detach())


@pytest.mark.parametrize("family", EMITTED)
def test_pieces_as_many_as_the_width_are_not_taken_for_dimensions(tmp_path: Path, family: str) -> None:
    source = masked_lm(tmp_path / "teacher", family, vocab_size=WIDTH)
    student = loaded(make(source, tmp_path / "student", Cut(width=16 if family != "electra" else 24)))
    assert logits_of(student, IDS.clamp(max=WIDTH - 1)).shape == (8, WIDTH)


def test_electra_as_wide_as_its_embeddings_narrows_its_head_too(tmp_path: Path) -> None:
    source = masked_lm(tmp_path / "teacher", "electra", embedding_size=WIDTH)
    student = loaded(make(source, tmp_path / "student", Cut(width=16)))
    assert student.generator_predictions.dense.weight.shape == (16, 16)
    assert torch.isfinite(logits_of(student)).all()


def test_the_width_it_has_leaves_the_head_as_it_is(tmp_path: Path) -> None:
    source = masked_lm(tmp_path / "teacher", "bert")
    student = loaded(make(source, tmp_path / "student", Cut(width=WIDTH)))
    torch.testing.assert_close(logits_of(student), logits_of(loaded(source)), rtol=0, atol=0)


# vocabulary


@STORED
@pytest.mark.parametrize("family", EMITTED)
def test_the_head_keeps_the_pieces_that_the_vocabulary_keeps(tmp_path: Path, family: str, stored: str) -> None:
    source = encoder_of(tmp_path, family, stored)
    made = make(source, tmp_path / "student", Cut(vocabulary=PIECES), TEXTS)
    before, after = (Encoder.from_file(path / "tokenizer.json") for path in (source, made))
    teacher, student = loaded(source), loaded(made)
    assert student.config.vocab_size == PIECES < teacher.config.vocab_size
    numbers = before.tokenizer.get_vocab()
    new = after.tokenizer.get_vocab()
    old = [numbers[piece] for piece in sorted(new, key=new.__getitem__)]
    ids = [torch.from_numpy(own.encode([TEXTS[1]]).ids[0].astype(np.int64))[None] for own in (before, after)]
    wanted, found = logits_of(teacher, ids[0], None)[:, old], logits_of(student, ids[1], None)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", EMITTED)
def test_all_pieces_say_the_same(tmp_path: Path, family: str) -> None:
    source = with_decoder(masked_lm(tmp_path / "teacher", family), family, tied=True)
    own = Encoder.from_file(source / "tokenizer.json")
    trim.trim_folder(source, tmp_path / "student", trim.piece_counts(own, TEXTS), pieces=10_000)
    torch.testing.assert_close(logits_of(loaded(tmp_path / "student")), logits_of(loaded(source)), rtol=0, atol=0)


def test_a_new_piece_stays_tied_to_its_row(tmp_path: Path) -> None:
    """A stored copy is begun as the table is: else transformers would tell the two apart, and untie them."""
    source = with_decoder(masked_lm(tmp_path / "teacher", "bert"), "bert", tied=True)
    own = Encoder.from_file(source / "tokenizer.json")
    trim.trim_folder(source, tmp_path / "out", trim.piece_counts(own, TEXTS), pieces=PIECES, added={":)": "lovely"})
    student = loaded(tmp_path / "out")
    assert student.get_output_embeddings().weight is student.get_input_embeddings().weight


@pytest.mark.parametrize("family", ["bert", "mpnet"])
def test_a_trimmed_folder_fills_masks(tmp_path: Path, family: str) -> None:
    """Though the folder's own tokenizer_config.json, which it may lack, does not name the mask."""
    source = masked_lm(tmp_path / "teacher", family)
    made = make(source, tmp_path / "student", Cut(layers=2, vocabulary=PIECES), TEXTS)
    fill = transformers.pipeline("fill-mask", model=str(made))
    mask = fill.tokenizer.mask_token
    assert mask == ("[MASK]" if family == "bert" else "<mask>")
    theirs = fill.tokenizer(f"a lovely {mask} film")["input_ids"]
    assert theirs == Encoder.from_file(made / "tokenizer.json").encode([f"a lovely {mask} film"]).ids[0].tolist()
    assert len(fill(f"a lovely {mask} film")) == 5
