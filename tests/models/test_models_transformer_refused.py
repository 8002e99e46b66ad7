"""Encoders by folder or hub name: what is refused, and in which words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from limbeck.errors import ModelError
from limbeck.models import export
from limbeck.models._hub import find
from limbeck.models.transformer import load, read_tokenizer
from limbeck.pretrain.masked import open_masked
from support.encoders import FAMILIES, TRACED, folder, make, tokenizer_json
from support.started import CLASSES, head_of, start


def test_weights_in_a_pickle_are_refused(tmp_path: Path) -> None:
    source = make(tmp_path / "pickled", "bert")
    weights = transformers.AutoModel.from_pretrained(source).state_dict()
    torch.save(weights, source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    says = (
        r"cannot be loaded as an encoder.*: its weights are in a pickle, pytorch_model\.bin, .*, as model\.safetensors"
    )
    for opened in (start, open_masked):
        with pytest.raises(ModelError, match=says):
            opened(source)


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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    """A training would blame its rate."""
    source = make(tmp_path / "m", "bert", masked_lm=True)
    weights = load_file(source / "model.safetensors")
    for name in ("bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.1.output.dense.bias"):
        weights[name].view(-1)[0] = value
    save_file(weights, source / "model.safetensors", {"format": "pt"})
    says = (
        r"m has weights that are no numbers \(nan or inf\): bert\.encoder\.layer\.1\.output\.dense\.\w+ and 1 more\. "
    )
    for opened in (start, load, open_masked):
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
