from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.artefact.manifest import Manifest, checksum, plain
from limbeck.errors import ArtefactError


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "task": {"name": "classify", "classes": ["10", "9", "True", "déjà payé", "refund: late"]},
        "text": {"max_length": 64, "head": 0.25},
        "model": {"family": "small", "parameters": 12},
        "seed": 3,
        "files": {"onnx/model.onnx": {"bytes": 3, "sha256": "ab"}},
    }
    return Manifest(**{**fields, **changes})


def edited(**changes: Any) -> bytes:
    """The content of a manifest whose fields were changed and whose checksum fits."""
    record = {**json.loads(manifest().to_bytes()), **changes}
    for name in [name for name, value in changes.items() if value is ...]:
        del record[name]
    record["checksum"] = checksum(record)
    return json.dumps(record).encode()


def test_round_trip_keeps_classes_as_strings_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "limbeck.json").write_bytes(manifest().to_bytes())
    read = Manifest.read(tmp_path)
    assert read == manifest()
    assert read.classes == ("10", "9", "True", "déjà payé", "refund: late")
    assert "déjà payé" in (tmp_path / "limbeck.json").read_text(encoding="utf-8")


def test_half_a_surrogate_pair_in_a_class_name_survives() -> None:
    task = {"name": "classify", "classes": ["a\ud83d", "b"]}
    assert Manifest.from_bytes(manifest(task=task).to_bytes()).classes == ("a\ud83d", "b")


def test_the_file_is_canonical() -> None:
    assert manifest().to_bytes() == manifest(files=dict(manifest().files)).to_bytes()
    record = json.loads(manifest().to_bytes())
    assert list(record) == sorted(record)
    assert record["checksum"] == checksum(record)


def test_plain_takes_what_training_has_at_hand() -> None:
    found = plain({1: np.float32(0.5), "a": np.arange(2), "b": (Path("x"), None, True), "c": float("inf")})
    assert found == {"1": 0.5, "a": [0, 1], "b": ["x", None, True], "c": None}


def test_properties() -> None:
    assert not manifest().is_pairs
    assert manifest(inputs="pair").is_pairs
    assert manifest().graph == "onnx/model.onnx"
    assert manifest(files={"onnx/model_quantized.onnx": {}}).graph == "onnx/model_quantized.onnx"
    assert manifest(files={}).graph == "onnx/model.onnx"
    assert manifest(task={"name": "regress"}).classes == ()


def test_every_cut_is_noticed() -> None:
    content = manifest().to_bytes()
    for length in range(len(content) - 1):  # the last byte is a line's end
        with pytest.raises(ArtefactError, match=rf"limbeck\.json is damaged: {length} bytes"):
            Manifest.from_bytes(content[:length])


def test_every_flipped_bit_is_noticed() -> None:
    content = manifest().to_bytes()
    for place in range(len(content)):
        for bit in (0x01, 0x10):
            damaged = bytearray(content)
            damaged[place] ^= bit
            try:
                read = Manifest.from_bytes(bytes(damaged))
            except ArtefactError:
                continue
            assert read == manifest()  # white space between tokens


def test_an_edit_is_told_from_its_checksum() -> None:
    content = manifest().to_bytes().replace(b"refund: late", b"refund: soon")
    with pytest.raises(
        ArtefactError, match=r"damaged or was edited \(\d+ bytes\).*records the checksum \w{64}, .*gives"
    ):
        Manifest.from_bytes(content)


def test_no_json_object_is_damage() -> None:
    with pytest.raises(ArtefactError, match="2 bytes that hold no json object"):
        Manifest.from_bytes(b"[]")
    with pytest.raises(ArtefactError, match="damaged"):
        Manifest.from_bytes(b"[" * 100_000)


def test_a_later_format_names_the_limbeck_that_made_it() -> None:
    with pytest.raises(ArtefactError, match=r"format version 2.*reads up to 1.*by limbeck 3\.4.*pip install"):
        Manifest.from_bytes(edited(format_version=2, versions={"limbeck": "3.4"}))
    with pytest.raises(ArtefactError, match="by limbeck of a later version"):
        Manifest.from_bytes(edited(format_version=2, versions=None))


def test_fields_of_a_later_minor_version_are_ignored() -> None:
    assert Manifest.from_bytes(edited(novelty=1)) == manifest()


def test_wrong_fields_are_named_together() -> None:
    with pytest.raises(ArtefactError) as caught:
        Manifest.from_bytes(edited(task=..., metrics=[1], seed="three"))
    message = str(caught.value)
    assert "lacks 'task'" in message
    assert "metrics = [1]" in message
    assert "seed = 'three'" in message


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "onnx/../../outside", "onnx\\model.onnx"])
def test_files_outside_the_folder_are_refused(name: str) -> None:
    with pytest.raises(ArtefactError, match="not inside the folder"):
        Manifest.from_bytes(edited(files={name: {"bytes": 1, "sha256": ""}}))


def test_a_file_without_its_hash_is_refused() -> None:
    with pytest.raises(ArtefactError, match="without its size and sha256"):
        Manifest.from_bytes(edited(files={"a": {"bytes": 1}}))


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"limbeck\.json is missing"):
        Manifest.read(tmp_path)
    (tmp_path / "limbeck.json").mkdir()
    with pytest.raises(ArtefactError, match=r"limbeck\.json cannot be read"):
        Manifest.read(tmp_path)


def test_it_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest().seed = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": {"name": "classify", "classes": 3}}, "the classes are 3, which is no list of names"),
        ({"task": {"name": "classify", "classes": ["a", 1]}}, "which is no list of names"),
        ({"probes": {"texts": [1]}}, "the probes' texts are no list of texts"),
        ({"probes": {"texts": [["a"]]}}, "the probes' texts are no list of texts"),
        ({"probes": {"texts": "abc"}}, "the probes' texts are no list of texts"),
        ({"probes": {"texts": ["a"], "logits": []}}, "logits that are no row of numbers for each of 1 texts"),
        ({"probes": {"texts": ["a", "b"], "logits": [[1], [1, 2]]}}, "logits that are no row of numbers"),
        ({"probes": {"texts": ["a"], "logits": [["x"]]}}, "logits that are no row of numbers"),
        ({"probes": {"texts": ["a"], "tolerance": None}}, "the tolerance None, which is no number above 0"),
        ({"probes": {"texts": ["a"], "float32": [1]}}, r"the probes in float32 are \[1\], which is no object"),
        ({"probes": {"texts": ["a"], "int8": {"logits": 2}}}, "the probes in int8 have logits that are no row"),
    ],
)
def test_classes_and_probes_of_another_shape_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArtefactError, match=said):
        Manifest.from_bytes(edited(**changes))
