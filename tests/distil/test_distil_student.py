"""A student cut out of an encoder: which layers stay, its vocabulary, its dropout, what goes along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_tensors
from torch import nn

from limbeck import sentiment
from limbeck.artefact.manifest import INT8_GRAPH, NAME, Manifest
from limbeck.artefact.verify import verify
from limbeck.distil.student import DROPOUTS, Cut, evenly, folder_of, kept_layers, layers_of, make
from limbeck.errors import ArtefactError, ModelError, SettingsError
from limbeck.models.transformer import load
from limbeck.passes import _encoder_files as encoder_files
from limbeck.passes import quantise
from limbeck.text import Encoder
from support.encoders import EMITTED, FAMILIES, POSITIONS, folder, tokenizer_json
from support.encoders import make as make_encoder
from support.folders import LICENCES, licences_of, names_of
from support.saved import CLASSES, saved

DEPTH = {"num_hidden_layers": 6}
ALL = (*EMITTED, "xlm-roberta", "camembert")


def deep(out: Path, family: str, n: int = 6, **changes: Any) -> Path:
    """A random classifier of ``n`` layers."""
    key = "n_layers" if family == "distilbert" else "num_hidden_layers"
    return make_encoder(out, family, classes=("no", "yes"), **{key: n, **changes})


def classifier(path: Path) -> Any:
    """What transformers makes of a folder, in which nothing may be missing and nothing left over."""
    model, told = transformers.AutoModelForSequenceClassification.from_pretrained(
        path, output_loading_info=True, local_files_only=True
    )
    assert not any(told.values()), told
    return model.eval()


def layers_in(model: Any) -> nn.ModuleList:
    inside = model.base_model
    found: nn.ModuleList = (inside.transformer if hasattr(inside, "transformer") else inside.encoder).layer
    return found


@torch.no_grad()
def logits_of(model: Any) -> torch.Tensor:
    ids = torch.tensor([[2, 9, 12, 20, 3], [2, 30, 3, 0, 0]])
    found: torch.Tensor = model(input_ids=ids, attention_mask=(ids > 0).long()).logits
    return found


# layers


@pytest.mark.parametrize("family", ALL)
@pytest.mark.parametrize("cut", [Cut(layers=3), Cut(take=(1, 4))], ids=["evenly", "by list"])
def test_a_student_of_each_family_is_a_module_with_these_layers(tmp_path: Path, family: str, cut: Cut) -> None:
    source = deep(tmp_path / "encoder", family)
    by_hand = classifier(source)
    kept = [0, 2, 5] if cut.take is None else [1, 4]
    layers = layers_in(by_hand)
    held = [layers[n] for n in kept]
    del layers[:]
    layers.extend(held)
    student = classifier(make(source, tmp_path / "student", cut))
    assert student.config.num_hidden_layers == len(layers_in(student)) == len(kept)
    torch.testing.assert_close(logits_of(student), logits_of(by_hand), rtol=0, atol=0)


def test_six_of_twelve_layers_are_those_of_distilbert() -> None:
    assert evenly(12, 6) == (0, 2, 4, 7, 9, 11)
    assert evenly(24, 6) == (0, 5, 9, 14, 18, 23)
    assert evenly(12, 3) == (0, 6, 11)


@given(st.integers(1, 60), st.data())
def test_layers_are_spaced_evenly_and_stand_once(n: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(1, n))
    found = evenly(n, kept)
    assert len(set(found)) == kept
    assert list(found) == sorted(found)
    assert found[0] == 0
    assert kept == 1 or found[-1] == n - 1
    steps = np.diff(found)
    assert kept < 3 or steps.max() - steps.min() <= 1


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (Cut(layers=7), "--layers 7: mini has 6 layers; give 1 to 6"),
        (Cut(layers=0), "--layers 0: mini has 6 layers; give 1 to 6"),
        (Cut(take=(0, 6, 9)), "--take 0,6,9: mini has the layers 0 to 5, not 6,9"),
        (Cut(take=(-1, 2)), "--take -1,2: mini has the layers 0 to 5, not -1"),
        (Cut(take=(0, 2, 2)), "--take 0,2,2: give each layer once, in ascending order"),
        (Cut(take=(2, 0)), "--take 2,0: give each layer once, in ascending order"),
        (Cut(layers=2, take=(0, 1)), "--layers 2 and --take 0,1 exclude each other; give one of them"),
        (Cut(take=()), "--take : give each layer once, in ascending order"),
    ],
)
def test_layers_that_are_not_there_are_named(cut: Cut, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        layers_of(DEPTH, cut, name="mini")
    assert str(caught.value) == told


def test_as_many_layers_as_there_are_is_all_of_them() -> None:
    assert layers_of(DEPTH, Cut(layers=6), name="mini") == layers_of(DEPTH, Cut(), name="mini") == (0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize("config", [{"model_type": "resnet"}, {"num_hidden_layers": None}])
def test_a_model_without_layers_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(
        ModelError, match=r"mini is no BERT-like encoder: its config\.json tells of no num_hidden_layers"
    ):
        layers_of(config, Cut(layers=1), name="mini")


def test_a_model_with_a_decoder_is_refused() -> None:
    with pytest.raises(ModelError, match="mini is no BERT-like encoder: it has a decoder"):
        layers_of({**DEPTH, "is_encoder_decoder": True}, Cut(layers=1), name="mini")


def test_layers_without_names_are_refused_and_those_of_another_part_left() -> None:
    value = np.zeros(1, np.float32)
    with pytest.raises(ModelError, match=r"mini has no tensors called layer\.0 to layer\.5"):
        kept_layers(DEPTH, {"blocks.0.weight": value}, (0, 5), name="mini")
    weights = {f"encoder.layer.{n}.a": value + n for n in range(6)}
    weights |= {"characters.layer.0.a": value + 10, "encoder.norm.weight": value + 11}
    config, kept = kept_layers({**DEPTH, "attention_window": [1, 2, 3, 4, 5, 6]}, weights, (1, 5), name="mini")
    assert {name: float(tensor[0]) for name, tensor in kept.items()} == {
        "encoder.layer.0.a": 1,
        "encoder.layer.1.a": 5,
        "characters.layer.0.a": 10,
        "encoder.norm.weight": 11,
    }
    assert config == {"num_hidden_layers": 2, "attention_window": [2, 6]}


def test_layers_of_a_modernbert_keep_what_they_look_at() -> None:
    """Files of before transformers 5 tell it by the layer's number: every third looks at all tokens."""
    every, few = "full_attention", "sliding_attention"
    config = {"model_type": "modernbert", "num_hidden_layers": 6, "global_attn_every_n_layers": 3}
    weights = {f"layers.{n}.mlp.Wo.weight": np.zeros(1, np.float32) for n in range(6)}
    assert kept_layers(config, weights, (0, 2, 3, 5), name="mini")[0]["layer_types"] == [every, few, every, few]
    told = transformers.ModernBertConfig(**config).layer_types
    assert kept_layers(config, weights, range(6), name="mini")[0]["layer_types"] == told
    today = {**config, "layer_types": [few, every] * 3}
    assert kept_layers(today, weights, (0, 1, 3), name="mini")[0]["layer_types"] == [few, every, every]


def test_albert_runs_its_one_layer_fewer_times(tmp_path: Path) -> None:
    source = deep(tmp_path / "encoder", "albert", 4)
    by_hand = classifier(source)
    by_hand.albert.encoder.config.num_hidden_layers = 2
    student = classifier(make(source, tmp_path / "student", Cut(layers=2)))
    assert student.config.num_hidden_layers == 2
    torch.testing.assert_close(logits_of(student), logits_of(by_hand), rtol=0, atol=0)


# vocabulary

TEXTS = ("a truly lovely film", "a lovely film for everyone", ("an awful room", "it is cold"))
USED = ("a", "truly", "lovely", "film", "for", "everyone", "an", "awful", "room", "it", "is", "cold")


@pytest.mark.parametrize("family", ["bert", "mpnet", "distilbert", "electra"])
def test_the_vocabulary_keeps_what_the_texts_use(tmp_path: Path, family: str) -> None:
    source = deep(tmp_path / "encoder", family)
    before = Encoder.from_string(tokenizer_json(family))
    made = make(source, tmp_path / "student", Cut(layers=3, vocabulary=86), TEXTS)
    after = Encoder.from_string((made / "tokenizer.json").read_text(encoding="utf-8"))
    assert len(after) == 86 < len(before)
    pieces = after.tokenizer.get_vocab()
    assert pieces.keys() >= {word for word in USED if len(word) > 1}
    assert "people" not in pieces
    student = classifier(made)
    assert (student.config.vocab_size, student.config.num_hidden_layers) == (86, 3)
    torch.testing.assert_close(logits_with(student, after), logits_with(classifier(whole(source, made)), before))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder", "layers", "student"]


def whole(source: Path, made: Path) -> Path:
    """The same student with all pieces."""
    return make(source, made.with_name("layers"), Cut(layers=3))


@torch.no_grad()
def logits_with(model: Any, encoder: Encoder) -> torch.Tensor:
    ids = encoder.encode(["a truly lovely film for everyone"]).ids[0]
    found: torch.Tensor = model(input_ids=torch.tensor(ids[None].astype(np.int64))).logits
    return found


def test_too_few_pieces_are_refused_by_the_flag(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--vocabulary 20: 20 pieces are too few: 5 special .* give \d+ or more$"):
        make(folder("bert"), tmp_path / "student", Cut(vocabulary=20), TEXTS)
    assert not list(tmp_path.iterdir())


def test_more_pieces_than_there_are_leave_all(tmp_path: Path) -> None:
    made = make(folder("bert"), tmp_path / "student", Cut(vocabulary=9999), TEXTS)
    same = Encoder.from_string((made / "tokenizer.json").read_text(encoding="utf-8"))
    assert same.tokenizer.get_vocab() == Encoder.from_string(tokenizer_json("bert")).tokenizer.get_vocab()


def test_a_vocabulary_of_another_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        make(folder("roberta"), tmp_path / "student", Cut(vocabulary=90), TEXTS)
    assert str(caught.value) == (
        "--vocabulary 90: the tokenizer of roberta is of the kind 'BPE', and vocabularies of the kind 'WordPiece' can "
        "be trimmed; leave --vocabulary out"
    )
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_that_does_not_say_its_kind_is_trimmed_too(tmp_path: Path) -> None:
    """As that of bert-base-uncased, from before its library wrote kinds."""
    record = json.loads(tokenizer_json("bert"))
    del record["model"]["type"]
    source = make_encoder(tmp_path / "old", "bert", tokenizer=json.dumps(record))
    made = make(source, tmp_path / "student", Cut(vocabulary=90), TEXTS)
    same = make(folder("bert"), tmp_path / "same", Cut(vocabulary=90), TEXTS)
    old, new = (Encoder.from_file(one / "tokenizer.json").tokenizer.get_vocab() for one in (made, same))
    assert len(old) == 90 and old == new


@pytest.mark.parametrize(("content", "told"), [(b"{", "is not a tokenizer that can be"), (b"\xff", "cannot be read")])
def test_a_damaged_tokenizer_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    source = make_encoder(tmp_path / "source", "bert")
    (source / "tokenizer.json").write_bytes(content)
    with pytest.raises((ArtefactError, ModelError), match=told):
        make(source, tmp_path / "student", Cut(vocabulary=90), TEXTS)


def test_a_full_disk_is_told_with_what_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import safetensors.numpy

    def full(*_: object, **__: object) -> None:
        raise safetensors.SafetensorError("No space left on device")

    monkeypatch.setattr(safetensors.numpy, "save_file", full)
    for cut in (Cut(layers=1), Cut(vocabulary=90)):
        with pytest.raises(ModelError, match=r"safetensors, a file on the way, cannot be written: No space .* TMPDIR"):
            make(folder("bert"), tmp_path / f"{cut.layers}", cut, TEXTS)


# dropout


@pytest.mark.parametrize("family", FAMILIES)
def test_no_dropout_is_none_anywhere(tmp_path: Path, family: str) -> None:
    source = folder(family, dropout=True)
    made = make(source, tmp_path / "student", Cut(dropout=0.0))
    model = load(made).train()
    assert {part.p for part in model.modules() if isinstance(part, nn.Dropout)} <= {0.0}
    kept = json.loads((made / "config.json").read_text())
    assert {value for key, value in kept.items() if "dropout" in key} == {0.0}


def test_rates_that_a_configuration_takes_for_granted_are_set_too(tmp_path: Path) -> None:
    for family in ("bert", "distilbert", "albert"):
        source = tmp_path / family
        make_encoder(source, family, dropout=True)
        config = json.loads((source / "config.json").read_text())
        silent = {key: value for key, value in config.items() if "dropout" not in key}
        (source / "config.json").write_text(json.dumps(silent))
        made = make(source, tmp_path / f"{family} student", Cut(dropout=0.25))
        found = json.loads((made / "config.json").read_text())
        rates = DROPOUTS.get(family, ("hidden_dropout_prob", "attention_probs_dropout_prob"))
        assert {key: value for key, value in found.items() if "dropout" in key} == dict.fromkeys(rates, 0.25)
        assert {part.p for part in load(made).modules() if isinstance(part, nn.Dropout)} == {0.25}


# where it comes from


def test_an_int8_model_is_dequantised(tmp_path: Path) -> None:
    quantise.apply(saved("bert"), tmp_path / "int8")
    assert not (tmp_path / "int8" / "model.safetensors").exists()
    made = make(tmp_path / "int8", tmp_path / "student", Cut(take=(0, 1), dropout=0.1))
    assert not (made / INT8_GRAPH).exists()
    for name, value in load(tmp_path / "int8").state_dict().items():
        torch.testing.assert_close(load(made).state_dict()[name], value, rtol=0, atol=0)


def test_a_saved_model_hands_on_its_output_layer_and_its_manifest(tmp_path: Path) -> None:
    source = saved("mpnet")
    made = make(source, tmp_path / "student", Cut(layers=1))
    before, after = Manifest.read(source), verify(made)  # its files are as the manifest says
    assert set(after.files) == names_of(made) - {NAME}
    assert (after.task, after.text, after.reading) == (before.task, before.text, before.reading)
    assert (after.languages, after.probes, after.metrics) == (before.languages, {}, {})
    assert after.text["max_length"] == POSITIONS
    config = json.loads((made / "config.json").read_text())
    assert tuple(config["id2label"][str(n)] for n in range(5)) == CLASSES
    weights = [load_file(path / "model.safetensors") for path in (source, made)]
    for name in ("classifier.out_proj.weight", "classifier.dense.bias"):
        np.testing.assert_array_equal(weights[0][name], weights[1][name])
    assert licences_of(made) == LICENCES


def test_a_damaged_model_gives_no_student(tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    for path in saved("bert").iterdir():
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    (source / "onnx").mkdir()
    for path in (saved("bert") / "onnx").iterdir():
        (source / "onnx" / path.name).write_bytes(path.read_bytes())
    content = bytearray((source / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (source / "model.safetensors").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"is damaged; .*: model\.safetensors has sha256"):
        make(source, tmp_path / "student", Cut(layers=1))
    assert not (tmp_path / "student").exists()


def test_the_model_that_ships_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sentiment.VARIABLE, str(saved("bert")))
    assert folder_of("sentiment") == saved("bert")
    assert layers_of(encoder_files.read(folder_of("sentiment"))[0], Cut(layers=1), name="sentiment") == (0,)
    assert folder_of(str(folder("bert"))) == folder("bert")
    with pytest.raises(ModelError, match=r"^--student './nowhere' is not a folder; give a folder with config\.json"):
        folder_of("./nowhere")


def test_half_precision_becomes_what_numpy_can_hold(tmp_path: Path) -> None:
    source = deep(tmp_path / "encoder", "bert", 2)
    tensors = {name: torch.from_numpy(value) for name, value in load_file(source / "model.safetensors").items()}
    wanted = {name: value.to(torch.bfloat16) for name, value in tensors.items()}
    marks = {"mask": torch.tensor([True, False]), "numbers": torch.arange(3)[None]}
    save_tensors({**wanted, **marks, "half": torch.tensor([0.5]).half()}, source / "model.safetensors")
    read = encoder_files.read(source)[1]
    assert {str(value.dtype) for value in read.values()} == {"float32", "bool", "int64", "float16"}
    for name, value in wanted.items():
        np.testing.assert_array_equal(read[name], value.float().numpy())
    assert (read["mask"].tolist(), read["numbers"].tolist(), read["half"].tolist()) == (
        [True, False],
        [[0, 1, 2]],
        [0.5],
    )
    config = json.loads((source / "config.json").read_text()) | {"dtype": "bfloat16"}
    (source / "config.json").write_text(json.dumps(config))
    made = make(source, tmp_path / "student", Cut(layers=1))
    assert load_file(made / "model.safetensors")["bert.encoder.layer.0.output.dense.weight"].dtype == np.float32
    assert json.loads((made / "config.json").read_text())["dtype"] == "float32"


def test_an_older_tokenizer_becomes_one_of_today(tmp_path: Path) -> None:
    source = deep(tmp_path / "encoder", "bert", 2)
    pieces = Encoder.from_string((source / "tokenizer.json").read_text()).tokenizer.get_vocab()
    (source / "vocab.txt").write_text("".join(f"{piece}\n" for piece in sorted(pieces, key=lambda one: pieces[one])))
    (source / "tokenizer.json").unlink()
    made = make(source, tmp_path / "student", Cut(layers=1, vocabulary=86), TEXTS)
    after = Encoder.from_string((made / "tokenizer.json").read_text(encoding="utf-8"))
    assert len(after) == 86
    assert after.encode(["a lovely film"]).ids[0].tolist() == [
        after.tokenizer.token_to_id(piece) for piece in ("[CLS]", "a", "lovely", "film", "[SEP]")
    ]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("config.json", None, "has no config.json; give the folder of an encoder or of a saved model"),
        ("config.json", b"{", "config.json is no json"),
        ("config.json", b"[]", "config.json holds no json object"),
        ("model.safetensors", None, "has no model.safetensors; give an encoder's folder"),
        ("model.safetensors", b"abc", "model.safetensors cannot be read: "),
    ],
)
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
    save_file({"a": np.zeros(1, np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=told):
        encoder_files.read(tmp_path)


def test_all_of_an_encoder_is_whole() -> None:
    assert Cut().is_whole
    assert not any(cut.is_whole for cut in (Cut(layers=6), Cut(take=(0,)), Cut(dropout=0.0), Cut(vocabulary=1)))
