"""The exact DistilBERT of a BERT: its shape, its answers, what it leaves behind, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from limbeck.distil.distilbert import as_distilbert, halved, make
from limbeck.distil.student import Cut
from limbeck.errors import ModelError, SettingsError
from limbeck.passes import _encoder_files as encoder_files
from limbeck.text import Encoder
from support.encoders import WIDTH, folder
from support.encoders import make as make_encoder
from support.masked import loaded, logits_of
from support.saved import saved

TEXTS = ("a truly lovely film", "a lovely film for everyone", "an awful room", "it is cold")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked-LM of four layers, every weight of which shows in the logits."""
    return make_encoder(tmp_path_factory.mktemp("teacher") / "bert", "bert", masked_lm=True, num_hidden_layers=4)


def zeros_of(model: Any) -> dict[str, NDArray[Any]]:
    """Zeros in the shapes of a model's tensors, which take no memory."""
    return {name: np.broadcast_to(np.float32(0), value.shape) for name, value in model.state_dict().items()}


def shapes_of(model: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of what transformers would save: tied tensors once."""
    tied = getattr(model, "_tied_weights_keys", None) or {}
    return {name: tuple(value.shape) for name, value in model.state_dict().items() if name not in tied}


# the shape


def test_bert_base_becomes_distilbert_to_the_parameter() -> None:
    with torch.device("meta"):
        teacher = transformers.BertModel(transformers.BertConfig())
        published = transformers.DistilBertModel(transformers.DistilBertConfig())
    whole = zeros_of(teacher)
    assert sum(value.size for value in whole.values()) == 109_482_240
    kept = [name for name in whole if not name.startswith("encoder.layer.") or int(name.split(".")[2]) < 6]
    config = {**teacher.config.to_dict(), "num_hidden_layers": 6}
    made, tensors = as_distilbert(config, {name: whole[name] for name in kept}, name="base")
    assert sum(value.size for value in tensors.values()) == 66_362_880
    assert {name: value.shape for name, value in tensors.items()} == shapes_of(published)
    assert made["architectures"] == ["DistilBertModel"]


def test_bert_base_with_its_head_is_the_published_masked_lm() -> None:
    with torch.device("meta"):
        teacher = transformers.BertForMaskedLM(transformers.BertConfig(num_hidden_layers=6))
        published = transformers.DistilBertForMaskedLM(transformers.DistilBertConfig())
    made, tensors = as_distilbert(teacher.config.to_dict(), zeros_of(teacher), name="base")
    assert {name: value.shape for name, value in tensors.items()} == shapes_of(published)
    # the encoder, and of the head a layer of 768 x 768, its bias, a norm and a bias a piece
    assert sum(value.size for value in tensors.values()) == 66_362_880 + 768 * 768 + 3 * 768 + 30_522
    wanted = published.config.to_dict()
    assert {key: wanted[key] for key in made if key not in ("architectures", "dtype")} == {
        key: value for key, value in made.items() if key not in ("architectures", "dtype")
    }


def test_half_the_layers_are_those_of_the_published_student() -> None:
    for depth, kept in ((12, 6), (6, 3), (5, 2), (1, 1)):
        assert halved({"num_hidden_layers": depth}, Cut(), name="bert").layers == kept
    config = {"num_hidden_layers": 12}
    assert halved(config, Cut(layers=3), name="bert") == Cut(layers=3)
    assert halved(config, Cut(take=(0, 1)), name="bert") == Cut(take=(0, 1))


# its answers


def test_with_all_layers_it_says_what_the_bert_says(bert: Path, tmp_path: Path) -> None:
    made = make(bert, tmp_path / "student", Cut(layers=4))
    student = loaded(made)
    assert type(student) is transformers.DistilBertForMaskedLM
    torch.testing.assert_close(logits_of(student), logits_of(loaded(bert)), rtol=0, atol=1e-5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["student"]


def test_segment_0_is_what_makes_it_so(bert: Path) -> None:
    _, weights = encoder_files.read(bert)
    config = encoder_files.read_config(bert)
    _, tensors = as_distilbert(config, weights, name="bert")
    found = tensors["distilbert.embeddings.position_embeddings.weight"]
    segments = weights["bert.embeddings.token_type_embeddings.weight"]
    positions = weights["bert.embeddings.position_embeddings.weight"]
    np.testing.assert_allclose(found - positions, np.tile(segments[0], (len(positions), 1)), atol=1e-6)
    assert np.abs(segments[0]).max() > 0.1
    without = {name: value for name, value in weights.items() if "token_type" not in name}
    _, tensors = as_distilbert(config, without, name="bert")
    np.testing.assert_array_equal(tensors["distilbert.embeddings.position_embeddings.weight"], positions)


@pytest.mark.parametrize(("cut", "kept"), [(Cut(), (0, 3)), (Cut(take=(1, 2, 3)), (1, 2, 3))])
def test_layers_embeddings_and_head_are_copied(bert: Path, tmp_path: Path, cut: Cut, kept: tuple[int, ...]) -> None:
    made = load_file(make(bert, tmp_path / "student", cut) / "model.safetensors")
    before = load_file(bert / "model.safetensors")
    for place, number in enumerate(kept):
        theirs, ours = f"bert.encoder.layer.{number}", f"distilbert.transformer.layer.{place}"
        for old, new in {
            "attention.self.query": "attention.q_lin",
            "attention.self.key": "attention.k_lin",
            "attention.self.value": "attention.v_lin",
            "attention.output.dense": "attention.out_lin",
            "attention.output.LayerNorm": "sa_layer_norm",
            "intermediate.dense": "ffn.lin1",
            "output.dense": "ffn.lin2",
            "output.LayerNorm": "output_layer_norm",
        }.items():
            for kind in ("weight", "bias"):
                np.testing.assert_array_equal(made[f"{ours}.{new}.{kind}"], before[f"{theirs}.{old}.{kind}"])
    assert len(made) == 4 + 16 * len(kept) + 5  # embeddings, layers, head
    words = "embeddings.word_embeddings.weight"
    np.testing.assert_array_equal(made[f"distilbert.{words}"], before[f"bert.{words}"])
    np.testing.assert_array_equal(made["vocab_projector.bias"], before["cls.predictions.bias"])
    transform = "cls.predictions.transform"
    np.testing.assert_array_equal(made["vocab_transform.weight"], before[f"{transform}.dense.weight"])
    np.testing.assert_array_equal(made["vocab_layer_norm.weight"], before[f"{transform}.LayerNorm.weight"])


def test_width_vocabulary_and_dropout_go_with_it(bert: Path, tmp_path: Path) -> None:
    made = make(bert, tmp_path / "student", Cut(width=24, vocabulary=86, dropout=0.25), TEXTS)
    student = loaded(made)
    config = student.config
    assert (config.n_layers, config.dim, config.n_heads, config.hidden_dim, config.vocab_size) == (2, 24, 3, 36, 86)
    assert (config.dropout, config.attention_dropout, config.seq_classif_dropout) == (0.25, 0.25, 0.25)
    assert logits_of(student).shape == (8, 86)
    assert len(Encoder.from_file(made / "tokenizer.json")) == 86


# its files


def test_transformers_writes_the_same_configuration(bert: Path, tmp_path: Path) -> None:
    made = make(bert, tmp_path / "student")
    loaded(made).save_pretrained(tmp_path / "again")
    ours, theirs = (json.loads((path / "config.json").read_text()) for path in (made, tmp_path / "again"))
    theirs.pop("transformers_version")
    assert ours == theirs
    assert ours["architectures"] == ["DistilBertForMaskedLM"]
    assert load_file(made / "model.safetensors").keys() == load_file(tmp_path / "again" / "model.safetensors").keys()


def test_its_tokenizer_gives_no_segments_and_fills_masks(bert: Path, tmp_path: Path) -> None:
    made = make(bert, tmp_path / "student")
    tokenizer = transformers.AutoTokenizer.from_pretrained(made)
    encoded = tokenizer("a lovely [MASK]")
    assert set(encoded) == {"input_ids", "attention_mask"}
    assert (
        encoded["input_ids"] == Encoder.from_file(bert / "tokenizer.json").encode(["a lovely [MASK]"]).ids[0].tolist()
    )
    assert (tokenizer.mask_token, tokenizer.pad_token, tokenizer.unk_token) == ("[MASK]", "[PAD]", "[UNK]")
    filled = transformers.pipeline("fill-mask", model=str(made))("a lovely [MASK]")
    assert len(filled) == 5


def test_a_bert_without_a_head_gives_a_student_without_one(tmp_path: Path) -> None:
    made = make(folder("bert"), tmp_path / "student", Cut(layers=2))
    student, told = transformers.AutoModel.from_pretrained(made, output_loading_info=True)
    assert not any(told.values()), told
    assert type(student) is transformers.DistilBertModel
    teacher = transformers.AutoModel.from_pretrained(folder("bert"))
    ids = torch.tensor([[2, 9, 12, 20, 3]])
    torch.testing.assert_close(
        student.eval()(ids).last_hidden_state, teacher.eval()(ids).last_hidden_state, rtol=0, atol=1e-5
    )


def test_a_classifier_and_its_manifest_stay_behind(tmp_path: Path) -> None:
    made = make(saved("bert"), tmp_path / "student")
    assert not (made / "limbeck.json").exists()
    assert (made / "LICENSE").exists()
    assert not [name for name in load_file(made / "model.safetensors") if "classifier" in name or "pooler" in name]


def test_an_older_checkpoint_with_the_other_heads_of_pretraining(bert: Path, tmp_path: Path) -> None:
    """As bert-base-uncased's: norms of gamma and beta, the head of the next sentence, the decoder stored too."""
    old = tmp_path / "old"
    old.mkdir()
    for path in bert.iterdir():
        (old / path.name).write_bytes(path.read_bytes())
    before = load_file(bert / "model.safetensors")
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in before.items()
    }
    renamed["cls.predictions.decoder.weight"] = before["bert.embeddings.word_embeddings.weight"].copy()
    renamed["cls.seq_relationship.weight"] = np.ones((2, WIDTH), np.float32)
    renamed["bert.embeddings.position_ids"] = np.arange(40)[None]
    save_file(renamed, old / "model.safetensors")
    made = make(old, tmp_path / "student", Cut(layers=4))
    torch.testing.assert_close(logits_of(loaded(made)), logits_of(loaded(bert)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("said", [True, False])
def test_a_decoder_of_its_own_stays_one(bert: Path, tmp_path: Path, said: bool) -> None:
    """Whether the configuration says so or not: transformers goes by the tensors."""
    source = tmp_path / "untied"
    source.mkdir()
    for path in bert.iterdir():
        (source / path.name).write_bytes(path.read_bytes())
    weights = load_file(bert / "model.safetensors")
    generator = np.random.default_rng(3)
    words, bias = (weights[name] for name in ("bert.embeddings.word_embeddings.weight", "cls.predictions.bias"))
    weights["cls.predictions.decoder.weight"] = generator.normal(size=words.shape).astype(np.float32)
    weights["cls.predictions.decoder.bias"] = generator.normal(size=bias.shape).astype(np.float32)
    save_file(weights, source / "model.safetensors")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": not said}))
    made = make(source, tmp_path / "student", Cut(layers=4))
    assert json.loads((made / "config.json").read_text())["tie_word_embeddings"] is False
    torch.testing.assert_close(logits_of(loaded(made)), logits_of(loaded(source)), rtol=1e-5, atol=1e-5)


def test_half_precision_stays(bert: Path) -> None:
    config, weights = encoder_files.read(bert)
    made, tensors = as_distilbert(config, {key: value.astype(np.float16) for key, value in weights.items()}, name="b")
    assert {value.dtype for value in tensors.values()} == {np.dtype(np.float16)}
    assert made["dtype"] == "float16"


# what is refused


@pytest.mark.parametrize("family", ["roberta", "distilbert"])
def test_other_families_are_told_what_to_do(tmp_path: Path, family: str) -> None:
    with pytest.raises(ModelError) as caught:
        make(folder(family), tmp_path / "student")
    assert str(caught.value) == (
        f"--student distilbert: {family} is of the family {family!r}, and DistilBERT is made from 'bert'; leave "
        f"--student distilbert out for a student of {family}'s own family"
    )
    assert not list(tmp_path.iterdir())


def test_a_bert_that_is_a_decoder_is_refused() -> None:
    config, weights = encoder_files.read(folder("bert"))
    with pytest.raises(ModelError, match="cannot become a DistilBERT: is_decoder is True"):
        as_distilbert({**config, "is_decoder": True}, weights, name="bert")


def test_what_is_missing_is_named_together(bert: Path) -> None:
    config, weights = encoder_files.read(bert)
    gone = ("cls.predictions.bias", "bert.encoder.layer.1.output.dense.bias", "bert.embeddings.word_embeddings.weight")
    with pytest.raises(ModelError) as caught:
        as_distilbert(config, {name: value for name, value in weights.items() if name not in gone}, name="torn")
    assert str(caught.value) == (
        "torn is no whole BERT: model.safetensors has no embeddings.word_embeddings.weight, "
        "encoder.layer.1.output.dense.bias, cls.predictions.bias; copy it anew"
    )


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (Cut(layers=5), "--layers 5: bert has 4 layers; give 1 to 4"),
        (Cut(width=12), "--width 12: bert has 4 heads of 8; give 8, 16, 24, 32"),
        (Cut(vocabulary=20), "--vocabulary 20: 20 pieces are too few"),
    ],
)
def test_a_cut_that_cannot_be_leaves_nothing(bert: Path, tmp_path: Path, cut: Cut, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        make(bert, tmp_path / "student", cut, TEXTS)
    assert not (tmp_path / "student").exists()
