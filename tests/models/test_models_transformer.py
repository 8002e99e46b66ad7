"""Encoders by folder or hub name: what is loaded, kept, refused, and written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from limbeck.errors import ModelError
from limbeck.models import Batch, Prepared, Request, defaults, export, family_of, prepare
from limbeck.models._hub import find
from limbeck.models.transformer import TransformerModel, load, max_positions, read_tokenizer
from limbeck.tasks import make_task
from support.encoders import FAMILIES, POSITIONS, TRACED, configuration, folder, make, tokenizer_json, with_patch

CLASSES = ("no", "yes", "perhaps")


def start(source: Path | str, *, classes: tuple[str, ...] = CLASSES, seed: int = 0, max_length: int = 24) -> Prepared:
    task = make_task("classify", classes=classes) if classes else make_task("regress")
    return prepare(Request(str(source), ["a film"], task, max_length, seed))


def model_in(prepared: Prepared) -> TransformerModel:
    assert isinstance(prepared.model, TransformerModel)
    return prepared.model


def head_of(prepared: Prepared) -> torch.Tensor:
    return prepared.model.output_layer().weight.detach().clone()


def some_batch() -> Batch:
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]])
    return Batch(ids, (ids != 0).long(), torch.tensor([[0, 0, 1, 1], [0, 0, 0, 0]]))


# what a model is


def test_small_is_its_own_family_and_everything_else_is_a_transformer() -> None:
    assert [family_of(name) for name in ("small", "org/name", "./small")] == ["small", "transformer", "transformer"]
    assert (defaults("small").epochs, defaults("small").lr) == (10, 1e-3)
    assert (defaults("org/name").epochs, defaults("org/name").lr) == (3, 5e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_output_layer_has_a_row_a_class_and_starts_anew(family: str) -> None:
    prepared = start(folder(family))
    layer = prepared.model.output_layer()
    assert layer.out_features == 3
    assert not layer.bias.any()
    assert 0.1 < float(layer.weight.detach().std()) < 0.4  # initializer_range is 0.2
    assert prepared.model.module is model_in(prepared)
    config = model_in(prepared).inner.config
    assert config.id2label == {0: "no", 1: "yes", 2: "perhaps"}
    assert config.problem_type == "single_label_classification"


def test_as_many_classes_as_the_layers_are_wide() -> None:
    prepared = start(folder("bert"), classes=tuple(f"class {n:02}" for n in range(32)))
    inner = model_in(prepared).inner
    assert prepared.model.output_layer() is inner.classifier


@pytest.mark.parametrize("family", FAMILIES)
def test_the_encoder_keeps_the_folders_weights(family: str) -> None:
    inner = model_in(start(folder(family))).inner
    body = transformers.AutoModel.from_pretrained(folder(family))
    saved = dict(body.named_parameters())
    loaded = dict(inner.base_model.named_parameters())
    same = [name for name in saved if name in loaded and torch.equal(saved[name], loaded[name])]
    assert len(same) >= len(saved) - 2  # a pooler may be new


def test_the_seed_reaches_the_new_layers() -> None:
    first, again, other = (head_of(start(folder("bert"), seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_families_without_a_trunk_run_transformers_own_forward() -> None:
    model = model_in(start(folder(TRACED))).eval()
    batch = some_batch()
    with torch.inference_mode():
        expected = model.inner(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, token_type_ids=batch.token_type_ids
        ).logits
        assert torch.equal(model(batch).logits, expected)
        without = Batch(batch.input_ids, batch.attention_mask, torch.zeros_like(batch.token_type_ids))
        assert not torch.allclose(model(without).logits, expected)


def test_regression_has_one_output() -> None:
    prepared = start(folder("roberta"), classes=())
    assert prepared.model.output_layer().out_features == 1
    assert model_in(prepared).inner.config.problem_type == "regression"


# which head is kept


def test_the_head_of_the_very_same_classes_is_kept(tmp_path: Path) -> None:
    source = make(tmp_path / "with-head", "bert", classes=CLASSES)
    inner = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    assert torch.equal(head_of(start(source)), inner.classifier.weight)


@pytest.mark.parametrize("classes", [("yes", "no", "perhaps"), ("perhaps", "no")], ids=str)
def test_the_rows_of_some_of_its_classes_are_kept_in_their_order(tmp_path: Path, classes: tuple[str, ...]) -> None:
    source = make(tmp_path / "with-head", "bert", classes=CLASSES)
    saved = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    rows = [CLASSES.index(name) for name in classes]
    model = model_in(start(source, classes=classes)).eval()
    batch = some_batch()
    with torch.inference_mode():
        whole = saved.eval()(batch.input_ids, batch.attention_mask, token_type_ids=batch.token_type_ids).logits
        assert torch.allclose(model(batch).logits, whole[:, rows], atol=1e-5)
    model.write(tmp_path / "written")
    again = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "written")
    assert again.config.id2label == dict(enumerate(classes))
    assert torch.equal(again.classifier.weight, saved.classifier.weight[rows])
    assert torch.equal(again.classifier.bias, saved.classifier.bias[rows])


@pytest.mark.parametrize("classes", [("no", "yes", "maybe"), (*CLASSES, "never")], ids=str)
def test_any_other_head_is_not(tmp_path: Path, classes: tuple[str, ...]) -> None:
    source = make(tmp_path / "with-head", "bert", classes=CLASSES)
    inner = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    head = head_of(start(source, classes=classes))
    assert head.shape[0] == len(classes)
    assert not torch.equal(head[:2], inner.classifier.weight[:2])


def test_the_head_of_a_regression_is_not_for_it_has_the_unit_of_other_targets(tmp_path: Path) -> None:
    source = make(tmp_path / "with-head", "bert", classes=("score",))
    prepared = start(source, classes=())
    assert not prepared.model.output_layer().bias.any()


# positions


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_read_up_to_the_last_position(family: str) -> None:
    prepared = start(folder(family), max_length=POSITIONS + 1)
    assert prepared.max_length == POSITIONS
    (notice,) = prepared.notices
    assert notice.endswith(f"has positions for {POSITIONS} tokens: texts are read up to that, not {POSITIONS + 1}")
    ids = torch.full((1, POSITIONS), 7)
    with torch.inference_mode():
        assert prepared.model.module.eval()(Batch(ids, torch.ones_like(ids), torch.zeros_like(ids))).logits.shape == (
            1,
            3,
        )


def test_no_notice_where_the_positions_reach() -> None:
    prepared = start(folder("mpnet"), max_length=POSITIONS)
    assert (prepared.max_length, prepared.notices) == (POSITIONS, ())


@pytest.mark.parametrize(
    "model_type", ["data2vec-text", "ibert", "lilt", "luke", "roberta-prelayernorm", "xlm-roberta-xl", "xmod"]
)
def test_other_families_that_count_from_the_padding_on(model_type: str) -> None:
    config = transformers.AutoConfig.for_model(model_type, max_position_embeddings=514, pad_token_id=1)
    assert max_positions(config) == 512


# what is refused


def test_weights_in_a_pickle_are_refused(tmp_path: Path) -> None:
    source = make(tmp_path / "pickled", "bert")
    weights = transformers.AutoModel.from_pretrained(source).state_dict()
    torch.save(weights, source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded as an encoder: .*safetensors"):
        start(source)


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"is no model folder: it has no config.json \(there is: weights.bin\)"):
        start(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="there is: nothing"):
        find(str(tmp_path / "empty"))


@pytest.mark.parametrize("source", ["./nowhere", "/no/where", "~/nowhere", "nowhere/"])
def test_a_path_that_is_no_folder(source: str) -> None:
    with pytest.raises(
        ModelError, match=r"is not a folder; give a folder with config.json, a hub name, 'small' or 'static'"
    ):
        start(source)


def test_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model").write_text("")
    with pytest.raises(ModelError, match="--model 'model' is not a folder"):
        start("model")


@pytest.mark.parametrize("content", ["{", '{"model_type": "no such"}', "{}"])
def test_a_config_that_transformers_does_not_know(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config.json is not a configuration that can be used"):
        start(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hidden_size": "wide"}, "config.json is not a configuration that can be used: .*hidden_size"),
        ({"id2label": ["no", "yes"]}, "config.json is not a configuration that can be used: AttributeError: "),
        ({"hidden_act": "no such"}, "cannot be loaded as an encoder: KeyError: 'no such'"),
        ({"num_attention_heads": 0}, "cannot be loaded as an encoder: ZeroDivisionError: "),
        ({"model_type": "xlnet"}, "config.json is not a configuration that can be used: .*no sequence length limit"),
        ({"model_type": "clip"}, r"cannot be loaded as an encoder: Unrecognized configuration class .{,300}$"),
    ],
)
def test_a_config_with_impossible_entries(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    source = with_config(make(tmp_path / "m", "bert"), **change)
    with pytest.raises(ModelError, match=says):
        start(source)


def with_config(source: Path, **change: Any) -> Path:
    path = source / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return source


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"num_hidden_layers": 3},
            r"m lacks weights of the encoder that its config.json tells of: bert\.encoder\.layer\.2\..*; and 13 more\. "
            "The files do not belong together: copy the whole folder again",
        ),
        ({"intermediate_size": 64}, r"bert\.encoder\.layer\.0\.intermediate\.dense\.bias \(64,\), there \(48,\); "),
        ({"max_position_embeddings": 41}, r"position_embeddings\.weight \(41, 32\), there \(40, 32\)\. The files"),
        ({"model_type": "albert"}, r"lacks weights of the encoder that its config.json tells of: albert\."),
    ],
)
def test_weights_of_another_encoder(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    """transformers would draw what is missing by chance, and say so in its log alone."""
    source = with_config(make(tmp_path / "m", "bert"), **change)
    for opened in (start, load):
        with pytest.raises(ModelError, match=says):
            opened(source)


def test_a_head_that_is_to_be_kept_must_be_whole(tmp_path: Path) -> None:
    names = {str(n): name for n, name in enumerate((*CLASSES, "never"))}
    source = with_config(make(tmp_path / "m", "bert", classes=CLASSES), id2label=names)
    says = r"lacks weights that its config.json tells of: classifier\.bias \(4,\), there \(3,\); classifier\.weight"
    with pytest.raises(ModelError, match=says):
        start(source)
    assert head_of(start(source, classes=("good", "bad"))).shape[0] == 2  # it begins anew


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pooler_and_a_head_may_be_new(tmp_path: Path, family: str) -> None:
    start(make(tmp_path / "m", family, masked_lm=True))


def test_a_tokenizer_that_is_no_text(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert")
    (source / "tokenizer.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match=r"tokenizer.json cannot be read: .*; copy the folder again"):
        start(source)


def test_a_tokenizer_with_more_pieces_than_the_model(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert", tokenizer=tokenizer_json("roberta"))
    with pytest.raises(ModelError, match=r"the tokenizer's pieces need \d+ embeddings, the model has \d+: they do not"):
        start(source)


def test_a_tokenizer_whose_numbers_have_gaps(tmp_path: Path) -> None:
    record = json.loads(tokenizer_json("bert"))
    record["model"]["vocab"]["film"] = 500
    source = make(tmp_path / "m", "bert", tokenizer=json.dumps(record))
    with pytest.raises(ModelError, match="the tokenizer's pieces need 501 embeddings, the model has 116: they do not"):
        start(source)


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert")
    (source / "tokenizer.json").unlink()
    with pytest.raises(
        ModelError, match=r"has no tokenizer.json, and none can be made from its files: there is no vocabulary"
    ):
        start(source)


def test_a_tokenizer_is_made_from_older_files(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert")
    vocabulary = json.loads((source / "tokenizer.json").read_text())["model"]["vocab"]
    (source / "tokenizer.json").unlink()
    (source / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n")
    made = json.loads(read_tokenizer(source))
    assert made["model"]["vocab"] == vocabulary


def test_a_hub_name_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError) as caught:
        start("limbeck-tests/no-such-model")
    message = str(caught.value)
    assert message.startswith("--model 'limbeck-tests/no-such-model' is no folder here, and the hub did not give it")
    assert "(HF_HUB_OFFLINE is set)" in message
    assert "copy the model's folder (config.json, model.safetensors, tokenizer.json)" in message
    assert "--model small" in message


NO_NETWORK = """
import socket, sys
calls = []
def refuse(self, address):
    calls.append(address)
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = lambda *a, **k: calls.append(a) or refuse(None, a)
import os
from limbeck.errors import ModelError
from limbeck.models import Request, prepare
from limbeck.tasks import make_task
task = make_task("classify", classes=("a", "b"))
prepare(Request(sys.argv[1], [], task, 16, 0))
assert not calls, ("a local folder", calls)
import huggingface_hub.constants
for offline in (True, False):
    os.environ["HF_HUB_OFFLINE"] = str(int(offline))
    huggingface_hub.constants.HF_HUB_OFFLINE = offline
    try:
        prepare(Request("limbeck-tests/no-such-model", [], task, 16, 0))
    except ModelError as error:
        print(offline, bool(calls), "give its path" in str(error), "HF_HUB_OFFLINE" in str(error))
"""


def test_a_local_folder_and_offline_mode_open_no_socket() -> None:
    environment = {"PATH": "", "HOME": "/nonexistent", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, str(folder("bert"))],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    # offline: no call, and the message says why; else a call is tried, and the same way out is shown
    assert done.stdout.splitlines() == ["True False True True", "False True True False"]


# what is written


@pytest.mark.parametrize("family", FAMILIES)
def test_a_written_folder_is_one_that_can_be_started_from(family: str, tmp_path: Path) -> None:
    prepared = start(folder(family))
    prepared.model.write(tmp_path)
    again = start(tmp_path)
    assert again.tokenizer == prepared.tokenizer
    for name, value in prepared.model.module.state_dict().items():
        assert torch.equal(value, again.model.module.state_dict()[name]), name


def test_the_tokenizer_config_says_what_the_pipeline_needs(tmp_path: Path) -> None:
    start(folder("roberta")).model.write(tmp_path)
    record: dict[str, Any] = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert record["pad_token"] == "<pad>"
    assert record["unk_token"] == "<unk>"
    assert record["model_max_length"] == POSITIONS
    assert record["model_input_names"] == ["input_ids", "attention_mask"]
    start(folder("bert")).model.write(tmp_path)
    record = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert record["model_input_names"] == ["input_ids", "token_type_ids", "attention_mask"]


def test_a_cut_and_a_padding_in_the_tokenizer_are_dropped(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert", tokenizer=with_patch(tokenizer_json("bert")))
    record = json.loads(start(source).tokenizer)
    assert (record["truncation"], record["padding"]) == (None, None)


def test_positions_of_a_config_without_any() -> None:
    config = configuration("bert")
    del config.max_position_embeddings
    assert max_positions(config) == 512


def test_a_tokenizer_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert")
    (source / "tokenizer.json").unlink()
    (source / "tokenizer_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"has no tokenizer.json, and none can be made from its files: .+"):
        read_tokenizer(source)


def test_an_architecture_that_torch_cannot_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("no such operator\nand much more")

    start(folder(TRACED)).model.write(tmp_path)
    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(ModelError) as caught:
        export(tmp_path, "transformer")
    assert str(caught.value).endswith("cannot export the architecture 'albert': RuntimeError: no such operator")
