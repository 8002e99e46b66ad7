"""Learn a WordPiece vocabulary from texts, for models that start from scratch.

The trainer of ``tokenizers`` counts words in a hash map of random order, gives ids to the inner letters (``##a``) in
that order, and breaks ties by id: two runs over the same texts disagree. So the letters are listed first, sorted, and
given to a second run as its first pieces; from then on nothing depends on the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from limbeck.text.blank import clean

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""BERT's special tokens; their places in this tuple are their ids."""

_INNER = "##"  # begins a piece that continues a word
_ALPHABET = 1000  # different letters at most, the most frequent ones


def learn_wordpiece(
    texts: Iterable[str], *, vocabulary_size: int = 8000, min_frequency: int = 2, lowercase: bool = True
) -> str:
    """Give the text of a ``tokenizer.json`` learnt from ``texts``, in the form of BERT's (Devlin et al. 2019).

    The same texts give the same vocabulary, on every machine.

    Args:
        texts: what to learn from; the training rows alone, so that nothing of a test set leaks in.
        vocabulary_size: pieces at most, special tokens included; all letters are kept even where they are more.
        min_frequency: pairs of pieces seen less often are not merged.
        lowercase: fold case and strip accents, as the uncased BERT does.
    """
    cleaned = [clean(text) for text in texts]
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    letters, inner = _letters(cleaned, normalizer)
    learnt = _train(
        cleaned,
        normalizer,
        vocab_size=vocabulary_size,
        min_frequency=min_frequency,
        special_tokens=[*SPECIAL, *letters, *inner],
        initial_alphabet=letters,
        limit_alphabet=len(letters),
    )
    tokenizer = _bare(normalizer, learnt)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.decoder = decoders.WordPiece(prefix=_INNER)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))],
    )
    return str(tokenizer.to_str())


def _letters(texts: list[str], normalizer: normalizers.Normalizer) -> tuple[list[str], list[str]]:
    """The most frequent letters of ``texts``, and those of them that continue a word, as pieces; both sorted."""
    words = {word for text in texts for word in text.split(" ")}  # each once: a pass over all texts costs seconds
    pieces = _train(list(words), normalizer, vocab_size=0)
    letters = sorted(piece for piece in pieces if len(piece) == 1)
    if len(letters) > _ALPHABET:
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(normalizer.normalize_str(text))
        letters = sorted(sorted(letters, key=lambda letter: (-counts[letter], letter))[:_ALPHABET])
    return letters, [_INNER + letter for letter in letters if _INNER + letter in pieces]


def _train(texts: list[str], normalizer: normalizers.Normalizer, **options: Any) -> dict[str, int]:
    """Pieces and their ids."""
    tokenizer = _bare(normalizer)
    trainer = trainers.WordPieceTrainer(continuing_subword_prefix=_INNER, show_progress=False, **options)
    tokenizer.train_from_iterator(texts, trainer)
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    return vocabulary


def _bare(normalizer: normalizers.Normalizer, vocabulary: dict[str, int] | None = None) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary or {}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
