"""Which labels are likely wrong: what a model says of its rows, held against the labels they stand under.

A model's word on rows that it learnt from is biased towards their labels, wrong ones included. A second opinion is
therefore asked that saw no label of the row it judges: a logistic regression on the pieces of the text (the model's
own tokens, alone and in neighbouring pairs), fitted on the other four fifths of the rows. The two are pooled by the
geometric mean of their probabilities. On rows that the model has not seen, the model alone is asked. How many labels
are wrong is cleanlab's estimate from the confident joint (Northcutt et al. 2021, arXiv 1911.00068) of what is pooled.
It wants probabilities out of sample, and a model that has learnt the labels by heart would say that none is wrong:
where the model contradicts hardly any label of as many as the second opinion doubts, that one alone is asked how many
there are. It is weak, so that its estimate is high; the order does not depend on it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import require
from limbeck.inspect.duplicates import Group

EXTRA = "explain"
N_FOLDS = 5
LEAST_ROWS = 50
"""Fewer rows teach the second opinion nothing."""
_BITS = 18
_FEATURES = 1 << _BITS
"""Width of the hashed table of pieces and pairs."""
_WEIGHTS = 4_000_000
"""Weights of one regression at most, classes times features: 32 MB, and some 20 such arrays while it is fitted."""
_MOST_ROWS = 50_000
"""Rows that a regression learns from, and whose table is held at once: 0.2 GB for texts of 200 pieces, and 0.5 GB
while it is made."""
_CHUNK_ROWS = 4096
"""Rows whose pieces are hashed, and that are judged, at once."""
_LEAST_OF_CLASS = 10
"""Rows of a class that are in the sample where it has as many, however rare it is."""
_ODDS, _OTHER_ODDS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
"""Odd factors of multiplicative hashes, those of splitmix64 and xxHash64."""
_BY_HEART = 0.1
"""A model that contradicts fewer labels than this share of what the second opinion doubts has learnt them by heart.
Of 6,920 labels 500 were turned: after three epochs a model contradicted 0.93 of what the second opinion doubted; what
is pooled said 397, of which 281 were turned, and the second opinion 863, of which 398 were."""
_LEAST = 1e-12
"""A probability of 0 counts as so much: a model that is too sure can still be weighed."""
_CARE = 0.02
"""Share of every probability that is spread over the classes: none is ruled out by a few words."""

Array = NDArray[np.float64]
Table = Callable[[NDArray[np.int64]], Any]
"""Gives the features of some rows, as a regression takes them."""


@dataclass(frozen=True)
class LabelCheck:
    """What speaks against each label; nan, and the label itself, where a row has no answer."""

    probs: Array
    """Of each class, the pooled opinion: shape ``(N, C)``."""
    suspicion: Array
    """The chance that the label is wrong, by that opinion and by equal texts under other labels: shape ``(N,)``."""
    suggested: NDArray[np.int64]
    """The class that fits best; of likely errors the best other than the label: shape ``(N,)``."""
    order: NDArray[np.int64]
    """Rows that have an answer, by falling suspicion."""
    n_errors: int
    """How many labels are likely wrong: the first so many of ``order``."""
    second_opinion: bool
    """Whether the regression on pieces was asked too."""

    @property
    def likely(self) -> NDArray[np.int64]:
        """Rows whose label is likely wrong, the likeliest first."""
        return self.order[: self.n_errors]


def check_labels(
    probs: Array,
    targets: NDArray[np.int64],
    answered: NDArray[np.bool_],
    *,
    second: Array | None = None,
    duplicates: Sequence[Group] = (),
) -> LabelCheck:
    """Order the rows by the chance that their label is wrong.

    Args:
        probs: what the model says: shape ``(N, C)``.
        targets: the labels' numbers: shape ``(N,)``.
        answered: rows that have an answer: shape ``(N,)``.
        second: the opinion of :func:`out_of_fold`, for rows that the model learnt from: shape ``(N, C)``.
        duplicates: rows with the same text.

    Raises:
        MissingExtra: cleanlab is not installed.
    """
    count = require("cleanlab.count", EXTRA)
    kept = np.flatnonzero(answered)
    pooled = np.full(probs.shape, np.nan)
    pooled[kept] = probs[kept] if second is None else pool(probs[kept], second[kept])
    suspicion, suggested = np.full(len(targets), np.nan), targets.copy()
    suspicion[kept] = 1 - pooled[kept, targets[kept]]
    suggested[kept] = pooled[kept].argmax(axis=1)
    for group in duplicates:
        if group.contradicts and group.is_exact:
            _weigh(group, pooled, targets, suspicion, suggested)
    order = kept[np.argsort(-suspicion[kept], kind="stable")]
    n_errors = 0
    if len(np.unique(targets[kept])) > 1:
        n_errors = int(count.num_label_issues(*_present(targets[kept], pooled[kept])))
        if second is not None:
            n_doubted = int(count.num_label_issues(*_present(targets[kept], second[kept])))
            n_contradicted = int((probs[kept].argmax(axis=1) != targets[kept]).sum())
            n_errors = n_doubted if n_contradicted < _BY_HEART * n_doubted else n_errors
    likely = order[:n_errors]
    others = pooled[likely].copy()
    others[np.arange(len(likely)), targets[likely]] = -1.0
    suggested[likely] = np.where(suggested[likely] == targets[likely], others.argmax(axis=1), suggested[likely])
    return LabelCheck(pooled, suspicion, suggested, order, n_errors, second is not None)


def pool(first: Array, second: Array) -> Array:
    """The geometric mean of two opinions, normalised: shape ``(N, C)``, rows sum to 1.

    Source: Genest and Zidek 1986, "Combining probability distributions" (the logarithmic pool, equal weights).

    >>> pool(np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])).round(4).tolist()
    [[0.75, 0.25]]
    """
    together = np.sqrt(np.maximum(first, _LEAST) * np.maximum(second, _LEAST))
    result: Array = together / together.sum(axis=1, keepdims=True)
    return result


def out_of_fold(pieces: Sequence[NDArray[Any]], targets: NDArray[np.int64], n_classes: int, *, seed: int = 0) -> Array:
    """What a text's pieces say of its class, by regressions that never saw the row: shape ``(N, C)``, rows sum to 1.

    Tf-idf of hashed pieces and neighbouring pairs, multinomial logistic regression, five stratified folds; a class of a
    single row is never learnt for it. Needs no torch; a few seconds for 10,000 sentences. A regression learns from at
    most 50,000 rows, a seeded sample where there are more, and all are judged some at a time, so that the memory is
    bounded but for the texts' own pieces and the result.

    Raises:
        MissingExtra: scikit-learn, which cleanlab brings, is not installed.
    """
    LogisticRegression = require("sklearn.linear_model", EXTRA).LogisticRegression  # noqa: N806
    counts = np.bincount(targets, minlength=n_classes)
    result = np.repeat(((counts + 1) / (counts + 1).sum())[None], len(targets), axis=0)
    table_of = _tf_idf(pieces, most=_WEIGHTS // n_classes)
    fold_of = _folds(targets, seed)
    for fold in range(N_FOLDS):
        held, rest = np.flatnonzero(fold_of == fold), _sampled(np.flatnonzero(fold_of != fold), targets, seed)
        if not len(held) or len(np.unique(targets[rest])) < 2:
            continue
        model = LogisticRegression(max_iter=200, tol=1e-3)
        with warnings.catch_warnings():  # short of converged is near enough: what is wanted is an order
            warnings.simplefilter("ignore", require("sklearn.exceptions", EXTRA).ConvergenceWarning)
            model.fit(table_of(rest), targets[rest])
        for chunk in _chunks(held):
            said = np.zeros((len(chunk), n_classes))
            said[:, model.classes_] = model.predict_proba(table_of(chunk))
            result[chunk] = (1 - _CARE) * said + _CARE * result[chunk]
    return result


def _weigh(
    group: Group, pooled: Array, targets: NDArray[np.int64], suspicion: Array, suggested: NDArray[np.int64]
) -> None:
    """One text under several labels: each label counts as often as it stands there, times what is thought of it."""
    rows = np.array([row for row in group.rows if np.isfinite(suspicion[row])], np.int64)
    if not len(rows):
        return
    weights = np.bincount(targets[rows], minlength=pooled.shape[1]) * np.maximum(pooled[rows].mean(axis=0), _LEAST)
    shares = weights / weights.sum()
    suspicion[rows] = np.maximum(suspicion[rows], 1 - shares[targets[rows]])
    suggested[rows] = np.where(targets[rows] == shares.argmax(), suggested[rows], shares.argmax())


def _present(targets: NDArray[np.int64], probs: Array) -> tuple[NDArray[np.int64], Array]:
    """Labels and probabilities of the classes that have rows, numbered anew: the joint has no place for others."""
    classes, numbered = np.unique(targets, return_inverse=True)
    chosen = np.maximum(probs[:, classes], _LEAST)
    return numbered.ravel(), chosen / chosen.sum(axis=1, keepdims=True)


def _folds(targets: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The rows of each class dealt out over the folds in a seeded order: shape ``(N,)``."""
    order = np.random.default_rng(seed).permutation(len(targets))
    dealt = order[np.argsort(targets[order], kind="stable")]
    fold_of = np.empty(len(targets), np.int64)
    fold_of[dealt] = np.arange(len(targets)) % N_FOLDS
    return fold_of


def _tf_idf(pieces: Sequence[NDArray[Any]], *, most: int) -> Table:
    """What gives a sparse table of some rows, each of length 1: logarithmic counts times inverse frequency.

    Columns are what occurs in two rows of all, the ``most`` frequent of them. Of many rows nothing is kept but that.
    """
    sparse = require("scipy.sparse", EXTRA)
    frequency = np.zeros(_FEATURES, np.int64)
    for chunk in _chunks(np.arange(len(pieces))):
        frequency += np.bincount(_counted(pieces, chunk).indices, minlength=_FEATURES)
    # what occurs in two rows at least, the most frequent where there are more than the regression may have
    kept = np.flatnonzero(frequency > 1)
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")][:most])
    rarity = np.log((1 + len(pieces)) / (1 + frequency[kept])) + 1

    def weighed(chunk: NDArray[np.int64]) -> Any:
        table = _counted(pieces, chunk)
        table.data = 1 + np.log(table.data)
        weighted = table[:, kept].multiply(rarity).tocsr()
        lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ weighted

    def table_of(rows: NDArray[np.int64]) -> Any:
        return sparse.vstack([weighed(chunk) for chunk in _chunks(rows)], format="csr")

    if len(pieces) > _MOST_ROWS:
        return table_of
    whole = table_of(np.arange(len(pieces)))
    return lambda rows: whole[rows]


def _counted(pieces: Sequence[NDArray[Any]], rows: NDArray[np.int64]) -> Any:
    """How often each hashed piece and each hashed pair of neighbours occurs in some rows: a sparse table."""
    sparse = require("scipy.sparse", EXTRA)
    flat = np.concatenate([pieces[row] for row in rows], dtype=np.uint64, casting="unsafe")
    row_of = np.repeat(np.arange(len(rows), dtype=np.int32), [len(pieces[row]) for row in rows])
    one = (flat + np.uint64(1)) * _ODDS
    two = (one[:-1] ^ (one[1:] * _OTHER_ODDS)) * _ODDS
    is_pair = row_of[:-1] == row_of[1:]  # neighbours of one row, and not its last piece with the next one's first
    columns = np.concatenate([_columns(one), _columns(two[is_pair])])
    places = np.concatenate([row_of, row_of[:-1][is_pair]]), columns
    return sparse.csr_matrix((np.ones(len(columns), np.float32), places), shape=(len(rows), _FEATURES))


def _columns(hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
    mixed: NDArray[np.int32] = ((hashes ^ (hashes >> np.uint64(31))) * _ODDS >> np.uint64(64 - _BITS)).astype(np.int32)
    return mixed


def _chunks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows some at a time, in their order."""
    for begin in range(0, len(rows), _CHUNK_ROWS):
        yield rows[begin : begin + _CHUNK_ROWS]


def _sampled(rows: NDArray[np.int64], targets: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Those of the rows that a regression learns from, ascending: all, or of many each class's share of the most.

    Of a rare class a few are taken all the same: one without a row would be called wrong wherever it stands.
    """
    if len(rows) <= _MOST_ROWS:
        return rows
    shuffled = np.random.default_rng(seed).permutation(rows)
    order = shuffled[np.argsort(targets[shuffled], kind="stable")]
    counts = np.bincount(targets[order])
    shares = np.maximum(counts * _MOST_ROWS // len(rows), min(_LEAST_OF_CLASS, _MOST_ROWS // len(counts)))
    rank = np.arange(len(order)) - (np.cumsum(counts) - counts)[targets[order]]
    result: NDArray[np.int64] = np.sort(order[rank < shares[targets[order]]])
    return result
