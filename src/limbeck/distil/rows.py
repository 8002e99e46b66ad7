"""The rows that a student learns from: labelled ones, texts without labels, sentences of long texts, variants.

No text of the validation rows, and none that is held out for a test, is learnt from, wherever it stands.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limbeck.data import Dataset, input_id, open_rows, read
from limbeck.distil.columns import text_columns
from limbeck.errors import DataError
from limbeck.text import Input, texts_in
from limbeck.text.sentences import sentences
from limbeck.text.words import words

if TYPE_CHECKING:
    from limbeck.models import WatchRows

SHORTEST, LONGEST = 5, 40
"""Words of a sentence that is cut from a long text: fewer say little by themselves, more are seldom one sentence."""


@dataclass(frozen=True)
class Pool:
    """Texts to learn from, each once."""

    dataset: Dataset
    """Without targets; its columns are those of the labelled rows, or of the first texts."""
    labels: tuple[str | float | None, ...]
    """The label of each, None where it has none."""
    notices: tuple[str, ...] = ()
    kept_out: frozenset[bytes] = frozenset()
    """Loose ids of validation and test texts: no variant of a text may be one of these either."""
    sources: tuple[Dataset, ...] = ()
    """Where the texts came from."""
    origins: tuple[tuple[int, int], ...] = ()
    """Of each text, which of ``sources`` it came from and which row of it, counted from 0."""

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which rows have a label of their own: shape ``(N,)``."""
        return np.array([label is not None for label in self.labels], np.bool_)

    def take(self, rows: Iterable[int]) -> Pool:
        """Some of the rows, in the order of their numbers' list."""
        chosen = [int(row) for row in rows]
        labels = tuple(self.labels[row] for row in chosen)
        origins = tuple(self.origins[row] for row in chosen) if self.origins else ()
        return replace(self, dataset=self.dataset.take(chosen), labels=labels, origins=origins)

    def where(self, rows: Iterable[int]) -> str:
        """Name files, and lines in them, where the texts at these indices stand."""
        found: dict[int, dict[object, int]] = {}
        for row in rows:
            n, place = self.origins[row]
            # the sentences that were cut from one text stand in one line, which is told once
            found.setdefault(n, {}).setdefault(self.sources[n].place(place) or place, place)
        told = [(self.sources[n], list(places.values())) for n, places in found.items()]
        return "; ".join(f"{source.name}: {source.where(places)}" for source, places in told)


def loose_id(item: Input) -> bytes:
    r"""The id of an input but for what nobody sees: white space at ends and doubled, accents beside their letters.

    Files of tests, and APIs that were asked, often have other ones.

    >>> loose_id("fine  cafe\u0301 ") == loose_id("fine caf\u00e9")
    True
    """
    if isinstance(item, str):
        return input_id(_plain(item))
    first, second = item
    return input_id((_plain(first), _plain(second)))


def loose_ids(parts: Iterable[Dataset]) -> frozenset[bytes]:
    """The loose ids of all inputs of some datasets."""
    return frozenset(loose_id(item) for part in parts for item in part.inputs)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def pool(
    labelled: Dataset | None, others: Sequence[Dataset], *, kept_out: Sequence[Dataset] = (), task: str, name: str
) -> Pool:
    """Put texts together: the labelled ones first, then the others, each text once, and none that looks like another.

    Args:
        labelled: rows with targets, or None; of a text that stands there twice, the first label counts.
        others: texts without.
        kept_out: validation rows and test texts; what stands there is left out.
        task: of the targets.
        name: of the whole, for messages.

    Raises:
        DataError: no text is left, or some inputs are pairs and some are single texts.
    """
    sources = [*([labelled] if labelled is not None else []), *others]
    kinds = {source.is_pairs for source in (*sources, *kept_out) if len(source)}
    if len(kinds) > 1:
        names = ", ".join(f"{one.name} ({'pairs' if one.is_pairs else 'texts'})" for one in (*sources, *kept_out))
        raise DataError(
            f"a student learns from single texts or from pairs, not from both: {names}; --text-column and "
            "--text-pair-column name the columns of all files"
        )
    out = loose_ids(kept_out)
    found: dict[bytes, tuple[Input, str | float | None]] = {}
    origins: list[tuple[int, int]] = []
    notices = []
    for n_source, source in enumerate(sources):
        targets: Sequence[Any] = source.targets if source is labelled and source.targets else [None] * len(source)
        held = again = otherwise = 0
        for row, (item, target) in enumerate(zip(source.inputs, targets, strict=True)):
            is_held = (key := loose_id(item)) in out
            held += is_held
            again += key in found
            if key in found and target is not None:
                otherwise += found[key][1] != target
            if not is_held and key not in found:
                found[key] = (item, target)
                origins.append((n_source, row))
        if held:
            notices.append(f"{source.name}: {held:,} rows stand among the validation or test texts and are left out")
        if again:
            label = f" ({otherwise:,} of them under another label: the first counts)" if otherwise else ""
            notices.append(f"{source.name}: {again:,} rows repeat a text, which is learnt once{label}")
    if not found:
        why = "; ".join(notices) or "give labelled rows, or --unlabelled FILE"
        raise DataError(f"{name}: no text is left to learn from; {why}")
    first, corrections = sources[0], None if labelled is None else labelled.corrections
    inputs = [item for item, _ in found.values()]
    dataset = Dataset(inputs, None, task, name=name, columns=first.columns, corrections=corrections)
    labels = tuple(label for _, label in found.values())
    return Pool(dataset, labels, tuple(notices), out, tuple(sources), tuple(origins))


def without(dataset: Dataset, others: Sequence[Dataset]) -> Dataset:
    """The rows whose text stands in none of the others, with a notice where some do."""
    out = loose_ids(others)
    kept = [row for row, item in enumerate(dataset.inputs) if loose_id(item) not in out]
    if len(kept) == len(dataset):
        return replace(dataset, notices=())
    n_out = len(dataset) - len(kept)
    notice = f"{n_out:,} of {len(dataset):,} validation rows stand among the test texts and are left out"
    return replace(dataset.take(kept), notices=(notice,))


def texts_of(
    path: Path,
    *,
    text_column: str | None = None,
    text_pair_column: str | None = None,
    encoding: str = "utf-8",
    skip_bad_rows: bool = False,
) -> Dataset:
    """The texts in a file; labels in it are not read.

    Args:
        path: the file.
        text_column: and the next: where the file has such a column, else guessed.
        text_pair_column: of the second text of a pair.
        encoding: of a text file.
        skip_bad_rows: leave damaged rows out with a notice.

    Raises:
        DataError: the file cannot be read, or its columns cannot be told.
    """
    source = open_rows(path, encoding=encoding, skip_bad_rows=skip_bad_rows)
    columns = text_columns(source, text_column, text_pair_column)
    found = read(source, text_column=columns.text, text_pair_column=columns.text_pair, labelled=False)
    return replace(found, notices=(*([f"{source.name}: {columns.why}"] if columns.why else []), *found.notices))


def sentences_of(
    dataset: Dataset, *, kept_out: Container[bytes] = frozenset(), watch: WatchRows | None = None
) -> Dataset:
    """The sentences of :data:`SHORTEST` to :data:`LONGEST` words in place of the texts, both texts of a pair.

    Args:
        dataset: the texts.
        kept_out: loose ids of texts of which no sentence is taken, such as those of a test.
        watch: shows how far it is.

    Raises:
        DataError: there are none.
    """
    cut: list[Input] = []
    lines: list[int] = []
    with contextlib.nullcontext() if watch is None else watch("cuts sentences", len(dataset)) as shown:
        for row, item in enumerate(dataset.inputs):
            if loose_id(item) not in kept_out:
                parts = [part for text in texts_in(item) for part in _cut(text)]
                cut += parts
                lines += [row + 1 if dataset.rows is None else dataset.rows[row]] * len(parts)
            if shown is not None:
                shown.advance(1)
    if not cut:
        raise DataError(f"{dataset.name}: no sentence has {SHORTEST} to {LONGEST} words; leave --cut-sentences out")
    notice = f"{dataset.name}: {len(cut):,} sentences of {SHORTEST} to {LONGEST} words in {len(dataset):,} texts"
    unit = "row" if dataset.rows is None else dataset.unit
    return replace(dataset, inputs=cut, rows=tuple(lines), unit=unit, notices=(*dataset.notices, notice))


def see_that_cuts_fit(parts: Iterable[Dataset]) -> None:
    """Raise where sentences, which are single texts, would be learnt from beside pairs.

    Raises:
        DataError: one of the ``parts`` is of pairs.
    """
    pairs = [part.name for part in parts if part.is_pairs]
    if pairs:
        raise DataError(f"--cut-sentences makes single texts, and {pairs[0]} has pairs; leave the flag out")


def _cut(text: str) -> list[str]:
    return [sentence for sentence in sentences(text) if SHORTEST <= len(words(sentence)) <= LONGEST]


def labelled_by(pool: Pool, said: Sequence[str] | Sequence[float], classes: Sequence[str]) -> Dataset:
    """The rows with a target each: their own label, or what the teacher says where they have none."""
    targets: list[Any] = [own if own is not None else other for own, other in zip(pool.labels, said, strict=True)]
    return replace(pool.dataset, targets=targets, classes=tuple(classes))


def missing(pool: Pool, found: NDArray[np.bool_]) -> str:
    """Count the rows of which no teacher said anything, and say where they stand; a text itself is never shown."""
    rows = np.flatnonzero(~found)
    return f"{len(rows):,} of {len(pool):,} texts have no teacher's answer ({pool.where(rows)})"
