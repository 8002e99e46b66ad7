"""A trimmed vocabulary: which pieces stay, where they stand in every file, and that no word becomes unknown."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from limbeck.artefact.manifest import Manifest
from limbeck.errors import ArtefactError, ModelError, SettingsError
from limbeck.graph import emit
from limbeck.passes import quantise, trim
from limbeck.runtime import load
from limbeck.runtime.check import check
from limbeck.runtime.session import Session
from limbeck.text import Encoder
from limbeck.text.emoji import EMOJI, EMOTICONS
from support.encoders import make, tokenizer_json
from support.folders import LICENCES, licences_of, licensed
from support.saved import saved

FAMILIES = ("bert", "distilbert", "mpnet", "electra")
"""With a WordPiece vocabulary."""
USED = ("a truly lovely film", "a lovely room for everyone", "film film film", "the end")
ADDED = {"😀": "lovely great", "❤️": "warm", "👍🏽": "", ":D": "great", ":)": "superb", "<3": "warm", ":/": "poor"}
"""Seven, in forms that texts have them in; their normal ones are others."""


@functools.cache
def counts(family: str) -> Any:
    return trim.piece_counts(Encoder.from_string(tokenizer_json(family)), USED)


def trimmed(source: Path, out: Path, *, pieces: int, added: Any = (), family: str = "bert") -> trim.TrimReport:
    return trim.trim_folder(source, out, counts(family), pieces=pieces, added=added)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with a head of three classes, as it might come from a hub."""
    folder = make(tmp_path_factory.mktemp("source") / "bert", "bert", classes=("no", "perhaps", "yes"))
    (folder / "vocab.txt").write_text("of the old vocabulary\n")
    return licensed(folder)


@pytest.fixture(scope="module")
def small(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 80 pieces, seven of them added."""
    out = tmp_path_factory.mktemp("small") / "bert"
    trimmed(source, out, pieces=80, added=ADDED)
    return out


def encoder(folder: Path) -> Encoder:
    return Encoder.from_file(folder / "tokenizer.json")


def tokens(folder: Path, text: str) -> list[str]:
    found: list[str] = encoder(folder).tokenizer.encode(text, add_special_tokens=False).tokens
    return found


def logits(folder: Path, texts: Sequence[str]) -> Any:
    """By the emitted graph, without a head of limbeck's."""
    config = json.loads((folder / "config.json").read_text())
    path = folder.parent / f"{folder.name}.onnx"
    path.write_bytes(emit(config, load_file(folder / "model.safetensors")).SerializeToString())
    own = encoder(folder)
    encoded = own.encode(list(texts))
    return Session(path).run(encoded.ids, encoded.type_ids, pad_id=own.pad_id)


# counting


def test_counts_by_hand() -> None:
    found = counts("bert")
    ids = json.loads(tokenizer_json("bert"))["model"]["vocab"]
    used = {piece: int(found[number]) for piece, number in ids.items() if found[number]}
    twice = {"a": 2, "lovely": 2}
    assert used == {"film": 4, **twice, **dict.fromkeys(("truly", "room", "for", "everyone", "the", "end"), 1)}
    assert found.sum() == 14
    assert trim.piece_counts(Encoder.from_string(tokenizer_json("bert")), []).sum() == 0


def test_counts_are_of_what_the_model_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Encoder.from_string(tokenizer_json("bert"))
    marks = "!" * 30_000  # of which both ends alone are read
    counted = trim.piece_counts(reader, [f"film {marks}"])
    assert counted.sum() == len(reader.pieces([f"film {marks}"])[0]) == 10_001


# which pieces stay


def test_special_pieces_letters_and_the_most_used_stay(source: Path, tmp_path: Path) -> None:
    old = json.loads(tokenizer_json("bert"))["model"]["vocab"]
    must = [piece for piece in old if piece.startswith("[") or len(piece.removeprefix("##")) == 1]
    report = trimmed(source, tmp_path / "out", pieces=len(must) + 3)
    new = json.loads((tmp_path / "out" / "tokenizer.json").read_text())["model"]["vocab"]
    # film 4 uses, lovely 2; of those used once, the one with the lowest id
    once = min(("truly", "room", "for", "everyone", "the", "end"), key=old.__getitem__)
    assert set(new) == {*must, "film", "lovely", once}
    assert list(new.values()) == list(range(len(must) + 3))
    assert sorted(new, key=old.__getitem__) == list(new)  # in their old order
    assert report.kept_uses == pytest.approx((2 + 4 + 2 + 1) / 14)
    assert report.lines()[0] == f"vocabulary: {len(old)} pieces before, {len(new)} after"
    assert report.lines()[1].startswith("64.29% of 14 pieces in the texts stay whole; weights: 0.1 MB before, ")


def test_too_few_pieces_and_counts_of_another_tokenizer(source: Path, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError,
        match=r"30 pieces are too few: 5 special and added ones, 66 single characters and 2 new ones have to stay; "
        r"give 73 or more",
    ):
        trimmed(source, tmp_path / "out", pieces=30, added={"😀": "", "<3": ""})
    with pytest.raises(SettingsError, match=r"there are counts for 3 pieces, and the tokenizer has ids up to \d+"):
        trim.trim_folder(source, tmp_path / "out", np.zeros(3, np.int64), pieces=100)
    assert not any(tmp_path.iterdir())


def test_more_pieces_than_there_are(source: Path, tmp_path: Path) -> None:
    report = trimmed(source, tmp_path / "out", pieces=10_000)
    assert report.pieces == report.pieces_before
    assert report.kept_uses == 1.0
    before, after = (load_file(folder / "model.safetensors") for folder in (source, tmp_path / "out"))
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_characters_that_no_text_gives_are_no_letters(tmp_path: Path) -> None:
    record = json.loads(tokenizer_json("bert"))
    vocabulary = record["model"]["vocab"]
    for piece in ("##?", "É", "字", "##字", "é"):  # inside a word, upper case, a word of its own
        vocabulary[piece] = len(vocabulary)
    folder = make(tmp_path / "in", "bert", tokenizer=json.dumps(record), vocab_size=len(vocabulary))
    own = trim.piece_counts(Encoder.from_string(json.dumps(record)), USED)
    trim.trim_folder(folder, tmp_path / "out", own, pieces=75)
    new = json.loads((tmp_path / "out" / "tokenizer.json").read_text())["model"]["vocab"]
    assert "字" in new
    assert not {"##?", "É", "##字", "é"} & set(new)


def test_a_character_that_stood_inside_longer_pieces_becomes_one(tmp_path: Path) -> None:
    record = json.loads(tokenizer_json("bert"))
    vocabulary = record["model"]["vocab"]
    for piece in ("ßa", "##ßb"):
        vocabulary[piece] = len(vocabulary)
    folder = make(tmp_path / "in", "bert", tokenizer=json.dumps(record), vocab_size=len(vocabulary))
    own = trim.piece_counts(Encoder.from_string(json.dumps(record)), USED)
    trim.trim_folder(folder, tmp_path / "out", own, pieces=75)
    assert tokens(tmp_path / "out", "ßa aßb") == ["ß", "##a", "a", "##ß", "##b"]
    before, after = (load_file(path / "model.safetensors") for path in (folder, tmp_path / "out"))
    name = "embeddings.word_embeddings.weight"
    number = encoder(tmp_path / "out").tokenizer.token_to_id("ß")
    np.testing.assert_allclose(after[name][number], before[name][vocabulary["ßa"]], rtol=1e-6)


# every file of the folder


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_ids_and_configuration_move_together(family: str, tmp_path: Path) -> None:
    folder = make(tmp_path / "in", family, classes=("no", "yes"))
    trimmed(folder, tmp_path / "out", pieces=90, family=family)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    old, new = (Tokenizer.from_file(str(path / "tokenizer.json")) for path in (folder, tmp_path / "out"))
    assert config["vocab_size"] == new.get_vocab_size() == 90
    assert new.id_to_token(config["pad_token_id"]) in ("[PAD]", "<pad>")
    name = next(key for key in load_file(folder / "model.safetensors") if key.endswith("word_embeddings.weight"))
    before, after = (load_file(path / "model.safetensors")[name] for path in (folder, tmp_path / "out"))
    for piece, number in new.get_vocab().items():
        assert np.array_equal(after[number], before[old.token_to_id(piece)]), piece
    assert new.encode("a film").tokens == old.encode("a film").tokens
    assert new.encode("a film", "the end").type_ids == old.encode("a film", "the end").type_ids
    inputs = [USED[0], "zebra lovely"]
    assert np.abs(logits(tmp_path / "out", inputs) - logits(folder, inputs)).max() < 1e-6


def test_heads_of_pretraining_are_cut_with_the_embedding(tmp_path: Path) -> None:
    folder = make(tmp_path / "in", "bert")
    config = transformers.AutoConfig.from_pretrained(folder)
    model = transformers.AutoModelForMaskedLM.from_config(config)
    model.save_pretrained(folder)
    trimmed(folder, tmp_path / "out", pieces=80)
    again, info = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["mismatched_keys"]
    assert again.cls.predictions.bias.shape == (80,)


def test_other_files(source: Path, small: Path) -> None:
    assert licences_of(small) == LICENCES
    assert not (small / "vocab.txt").exists()  # it would say otherwise than the tokenizer
    record = json.loads((small / "tokenizer_config.json").read_text())
    assert record["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert (record["pad_token"], record["unk_token"]) == ("[PAD]", "[UNK]")
    assert record["model_input_names"] == ["input_ids", "token_type_ids", "attention_mask"]


def test_a_cut_and_a_padding_are_dropped(tmp_path: Path) -> None:
    from support.encoders import with_patch

    folder = make(tmp_path / "in", "bert", tokenizer=with_patch(tokenizer_json("bert")))
    trimmed(folder, tmp_path / "out", pieces=80)
    record = json.loads((tmp_path / "out" / "tokenizer.json").read_text())
    assert record["truncation"] is record["padding"] is None


SEEN = [*USED, "great😀 film", "A :D b", "👍🏿👍", "unknown words, here!", "", "http://a.b/c"]


def test_transformers_gives_the_same_ids(small: Path) -> None:
    theirs = transformers.AutoTokenizer.from_pretrained(small)
    ours = encoder(small).encode(SEEN)
    assert theirs(SEEN)["input_ids"] == [row.tolist() for row in ours.ids]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(small).eval()
    fed = theirs(SEEN, padding=True, return_tensors="pt")
    assert np.abs(model(**fed).logits.detach().numpy() - logits(small, SEEN)).max() < 1e-4


# emoji and emoticons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("😀", ["😀"]),
        ("lovely😀film", ["lovely", "😀", "film"]),
        ("😀😀", ["😀", "😀"]),
        ("love❤️ ❤", ["l", "##o", "##v", "##e", "❤", "❤"]),
        ("👍🏽 👍🏿👍", ["👍", "👍", "👍"]),
        ("👍\u200d❤️\u200d👍", ["👍", "❤", "👍"]),
        ("👍🏽\u200d♀️ film", ["👍", "film"]),
        ("film :D", ["film", ":d"]),
        ("film :d.", ["film", ":d", "."]),
        ("(film :D)", ["[UNK]", "film", ":d", "[UNK]"]),
        ("abc:D5", ["a", "##b", "##c", "[UNK]", "[UNK]"]),  # no piece continues a word with a digit
        ("film:) :):)", ["film", ":)", ":)", ":)"]),
        ("http://a", ["h", "##t", "##t", "##p", "[UNK]", "[UNK]", "[UNK]", "a"]),
        ("why :/ film", ["w", "##h", "##y", ":/", "film"]),
        ("i <3 film", ["i", "<3", "film"]),
        ("a<3b", ["a", "[UNK]", "3", "##b"]),
        ("\ufe0f", []),
    ],
)
def test_pieces_of_their_own_in_every_position(small: Path, text: str, expected: list[str]) -> None:
    assert tokens(small, text) == expected


def test_new_rows_begin_where_their_descriptions_are(source: Path, small: Path) -> None:
    name = next(key for key in load_file(source / "model.safetensors") if key.endswith("word_embeddings.weight"))
    before, after = (load_file(folder / "model.safetensors")[name] for folder in (source, small))
    old, new = encoder(source).tokenizer, encoder(small).tokenizer
    parts = before[[old.token_to_id("lovely"), old.token_to_id("great")]]
    begun = after[new.token_to_id("😀")]
    mean = parts.mean(axis=0)
    np.testing.assert_allclose(begun / np.linalg.norm(begun), mean / np.linalg.norm(mean), rtol=1e-5)
    assert np.linalg.norm(begun) == pytest.approx(np.linalg.norm(parts, axis=1).mean(), rel=1e-5)
    assert np.isfinite(after[new.token_to_id("👍")]).all()  # no description: the mean of all


def test_what_is_added_twice_stands_once(source: Path, small: Path, tmp_path: Path) -> None:
    report = trimmed(source, tmp_path / "one", pieces=90, added=["😀", ":D", ":d", "❤", "❤️", "film", "\ufe0f"])
    assert report.added == 4  # film was a piece; it stays one, and is found inside words from now on
    assert tokens(tmp_path / "one", "a film😀") == ["a", "film", "😀"]
    own = trim.piece_counts(encoder(small), USED)
    again = trim.trim_folder(small, tmp_path / "two", own, pieces=80, added=ADDED)
    assert (again.pieces, again.pieces_before) == (80, 80)
    assert (tmp_path / "two" / "tokenizer.json").read_bytes() == (small / "tokenizer.json").read_bytes()


def test_the_lists_that_come_with_limbeck(source: Path, tmp_path: Path) -> None:
    added = {**EMOJI, **EMOTICONS}
    report = trimmed(source, tmp_path / "out", pieces=1000, added=added)
    assert report.added == len(added)
    own = encoder(tmp_path / "out").tokenizer
    for piece in added:
        assert own.encode(f"film {piece} film", add_special_tokens=False).tokens == ["film", piece, "film"]


# what is promised


KEPT = ["a", "truly", "lovely", "film", "room", "for", "everyone", "the", "end", "zebra"]
WORDS = st.lists(st.sampled_from(KEPT), max_size=12).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_texts_whose_pieces_stay_get_the_same_answer(source_and_small: tuple[Any, Any], texts: list[str]) -> None:
    before, after = (answer(texts) for answer in source_and_small)
    assert np.abs(before - after).max() < 1e-6


@pytest.fixture(scope="module")
def source_and_small(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    out = tmp_path_factory.mktemp("same") / "bert"
    trimmed(source, out, pieces=90)

    def asker(folder: Path) -> Any:
        logits(folder, ["a"])
        own, session = encoder(folder), Session(folder.parent / f"{folder.name}.onnx")

        def ask(texts: list[str]) -> Any:
            encoded = own.encode(texts)
            return session.run(encoded.ids, encoded.type_ids, pad_id=own.pad_id)

        return ask

    return asker(source), asker(out)


# artefacts


def test_an_artefact_stays_one(tmp_path: Path) -> None:
    own = trim.piece_counts(load(saved("bert")).encoder, USED)
    manifest = trim.apply(saved("bert"), tmp_path / "out", own, pieces=80)
    (note,) = manifest.passes
    assert (note["name"], note["pieces"], note["measured"]) == ("trim", 80, False)
    before = Manifest.read(saved("bert"))
    dropped = (note["pieces_before"] - 80) * 32
    assert manifest.model["parameters"] == before.model["parameters"] - dropped
    assert (tmp_path / "out" / "metrics.jsonl").exists()
    assert check(tmp_path / "out").difference < 1e-6
    texts = ["a truly lovely film", "lovely room for everyone"]
    one, two = (load(folder).logits(texts)[0] for folder in (saved("bert"), tmp_path / "out"))
    assert np.abs(one - two).max() < 1e-6
    again = quantise.apply(tmp_path / "out", tmp_path / "int8")
    assert [step["name"] for step in again.passes] == ["trim", "quantise"]
    assert check(tmp_path / "int8").ok
    with pytest.raises(SettingsError, match="is int8 already; trim the float model, then export it with --int8"):
        trim.apply(tmp_path / "int8", tmp_path / "again", own, pieces=80)
    with pytest.raises(ArtefactError, match="already holds a model"):
        trim.apply(saved("bert"), tmp_path / "out", own, pieces=80)


# what is refused


def test_other_kinds_of_tokenizers(tmp_path: Path) -> None:
    folder = make(tmp_path / "roberta", "roberta")
    with pytest.raises(ModelError, match=r"is of the kind 'BPE'; vocabularies of the kind 'WordPiece' can be trimmed"):
        trim.trim_folder(folder, tmp_path / "out", np.zeros(9, np.int64), pieces=5)
    (folder / "tokenizer.json").write_text("[]")
    with pytest.raises(ModelError, match="is no tokenizer that can be read"):
        trim.trim_folder(folder, tmp_path / "out", np.zeros(9, np.int64), pieces=5)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer.json; give a folder that has one"):
        trim.trim_folder(folder, tmp_path / "out", np.zeros(9, np.int64), pieces=5)
    assert not (tmp_path / "out").exists()


def test_bfloat16_and_damage(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    shutil.copytree(source, folder)
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    halves = {name: value.to(torch.bfloat16) for name, value in tensors.items()}
    safetensors.torch.save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text()) | {"dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(config))
    trimmed(folder, tmp_path / "out", pieces=80)
    made = safetensors.torch.load_file(tmp_path / "out" / "model.safetensors")
    assert {value.dtype for value in made.values()} <= {torch.float32, torch.int64}
    assert json.loads((tmp_path / "out" / "config.json").read_text())["dtype"] == "float32"
    name = next(name for name in made if name.endswith("layer.0.output.dense.weight"))
    torch.testing.assert_close(made[name], halves[name].float(), rtol=0, atol=0)
    (folder / "model.safetensors").write_bytes(b"abc")
    with pytest.raises(ModelError, match=r"model.safetensors cannot be read: "):
        trimmed(folder, tmp_path / "again", pieces=80)


def test_folders_that_do_not_fit(source: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(ArtefactError, match="is a folder with other files, which are never replaced"):
        trimmed(source, tmp_path / "full", pieces=80)
    bare = tmp_path / "bare"
    shutil.copytree(source, bare)
    (bare / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"has no model.safetensors; give an encoder's folder"):
        trimmed(bare, tmp_path / "out", pieces=80)
    narrow = make(tmp_path / "narrow", "bert", vocab_size=60)
    with pytest.raises(
        ModelError, match=r"one tensor word_embeddings.weight with \d+ rows or more is needed; found: e"
    ):
        trimmed(narrow, tmp_path / "out", pieces=80)
