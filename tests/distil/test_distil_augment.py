"""Variants of texts: words that stand in the same places, whole texts otherwise as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from limbeck.data import input_id
from limbeck.distil import augment
from limbeck.distil.augment import MOST_KNOWN, Places, variants
from limbeck.text.words import words
from support.train_data import rows

TEXTS = ["a good film", "a bad film", "a bad idea", "the good idea"]


def test_places_by_hand() -> None:
    known = Places(TEXTS)
    assert known.words("a", "film") == ["good", "bad"]
    assert known.words("A", "FILM") == ["good", "bad"]
    assert known.words("", "good") == ["a", "the"]
    assert known.words("good", "") == ["film", "idea"]
    assert known.words("a", "idea") == []  # bad alone stands there
    assert known.words("never", "seen") == []
    assert Places([]).words("", "") == []


def test_the_end_of_a_text_is_no_neighbour_of_the_next() -> None:
    assert Places(["one two", "three four", "one five"]).words("one", "three") == []


def test_a_place_remembers_so_many_words_in_the_order_of_their_use() -> None:
    names = [f"w{n}" for n in range(MOST_KNOWN + 9)]
    assert (
        Places(f"a {name} film" for name in [*reversed(names), *names]).words("a", "film")
        == (list(reversed(names))[:MOST_KNOWN])
    )


def test_variants_are_seeded_and_none_is_an_input() -> None:
    made = variants(TEXTS, 3, seed=4)
    assert made and made == variants(TEXTS, 3, seed=4)
    assert not set(made) & set(TEXTS) and len(set(made)) == len(made)
    assert set(made) <= {"a good idea", "the good film", "the bad film", "the bad idea"}
    others = [variants(TEXTS, 3, seed=seed) for seed in range(12)]
    assert any(other != made for other in others) and all(len(set(other)) == len(other) for other in others)


def test_no_variant_is_a_text_that_is_kept_out() -> None:
    every = {text for seed in range(20) for text in variants(TEXTS, 3, seed=seed)}
    assert "a good idea" in every
    out = {input_id("a good idea")}
    assert "a good idea" not in {text for seed in range(20) for text in variants(TEXTS, 3, seed=seed, kept_out=out)}


def test_both_texts_of_a_pair_vary() -> None:
    pairs = [("a good film", "x"), ("a bad film", "x"), ("y", "a bad film"), ("y", "a good film")]
    made = {item for seed in range(20) for item in variants(pairs, 2, seed=seed)}
    assert all(isinstance(item, tuple) and len(item) == 2 for item in made)
    assert made  # x and y stand in one place


def test_what_stands_between_words_stays() -> None:
    made = {item for seed in range(30) for item in variants(["A  good, film!", "a bad film!"], 1, seed=seed)}
    assert "A  bad, film!" in made


def test_progress_counts_every_text_twice() -> None:
    counted = []

    class Watch:
        def advance(self, n_rows: int) -> None:
            counted.append(n_rows)

        def __enter__(self) -> Watch:
            return self

        def __exit__(self, *_: object) -> None: ...

    variants(TEXTS, 1, seed=0, watch=lambda what, total: counted.append(-total) or Watch())  # type: ignore[func-returns-value]
    assert sum(counted) == 0 and len(counted) == 1 + 2 * len(TEXTS)


@given(st.lists(st.text(alphabet="ab .,", max_size=12), max_size=8), st.integers(0, 5))
def test_a_variant_has_its_texts_words_but_for_known_ones(texts: list[str], seed: int) -> None:
    counts = {len(words(text)) for text in texts}
    known = {text[begin:end].lower() for text in texts for begin, end in words(text)}
    for made in variants(texts, 2, seed=seed):
        assert isinstance(made, str)
        assert len(words(made)) in counts
        assert {made[begin:end].lower() for begin, end in words(made)} <= known


def test_about_two_words_in_five_are_exchanged() -> None:
    data = rows(40).inputs
    known = Places(str(text) for text in data)
    made = variants(data, 1, seed=0)
    assert 0.2 < len(made) / len(data) <= 1  # of the words with others in their place two in five
    assert known.words("a", "film") and augment.SHARE == 0.4
