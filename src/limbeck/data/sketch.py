"""A sketch of the texts that a model learnt from, small enough for its manifest, and how many of others are among them.

Figures on rows of the training flatter a model, so an evaluation must know them again, whatever their order or labels.
Kept are the least hashes of the distinct inputs (Broder 1997, "On the resemblance and containment of documents"): of
any other rows, those under the greatest kept hash are a fair sample, and of each it is known whether it was learnt. A
fingerprint was rejected: one row more and it knows nothing. Four bytes of a hash tell no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SIZE = 128
"""Hashes that are kept."""
LEAST_ROWS = 4
"""Fewer rows in the sample tell no share."""
_BYTES = 4


def sketch(ids: Iterable[bytes]) -> list[str]:
    """Give the least :data:`SIZE` distinct hashes of the inputs with these ids, in hex and ascending."""
    return sorted({key[:_BYTES].hex() for key in ids})[:SIZE]


def share_known(kept: Sequence[str], ids: Iterable[bytes]) -> float | None:
    """Estimate which share of the distinct inputs ``ids`` is among those that ``kept`` was made of.

    Returns:
        A share between 0 and 1, exact where fewer than :data:`SIZE` inputs were sketched; None where fewer than
        :data:`LEAST_ROWS` (or nothing sketched) could tell it.

    >>> share_known(["00000001", "00000005"], [bytes(3) + bytes([n]) + bytes(12) for n in (1, 5, 9, 12)])
    0.5
    """
    if not kept:
        return None
    hashes = {key[:_BYTES].hex() for key in ids}
    if len(kept) >= SIZE:
        hashes = {value for value in hashes if value <= max(kept)}
    if len(hashes) < LEAST_ROWS:
        return None
    return len(hashes & set(kept)) / len(hashes)
