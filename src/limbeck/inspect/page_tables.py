"""The tables of the page of errors: slices, and what was taken for what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limbeck.inspect.charts import reach
from limbeck.inspect.markup import isolated, shown, table
from limbeck.inspect.slices import Slice

_MOST_SLICES = 60
_MOST_CLASSES = 20
"""With more classes the matrix is no table that one reads: the greatest confusions are listed."""
_MOST_PAIRS = 40


def slice_table(slices: Sequence[Slice], measure: str) -> str:
    """One row a slice, in the order given; the first so many."""
    chosen = slices[:_MOST_SLICES]
    low = 0.0
    high = 1.0 if measure == "accuracy" else max((one.measure.high for one in chosen), default=1.0)
    rows = [
        (
            isolated(one.by),
            isolated(one.value),
            f"{one.n_rows:,}",
            f"{one.measure.value:.3f}",
            f"{max(low, one.measure.low):.3f}–{one.measure.high:.3f}",  # no error is below 0
            reach(one.measure, low, high),
        )
        for one in chosen
    ]
    whole = table(("by", "value", "rows", shown(measure), "interval", ""), rows, numbers=(2, 3, 4))
    more = len(slices) - len(chosen)
    return whole + (f'<p class="note">{more} further slices are better.</p>' if more else "")


def confusion_table(confusion: NDArray[np.int64], classes: Sequence[str]) -> str:
    """The matrix with its diagonal in blue and errors in amber; of many classes the greatest confusions."""
    if len(classes) > _MOST_CLASSES:
        return _greatest_pairs(confusion, classes)
    totals = np.maximum(confusion.sum(axis=1), 1)
    rows = []
    for true, name in enumerate(classes):
        cells = [
            _cell(int(count), count / totals[true], is_hit=true == said) for said, count in enumerate(confusion[true])
        ]
        rows.append(f"<tr><th>{isolated(name)}</th>{''.join(cells)}</tr>")
    heads = "".join(f'<th class="n">{isolated(name)}</th>' for name in classes)
    return (
        f'<div class="wide"><table><thead><tr><th>label \\ answer</th>{heads}</tr></thead><tbody>{"".join(rows)}'
        "</tbody></table></div>"
    )


def _cell(count: int, share: float, *, is_hit: bool) -> str:
    depth = 0.08 + 0.5 * share if count else 0.0
    kind = "hit" if is_hit else "miss"
    return f'<td class="n {kind}" style="--depth: {depth:.2f}" title="{share:.1%} of this label">{count:,}</td>'


def _greatest_pairs(confusion: NDArray[np.int64], classes: Sequence[str]) -> str:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    totals = np.maximum(confusion.sum(axis=1), 1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    rows = []
    for true, said in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if count := int(wrong[true, said]):
            share = f"{count / totals[true]:.1%}"
            rows.append((isolated(classes[true]), isolated(classes[said]), f"{count:,}", share))
    return table(("label", "answer", "rows", "of this label"), rows, numbers=(2, 3))
