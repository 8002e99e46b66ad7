from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limbeck.pretrain.seen import Seen, hashes_of

NUMBERS = st.integers(0, 30) | st.integers(2**64 - 5, 2**64 - 1)


@given(st.lists(st.lists(NUMBERS, max_size=12), max_size=12))
def test_it_tells_what_a_set_would(batches: list[list[int]]) -> None:
    seen, known = Seen(), set[int]()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number not in known)
            known.add(number)
        assert seen.add(np.array(batch, np.uint64)).tolist() == expected
        assert len(seen) == len(known)


def test_runs_are_merged_so_that_few_stand() -> None:
    seen = Seen()
    for start in range(0, 6400, 100):
        assert seen.add(np.arange(start, start + 100, dtype=np.uint64)).all()
    assert len(seen) == 6400 and len(seen._runs) == 1


def test_a_hash_is_blake2b_of_the_text_without_white_space_around_it() -> None:
    found = hashes_of(["one", " one\n", "two", "\ud83d"])
    assert found[0] == int.from_bytes(hashlib.blake2b(b"one", digest_size=8).digest(), "little")
    assert found[0] == found[1] and len(set(found.tolist())) == 3
    assert found.dtype == np.uint64 and hashes_of([]).shape == (0,)
