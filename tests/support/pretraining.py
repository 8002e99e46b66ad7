"""A small corpus, and a model in pre-training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from limbeck.pretrain.corpus import Corpus, prepare
from limbeck.pretrain.masked import MaskedModel, open_masked
from limbeck.pretrain.trainer import Lesson, Pretrainer
from limbeck.train.settings import FitSettings
from support.encoders import make

NOUNS = ("film", "room", "meal", "book", "office", "river", "window", "word")
WORDS = ("lovely", "great", "charming", "superb", "warm", "awful", "boring", "dreadful", "poor", "cold")
TEXTS = [f"a truly {word} {noun} for everyone, near the {other}" for word in WORDS for noun in NOUNS for other in NOUNS]
LENGTH = 16


def write_texts(folder: Path, texts: list[str] | None = None) -> Path:
    """A txt of these texts, one a line."""
    path = folder / "corpus.txt"
    path.write_text("\n".join(TEXTS if texts is None else texts) + "\n", encoding="utf-8")
    return path


def masked_bert(folder: Path, *, name: str = "teacher", **changes: Any) -> Path:
    """A BERT of four layers with a masked-LM head, all its weights drawn."""
    return make(folder / name, "bert", masked_lm=True, **{"num_hidden_layers": 4, **changes})


def corpus_of(folder: Path, model: MaskedModel, *, length: int = LENGTH, texts: list[str] | None = None) -> Corpus:
    """The texts as the model's tokens; a tenth is held back."""
    path = write_texts(folder, texts)
    return prepare([str(path)], model.tokenizer, length, home=folder / "home", valid_share=0.1)


def quick(**changes: Any) -> FitSettings:
    """Four steps of eight blocks."""
    given: dict[str, Any] = {"epochs": 1, "lr": 5e-3, "batch_size": 8, "max_updates": 4, "precision": "float32"}
    return FitSettings(**{**given, "keep": "last", **changes})


def pretrainer_of(folder: Path, source: Path, lesson: Lesson | None = None, **changes: Any) -> Pretrainer:
    """A model of ``source`` on the corpus."""
    model = open_masked(source).model
    return Pretrainer(model, corpus_of(folder, model), quick(**changes), lesson=lesson)
