"""Dynamic masking: which pieces of a block are hidden, drawn anew each epoch, from numbers alone.

What is drawn for a block depends on the seed, the epoch and the block's number, and on nothing else: not on the batch
that it stands in, not on the processes, not on what was drawn before. So a resume has nothing to restore.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import SettingsError
from limbeck.losses import IGNORED

MASKED, KEPT = 0.8, 0.1
"""Of the chosen pieces so many become the mask, and so many stay; the others become a random piece."""
VALIDATION = 2**32 - 1
"""Stands for the epoch of validation blocks; no training reaches it."""


@dataclass(frozen=True)
class Masked:
    """B blocks to guess pieces of, the same number P in each, so that logits are computed there alone."""

    ids: NDArray[np.int64]
    """What the model reads: shape ``(B, L)``."""
    positions: NDArray[np.int64]
    """Where it is asked, ascending in each row: shape ``(B, P)``."""
    targets: NDArray[np.int64]
    """The piece that stood there, or :data:`IGNORED` where a block has fewer pieces than P: shape ``(B, P)``."""


class Masker:
    """Hides pieces of blocks, rare ones more often than frequent ones.

    Of each block P = max(1, round(share * L)) pieces are chosen without replacement, with probability proportional to
    ``count ** -smoothing``; of these 80 % become the mask, 10 % stay and 10 % become any piece that is not special.
    What is chosen is what has the smallest keys ``exponential / weight``.

    Args:
        counts: how often each piece occurs in the training text, shape ``(V,)``; 0 counts as 1.
        special_ids: pieces that are never chosen, and never put in place of others.
        mask_id: the piece that stands for a hidden one.
        n_pieces: pieces of the vocabulary.
        share: of the tokens of a block, special ones counted.
        smoothing: 0 chooses all occurrences alike, 1 all pieces.
        seed: of all draws.

    Raises:
        SettingsError: ``share``, ``smoothing`` or ``seed`` is out of range, or all pieces are special.

    Source: Devlin et al. 2019, section 3.1 (80/10/10); DistilBERT's code, ``prepare_batch_mlm`` (frequencies, after
    Lample & Conneau 2019, section 3.2), which draws from the whole batch, and special pieces too for the random 10 %;
    Efraimidis & Spirakis 2006, algorithm A-ES (the keys).
    """

    def __init__(
        self,
        counts: NDArray[np.int64],
        special_ids: Sequence[int],
        mask_id: int,
        n_pieces: int,
        *,
        share: float = 0.15,
        smoothing: float = 0.7,
        seed: int,
    ) -> None:
        if not 0 < share < 1:
            raise SettingsError(f"the share of masked pieces is {share}; it must be over 0 and below 1")
        if not 0 <= smoothing <= 10:
            raise SettingsError(f"the smoothing of frequencies is {smoothing}; it must be from 0 to 10")
        if seed < 0:
            raise SettingsError(f"the seed is {seed}; it must be at least 0")
        special = np.unique(np.asarray([*special_ids, mask_id], np.int64))
        n_known = max(n_pieces, len(counts))
        occurrences = np.ones(n_known)
        occurrences[: len(counts)] = np.maximum(counts, 1)
        self._per_weight = occurrences**smoothing  # 1 / weight, so that a key is a product
        self._per_weight[special[special < n_known]] = np.inf
        self._ordinary = np.setdiff1d(np.arange(n_pieces), special)
        if not len(self._ordinary):
            raise SettingsError(f"all {n_pieces} pieces of the vocabulary are special; there is none to guess")
        self.mask_id = mask_id
        self.share = share
        self.seed = seed

    def n_chosen(self, length: int) -> int:
        """Pieces chosen of a block of ``length`` tokens: P.

        >>> Masker(np.ones(9), [0], 1, 9, seed=1).n_chosen(128)
        19
        """
        return max(1, round(self.share * length))

    def __call__(self, ids: NDArray[np.int64], numbers: NDArray[np.int64], epoch: int | None) -> Masked:
        """Hide pieces of blocks.

        Args:
            ids: the blocks, shape ``(B, L)``; left as they are.
            numbers: of each in the corpus, shape ``(B,)``.
            epoch: from 0; None for validation, where a block is masked alike each time.
        """
        n_rows, length = ids.shape
        n_chosen = self.n_chosen(length)
        keys = np.empty((n_rows, length))
        draws = np.empty((n_rows, 2, n_chosen))
        for row, number in enumerate(numbers.tolist()):
            rng = np.random.default_rng([self.seed, VALIDATION if epoch is None else epoch, number])
            rng.standard_exponential(out=keys[row])
            rng.random(out=draws[row])
        fates, pieces = draws[:, 0], draws[:, 1] * len(self._ordinary)
        keys *= self._per_weight[ids]
        positions = np.sort(np.argpartition(keys, n_chosen - 1, axis=1)[:, :n_chosen], axis=1)
        stood = np.take_along_axis(ids, positions, axis=1)
        is_asked = np.isfinite(np.take_along_axis(keys, positions, axis=1))
        put = np.where(fates < MASKED, self.mask_id, self._ordinary[pieces.astype(np.int64)])
        put = np.where((fates >= MASKED) & (fates < MASKED + KEPT), stood, put)
        hidden = ids.copy()
        np.put_along_axis(hidden, positions, np.where(is_asked, put, stood), axis=1)
        return Masked(hidden, positions, np.where(is_asked, stood, IGNORED))
