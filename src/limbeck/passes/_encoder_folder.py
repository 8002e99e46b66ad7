"""The files of a WordPiece encoder, written anew for another vocabulary."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from limbeck.artefact.copies import copy_into, licences_of
from limbeck.artefact.manifest import TOKENIZER
from limbeck.errors import ModelError
from limbeck.passes._encoder_files import CONFIG, WEIGHTS, as_read, read, write_weights
from limbeck.passes._pieces import Choice, rows
from limbeck.passes._tokenizer_file import TokenizerFile
from limbeck.text.encode import MASKS, PADS

TOKENIZER_CONFIG = "tokenizer_config.json"
_COPIED = ("special_tokens_map.json", "README")
"""How the names of other files begin that stay as they are; a vocab.txt would contradict the tokenizer."""
WORDS = "word_embeddings.weight"
"""How the name of the table of pieces ends."""
BY_PIECE = (
    WORDS,
    "scope_embeddings.weight",
    *("predictions.decoder.weight", "predictions.decoder.bias", "predictions.bias"),
    *("vocab_projector.weight", "vocab_projector.bias", "generator_lm_head.weight", "generator_lm_head.bias"),
    *("lm_head.decoder.weight", "lm_head.decoder.bias", "lm_head.bias"),
)
"""How the names of tensors end that have a row a piece: the embedding, and the heads of pretraining."""
_ROLES = {
    "pad_token": PADS,
    "mask_token": MASKS,
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
}
"""What a tokenizer's class would know of its special tokens, and a file may leave out."""
_STALE = ("added_tokens_decoder", "vocab_file", "tokenizer_file", "name_or_path", "auto_map", "max_length")


def write(source: Path, out: Path, file: TokenizerFile, choice: Choice) -> None:
    """Write the encoder of ``source`` into the empty folder ``out`` with the vocabulary chosen.

    Args:
        source: the encoder's folder.
        out: where it goes.
        file: the tokenizer of ``source``.
        choice: the new vocabulary.

    Raises:
        ModelError: a file is missing, or there is no embedding with a row for each piece.
        MissingExtra: safetensors is not installed.
    """
    config, weights = read(source)
    _write_weights(out / WEIGHTS, weights, choice, folder=source)
    own, beyond = ([piece.text for piece in part] for part in (choice.own, choice.beyond))
    (out / TOKENIZER).write_text(file.with_pieces(own, beyond, choice.added).text, encoding="utf-8")
    _write_json(out / CONFIG, _config(config, choice))
    _write_json(out / TOKENIZER_CONFIG, tokenizer_config(source, file.ids, file.unknown, config))
    kept = [path for path in source.iterdir() if path.is_file() and path.name.startswith(_COPIED)]
    copy_into(out, source, [*kept, *licences_of(source)])


def _write_weights(path: Path, weights: dict[str, NDArray[Any]], choice: Choice, *, folder: Path) -> None:
    embeddings = [name for name in weights if name.endswith(WORDS)]
    last = max(piece.old for piece in choice.all if piece.old is not None)
    if len(embeddings) != 1 or len(weights[embeddings[0]]) <= last:
        found = ", ".join(f"{name} {weights[name].shape}" for name in embeddings) or "none"
        raise ModelError(f"{folder}: one tensor {WORDS} with {last + 1} rows or more is needed; found: {found}")
    n_before = len(weights[embeddings[0]])
    for name, tensor in weights.items():
        if name.endswith(BY_PIECE) and len(tensor) == n_before:
            weights[name] = rows(tensor, choice.all)
    write_weights(weights, path)


def _config(config: dict[str, Any], choice: Choice) -> dict[str, Any]:
    """The configuration with the new number of pieces, and new ids where it names pieces that stay."""
    new = {piece.old: number for number, piece in enumerate(choice.all) if piece.old is not None}
    changed = {}
    for key, value in config.items():
        if not key.endswith("_token_id") or not isinstance(value, int):
            changed[key] = value
        elif value in new:
            changed[key] = new[value]
    return as_read(changed) | {"vocab_size": len(choice.all)}


def tokenizer_config(
    source: Path, pieces: Container[str], unknown: str | None, config: Mapping[str, Any]
) -> dict[str, Any]:
    """What makes transformers load tokenizer.json as it is: a family's own class would build parts of it anew.

    Args:
        source: the folder whose ``tokenizer_config.json`` is carried on, where it has one.
        pieces: of the tokenizer.
        unknown: what an unknown word becomes.
        config: the model's, by which it reads segments or does not.
    """
    path = source / TOKENIZER_CONFIG
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    kept = {key: value for key, value in record.items() if key not in _STALE}
    names = ["input_ids", "token_type_ids", "attention_mask"]
    if config.get("type_vocab_size", 1) < 2:
        names.remove("token_type_ids")
    defaults: dict[str, Any] = {"model_input_names": names, "unk_token": unknown}
    for role, spellings in _ROLES.items():
        if token := next((spelling for spelling in spellings if spelling in pieces), None):
            defaults[role] = token
    return {**defaults, **kept, "tokenizer_class": "PreTrainedTokenizerFast"}


def _write_json(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
