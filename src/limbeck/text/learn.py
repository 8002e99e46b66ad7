"""Learn a WordPiece vocabulary from texts, for models that start from scratch."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from limbeck.text.blank import clean

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""BERT's special tokens; their places in this tuple are their ids."""


def learn_wordpiece(
    texts: Iterable[str], *, vocabulary_size: int = 8000, min_frequency: int = 2, lowercase: bool = True
) -> str:
    """Give the text of a ``tokenizer.json`` learnt from ``texts``, in the form of BERT's (Devlin et al. 2019).

    Args:
        texts: what to learn from; the training rows alone, so that nothing of a test set leaks in.
        vocabulary_size: pieces at most, special tokens included.
        min_frequency: pairs of pieces seen less often are not merged.
        lowercase: fold case and strip accents, as the uncased BERT does.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size,
        min_frequency=min_frequency,
        special_tokens=list(SPECIAL),
        limit_alphabet=1000,
        continuing_subword_prefix="##",
        show_progress=False,
    )
    tokenizer.train_from_iterator((clean(text) for text in texts), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))],
    )
    return str(tokenizer.to_str())
