from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from limbeck.errors import SettingsError
from limbeck.losses import IGNORED
from limbeck.pretrain.masking import VALIDATION, Masked, Masker

N_PIECES, MASK = 40, 4
SPECIAL = (0, 1, 2, 3, MASK)
COUNTS = np.arange(N_PIECES, dtype=np.int64) ** 2


def masker(seed: int = 7, share: float = 0.15, smoothing: float = 0.7) -> Masker:
    return Masker(COUNTS, SPECIAL, MASK, N_PIECES, share=share, smoothing=smoothing, seed=seed)


def blocks(n_rows: int, length: int, seed: int = 0) -> NDArray[np.int64]:
    ids = np.random.default_rng(seed).integers(5, N_PIECES, (n_rows, length))
    ids[:, 0], ids[:, -1] = 2, 3
    return ids


def reference(
    ids: NDArray[np.int64], number: int, epoch: int, seed: int = 7, share: float = 0.15
) -> tuple[list[int], list[int]]:
    """What is chosen, kept and replaced of one block, written out place by place."""
    rng = np.random.default_rng([seed, epoch, number])
    keys = rng.standard_exponential(len(ids))
    fates, pieces = rng.random(round(share * len(ids))), rng.random(round(share * len(ids)))
    weights = [0.0 if piece in SPECIAL else max(int(COUNTS[piece]), 1) ** -0.7 for piece in ids]
    order = sorted(
        (key / weight, place) for place, (key, weight) in enumerate(zip(keys, weights, strict=True)) if weight
    )
    chosen = sorted(place for _, place in order[: round(share * len(ids))])
    ordinary = [piece for piece in range(N_PIECES) if piece not in SPECIAL]
    put = []
    for place, fate, piece in zip(chosen, fates, pieces, strict=True):
        if fate < 0.8:
            put.append(MASK)
        else:
            put.append(int(ids[place]) if fate < 0.9 else ordinary[int(piece * len(ordinary))])
    return chosen, put


def test_a_slow_reference_draws_the_same() -> None:
    ids = blocks(6, 64)
    found = masker()(ids, np.array([5, 0, 9, 1000, 7, 2]), 3)
    for row, number in enumerate([5, 0, 9, 1000, 7, 2]):
        chosen, put = reference(ids[row], number, 3)
        assert found.positions[row].tolist() == chosen
        assert found.ids[row, found.positions[row]].tolist() == put
        assert found.targets[row].tolist() == ids[row, chosen].tolist()


@given(
    n_rows=st.integers(1, 6),
    length=st.integers(3, 90),
    share=st.floats(0.01, 0.9),
    smoothing=st.floats(0, 3),
    seed=st.integers(0, 2**40),
    epoch=st.none() | st.integers(0, 1000),
)
def test_what_holds_always(
    n_rows: int, length: int, share: float, smoothing: float, seed: int, epoch: int | None
) -> None:
    ids = blocks(n_rows, length, seed)
    before = ids.copy()
    made = masker(seed, share, smoothing)
    found = made(ids, np.arange(n_rows) * 17, epoch)
    n_chosen = max(1, round(share * length))
    assert found.positions.shape == found.targets.shape == (n_rows, n_chosen) == (n_rows, made.n_chosen(length))
    assert (
        (np.diff(found.positions, axis=1) > 0).all() and found.positions.min() >= 0 and found.positions.max() < length
    )
    assert (ids == before).all()
    stood = np.take_along_axis(ids, found.positions, axis=1)
    asked = found.targets != IGNORED
    assert (stood[asked] == found.targets[asked]).all()
    assert np.isin(stood, SPECIAL).tolist() == (~asked).tolist()
    changed = np.zeros(ids.shape, np.bool_)
    np.put_along_axis(changed, found.positions, asked, axis=1)
    assert (found.ids[~changed] == ids[~changed]).all()
    assert not np.isin(found.ids[changed], [0, 1, 2, 3]).any()


@given(numbers=st.lists(st.integers(0, 2**33), min_size=1, max_size=8), epoch=st.none() | st.integers(0, 9))
def test_a_block_is_masked_alike_in_any_company(numbers: list[int], epoch: int | None) -> None:
    ids = np.concatenate([blocks(1, 40, number % 1000) for number in numbers])
    together = masker()(ids, np.array(numbers), epoch)
    for row, number in enumerate(numbers):
        alone = masker()(ids[row : row + 1], np.array([number]), epoch)
        assert (alone.ids[0] == together.ids[row]).all() and (alone.positions[0] == together.positions[row]).all()
        assert (alone.targets[0] == together.targets[row]).all()


def same(first: Masked, second: Masked) -> bool:
    return bool(first.positions.tolist() == second.positions.tolist() and (first.ids == second.ids).all())


def test_masks_are_new_each_epoch_and_of_validation_the_same() -> None:
    ids, numbers = blocks(4, 64), np.arange(4)
    made = masker()
    assert same(made(ids, numbers, 2), made(ids, numbers, 2))
    assert not same(made(ids, numbers, 2), made(ids, numbers, 3))
    assert not same(made(ids, numbers, 2), made(ids, numbers + 1, 2))
    assert not same(made(ids, numbers, 2), masker(seed=8)(ids, numbers, 2))
    assert same(made(ids, numbers, None), made(ids, numbers, None))
    assert not same(made(ids, numbers, None), made(ids, numbers, 0))
    assert same(made(ids, numbers, None), made(ids, numbers, VALIDATION))


def test_four_of_five_become_the_mask_and_one_of_ten_stays() -> None:
    ids = blocks(2000, 102)
    found = masker(share=0.1, smoothing=0)(ids, np.arange(2000), 0)
    put = np.take_along_axis(found.ids, found.positions, axis=1)
    n_asked = found.targets.size
    assert n_asked == 20_000 and (found.targets != IGNORED).all()
    masked, same_piece = put == MASK, put == found.targets
    assert masked.mean() == pytest.approx(0.8, abs=4 * (0.8 * 0.2 / n_asked) ** 0.5)
    stays = 0.1 + 0.1 / 35  # a random piece may be the piece itself
    assert same_piece.mean() == pytest.approx(stays, abs=4 * (stays * (1 - stays) / n_asked) ** 0.5)
    others = put[~masked & ~same_piece]
    seen = np.bincount(others, minlength=N_PIECES)
    assert (seen[list(SPECIAL)] == 0).all() and (seen[5:] > 0).all()
    expected = len(others) / 35
    chi_square = ((seen[5:] - expected) ** 2 / expected).sum()
    assert chi_square < 34 + 5 * (2 * 34) ** 0.5


def chosen_of(n_chosen: int, smoothing: float, n_rows: int = 20_000) -> NDArray[np.float64]:
    """How often each of three pieces, seen 1, 4 and 16 times, is chosen of a block that has each once."""
    counts = np.array([0, 0, 0, 0, 0, 1, 4, 16])
    made = Masker(counts, SPECIAL, MASK, 8, share=n_chosen / 5, smoothing=smoothing, seed=3)
    ids = np.tile(np.array([2, 5, 6, 7, 3]), (n_rows, 1))
    found = made(ids, np.arange(n_rows), 0)
    assert (found.targets != IGNORED).all()
    return np.bincount(found.targets.ravel(), minlength=8)[5:] / n_rows


def test_rare_pieces_are_chosen_more_often() -> None:
    """Weights 1, 1/2 and 1/4 by the root of the counts: of one draw 4/7, 2/7 and 1/7; of two by hand."""
    assert chosen_of(1, 0.5) == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=0.014)
    first = 4 / 7 + 2 / 7 * 4 / 5 + 1 / 7 * 4 / 6
    second = 2 / 7 + 4 / 7 * 2 / 3 + 1 / 7 * 2 / 6
    third = 1 / 7 + 4 / 7 * 1 / 3 + 2 / 7 * 1 / 5
    assert first + second + third == pytest.approx(2)
    assert chosen_of(2, 0.5) == pytest.approx([first, second, third], abs=0.014)
    assert chosen_of(1, 0) == pytest.approx([1 / 3] * 3, abs=0.014)
    assert chosen_of(3, 0.5).tolist() == [1, 1, 1]


def test_a_piece_that_was_never_counted_weighs_as_one_seen_once() -> None:
    counts = np.array([0, 0, 0, 0, 0, 0, 1])
    made = Masker(counts, SPECIAL, MASK, 8, share=0.25, smoothing=2, seed=3)  # piece 7 has no count at all
    found = made(np.tile(np.array([2, 5, 6, 7]), (9000, 1)), np.arange(9000), 0)
    assert np.bincount(found.targets.ravel(), minlength=8)[5:] / 9000 == pytest.approx([1 / 3] * 3, abs=0.021)


def test_a_block_with_too_few_pieces_is_filled_up_with_what_does_not_count() -> None:
    ids = np.array([[2, 3, 9, 3, 3, 3, 3, 3, 3, 3], [2, 3, 3, 3, 3, 3, 3, 3, 3, 3]])
    found = masker(share=0.3)(ids, np.arange(2), 0)
    assert sorted(found.targets[0].tolist()) == [IGNORED, IGNORED, 9]
    assert found.targets[1].tolist() == [IGNORED] * 3
    assert (found.ids[1] == ids[1]).all() and (np.delete(found.ids[0], 2) == np.delete(ids[0], 2)).all()


@pytest.mark.parametrize(("length", "share", "wanted"), [(128, 0.15, 19), (512, 0.15, 77), (3, 0.1, 1), (10, 0.25, 2)])
def test_so_many_are_chosen(length: int, share: float, wanted: int) -> None:
    assert masker(share=share).n_chosen(length) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"share": 0.0}, "the share of masked pieces is 0.0; it must be over 0 and below 1"),
        ({"share": 1.0}, "the share of masked pieces is 1.0"),
        ({"smoothing": -0.1}, "the smoothing of frequencies is -0.1"),
        ({"smoothing": float("nan")}, "the smoothing of frequencies is nan"),
        ({"seed": -1}, "the seed is -1; it must be at least 0"),
    ],
)
def test_what_is_out_of_range_is_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        masker(**given)  # type: ignore[arg-type]


def test_a_vocabulary_of_special_pieces_is_refused() -> None:
    with pytest.raises(SettingsError, match="all 5 pieces of the vocabulary are special"):
        Masker(COUNTS[:5], SPECIAL, MASK, 5, seed=0)
