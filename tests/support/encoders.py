"""Tiny random Hugging Face folders: two layers, 32 wide, with the tokenizer of the family; nothing is downloaded.

Weights are drawn ten times as wide as usual: so narrow a model learns forty sentences in ten epochs with them, and
segments, positions and attention all show in the logits.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import string
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

EMITTED = ("bert", "distilbert", "roberta", "mpnet", "electra")
"""Families whose graph ``limbeck.graph`` emits."""
TRACED = "albert"
"""A family whose graph torch has to export."""
FAMILIES = (*EMITTED, TRACED)

transformers.utils.logging.disable_progress_bar()

POSITIONS = 40
"""Tokens that every family here can read, special tokens included."""
WIDTH = 32

_SENTENCES = (
    "a truly lovely great charming superb warm film book room meal for everyone",
    "an awful boring dreadful poor cold word as at",
    "way near and in the end it is excellent this was not of that there",
    "people with their window to on river are office",
)
_WORDS = sorted({word for sentence in _SENTENCES for word in sentence.split()} - set(string.ascii_lowercase))
_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")

_WIDE: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
_SHAPES: dict[str, dict[str, Any]] = {
    "bert": _WIDE,
    "distilbert": {"dim": WIDTH, "n_layers": 2, "n_heads": 4, "hidden_dim": 48},
    "roberta": {**_WIDE, "type_vocab_size": 1},
    "xlm-roberta": {**_WIDE, "type_vocab_size": 1},
    "camembert": {**_WIDE, "type_vocab_size": 1},
    "mpnet": _WIDE,
    "electra": {**_WIDE, "embedding_size": 16},
    "albert": {**_WIDE, "embedding_size": 16, "num_hidden_groups": 1},
}
_OFFSET = {"roberta": 2, "xlm-roberta": 2, "camembert": 2, "mpnet": 2}
"""Rows of the position table in front of the first token's: these families count from the padding's id on."""


def folder(family: str, *, dropout: bool = False) -> Path:
    """A folder with an encoder and no head, as pretrained ones are; tests read it and never change it."""
    return _folder(family, dropout)


def make(
    out: Path,
    family: str,
    *,
    classes: Sequence[str] | None = None,
    masked_lm: bool = False,
    dropout: bool = False,
    tokenizer: str | None = None,
    **changes: Any,
) -> Path:
    """Write a random encoder of ``family`` at ``out``.

    Args:
        out: the folder to make.
        family: one of :data:`FAMILIES`, ``xlm-roberta`` or ``camembert``.
        classes: names of a classification head; none is written where not given.
        masked_lm: with a head that fills in masked tokens, and every weight drawn anew, biases and norms included.
        dropout: with the family's own rates, else none.
        tokenizer: text of another ``tokenizer.json``.
        changes: further entries of the configuration.
    """
    config = configuration(family, dropout=dropout, **changes)
    auto = transformers.AutoModelForMaskedLM if masked_lm else transformers.AutoModel
    if classes is not None:
        config.num_labels = len(classes)
        config.id2label, config.label2id = dict(enumerate(classes)), {name: n for n, name in enumerate(classes)}
        auto = transformers.AutoModelForSequenceClassification
    torch.manual_seed(11)
    model = auto.from_config(config)
    if masked_lm:
        scatter(model)
    model.save_pretrained(out)
    (out / "tokenizer.json").write_text(tokenizer or tokenizer_json(family), encoding="utf-8")
    return out


def configuration(family: str, *, dropout: bool = False, **changes: Any) -> Any:
    """A tiny configuration of ``family``."""
    values = {
        **_SHAPES[family],
        "vocab_size": Tokenizer.from_str(tokenizer_json(family)).get_vocab_size(),
        "max_position_embeddings": POSITIONS + _OFFSET.get(family, 0),
        "initializer_range": 0.2,
        "pad_token_id": 1 if family in _OFFSET else 0,
        **({} if dropout else no_dropout(family)),
        **changes,
    }
    return transformers.AutoConfig.for_model(family, **values)


def no_dropout(family: str) -> dict[str, float]:
    """Entries of the configuration that switch dropout off."""
    if family == "distilbert":
        return {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0}
    rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return {**rates, "classifier_dropout_prob": 0.0} if family == "albert" else {**rates, "classifier_dropout": 0.0}


def scatter(model: Any, *, seed: int = 5) -> None:
    """Give every weight a value that matters, biases and norms included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            centre = 1.0 if "norm.weight" in name.lower() else 0.0
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.15 + centre)


@functools.cache
def tokenizer_json(family: str) -> str:
    """The text of a ``tokenizer.json`` as ``family`` has it: WordPiece or byte-level BPE, with its special tokens."""
    if family in ("roberta", "xlm-roberta", "camembert"):
        return _bytes()
    special = _ROBERTA if family == "mpnet" else _BERT
    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase), *string.digits, *"?!.,"]
    pieces = dict.fromkeys([*special, *letters, *_WORDS])
    unknown = "<unk>" if family == "mpnet" else "[UNK]"
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token=unknown))
    tokenizer.add_special_tokens(list(special))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    if family == "mpnet":
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    else:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    return str(tokenizer.to_str())


def with_patch(text: str) -> str:
    """A ``tokenizer.json`` with a cut to 16 tokens and a padding of 128 on the left baked in, as some folders ship."""
    record = json.loads(text)
    pad = next(token for token in ("[PAD]", "<pad>") if token in text)
    number = next(token["id"] for token in record["added_tokens"] if token["content"] == pad)
    record["truncation"] = {"direction": "Right", "max_length": 16, "strategy": "LongestFirst", "stride": 0}
    record["padding"] = {
        "strategy": {"Fixed": 128},
        "direction": "Left",
        "pad_to_multiple_of": None,
        "pad_id": number,
        "pad_type_id": 0,
        "pad_token": pad,
    }
    return json.dumps(record)


def _bytes() -> str:
    """Byte-level BPE with a merge for each frequent word, so that tokens are more than letters."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = dict.fromkeys([*_ROBERTA, *alphabet])
    merges: list[tuple[str, str]] = []
    for word in _WORDS:
        built = "Ġ"
        for letter in word:
            if built + letter not in pieces:
                merges.append((built, letter))
                pieces[built + letter] = None
            built += letter
    numbers = {piece: n for n, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(numbers, merges, unk_token="<unk>"))
    tokenizer.add_special_tokens(list(_ROBERTA))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return str(tokenizer.to_str())


@functools.cache
def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="limbeck-encoders-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


@functools.cache
def _folder(family: str, dropout: bool) -> Path:
    return make(_home() / f"{family}{'-dropout' if dropout else ''}", family, dropout=dropout)
