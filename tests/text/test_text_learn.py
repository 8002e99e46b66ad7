"""A learnt vocabulary: of BERT's form, and the same whenever it is learnt."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from limbeck.text import Encoder, learn_wordpiece
from limbeck.text.learn import SPECIAL

SAID = ["the film was lovely", "the film was awful", "The FILM dragged", "a film, a café!"]


def ties() -> list[str]:
    """Many words that are seen equally often: whatever breaks their ties shows."""
    random = np.random.default_rng(0)
    letters = [chr(97 + n) for n in range(26)]
    words = ["".join(random.choice(letters, size=random.integers(2, 9))) for _ in range(200)]
    return [" ".join(random.choice(words, size=10)) for _ in range(100)]


def vocabulary(tokenizer: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(tokenizer)["model"]["vocab"]
    return found


def test_special_tokens_come_first_then_letters() -> None:
    pieces = list(vocabulary(learn_wordpiece(["ab ba", "ab"], min_frequency=3)))
    assert pieces == [*SPECIAL, "a", "b", "##a", "##b"]


def test_frequent_pairs_are_merged() -> None:
    # "ab" is seen three times, "cd" once
    pieces = vocabulary(learn_wordpiece(["ab ab", "ab cd"], min_frequency=2))
    assert "ab" in pieces
    assert "cd" not in pieces


def test_the_form_is_berts() -> None:
    encoder = Encoder.from_string(learn_wordpiece(SAID))
    single = encoder.tokenizer.encode("the film")
    assert (single.tokens[0], single.tokens[-1]) == ("[CLS]", "[SEP]")
    pair = encoder.tokenizer.encode("the", "film")
    assert pair.tokens.count("[SEP]") == 2
    assert pair.type_ids[0] == 0
    assert pair.type_ids[-1] == 1
    assert encoder.tokenizer.decode(pair.ids) == "the film"
    assert [encoder.tokenizer.token_to_id(name) for name in SPECIAL] == [0, 1, 2, 3, 4]


def test_case_and_accents() -> None:
    assert not set("TFILMé") & set(vocabulary(learn_wordpiece(SAID)))
    assert {"T", "F", "é"} <= set("".join(vocabulary(learn_wordpiece(SAID, lowercase=False))))


def test_size_is_a_limit_but_every_letter_is_kept() -> None:
    assert len(vocabulary(learn_wordpiece(ties(), vocabulary_size=90))) == 90
    assert len(vocabulary(learn_wordpiece(ties(), vocabulary_size=10))) == len(SPECIAL) + 26 + 26


@pytest.mark.parametrize("texts", [[], [""], ["\ud800", "\x00"]])
def test_nothing_to_learn_from(texts: list[str]) -> None:
    encoder = Encoder.from_string(learn_wordpiece(texts))
    assert len(encoder) >= len(SPECIAL)
    assert encoder.encode(["word"]).read.tolist() == [1]


def test_texts_may_be_an_iterator() -> None:
    assert learn_wordpiece(iter(SAID)) == learn_wordpiece(SAID)


@pytest.mark.parametrize("threads", ["true", "false"])
def test_the_same_in_every_process(threads: str) -> None:
    code = (
        "import hashlib, json, sys; from limbeck.text import learn_wordpiece\n"
        "learnt = learn_wordpiece(json.load(sys.stdin), vocabulary_size=200)\n"
        "print(hashlib.sha256(learnt.encode()).hexdigest())"
    )
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": threads, "PYTHONHASHSEED": str(len(threads))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(ties()),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    here = hashlib.sha256(learn_wordpiece(ties(), vocabulary_size=200).encode()).hexdigest()
    assert done.stdout.strip() == here


def test_the_same_text_twice() -> None:
    assert learn_wordpiece(ties(), vocabulary_size=200) == learn_wordpiece(ties(), vocabulary_size=200)
    assert learn_wordpiece(ties(), vocabulary_size=200) == learn_wordpiece(ties()[::-1], vocabulary_size=200)


def test_of_too_many_letters_the_most_frequent_are_kept() -> None:
    signs = [chr(0x4E00 + n) for n in range(1010)]
    texts = ["".join(signs), "".join(signs[20:])]  # the first 20 are seen once, the others twice
    pieces = vocabulary(learn_wordpiece(texts))
    assert list(pieces) == [*SPECIAL, *signs[:10], *signs[20:]]  # of the rare ones, by code point
    assert learn_wordpiece(texts) == learn_wordpiece(texts)


def test_order_of_the_texts_does_not_matter_to_the_letters() -> None:
    shuffled = [SAID[n] for n in np.random.default_rng(0).permutation(len(SAID))]
    assert vocabulary(learn_wordpiece(shuffled)) == vocabulary(learn_wordpiece(SAID))
