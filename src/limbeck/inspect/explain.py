"""Why a model answered so: its words are left out, a batch at a time, and the answer is asked for again.

A text of ordinary length costs some two rows a word, and 32 more: each word left out, each two neighbours, and many
words by chance. Of a long text whole sentences are left out first, then parts of those that matter, down to their
words; of one longer than :data:`LONGEST` tokens both ends alone are looked into, so that the time has a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limbeck.inspect.explanation import Explanation, WordEffect
from limbeck.inspect.occlude import Masks, first_masks, log_odds, split_strongest, without, word_effects
from limbeck.inspect.units import Units, units
from limbeck.runtime.answer import Answer
from limbeck.runtime.inputs import checked
from limbeck.runtime.loading import load
from limbeck.runtime.predictor import Predictor
from limbeck.text import Input, texts_in

MOST_ROWS = 256
LEAST_ROWS = 36
"""Rows that a text of any length gets."""
ROUNDS = 3
"""Looks at a long text, each closer than the one before; each has its share of the rows."""
MOST_TOKENS = 16_384
"""Tokens of all rows of one text, unless they are too few for :data:`LEAST_ROWS`: a second's work for a small encoder
on two cores."""
LONGEST = 4096
"""Tokens of a text that are looked into: some 3,000 words, and half a minute with the model that ships on two old cores
(2,000 words took 17 s, 6,000 took 31 s)."""
_TOKEN_CHARACTERS = 8
"""Of what takes more characters a token, such as words that nobody can read, so many are looked into."""
_AT_ONCE = 32
"""Inputs whose rows are asked about together."""


def explain(model: Predictor | Path | str, text: Input, *, windows: bool | None = None) -> Explanation:
    """Explain the answer to one text, or to one pair.

    Args:
        model: a loaded predictor, or the folder of a saved model.
        text: what to answer.
        windows: read the whole of a long text; None does as the model's folder says.

    Raises:
        DataError: an input of the wrong kind.
        ArtefactError: the folder is no saved model.
    """
    return explain_many(model, [text], windows=windows)[0]


def explain_many(
    model: Predictor | Path | str, texts: Iterable[Input], *, windows: bool | None = None
) -> list[Explanation]:
    """Explain the answers to many texts, in their order; their rows share batches.

    What has no answer has an explanation without words, whose ``reason`` says why.

    Raises:
        DataError: an input of the wrong kind, named by its position.
        ArtefactError: the folder is no saved model.
    """
    predictor = model if isinstance(model, Predictor) else load(model)
    inputs = checked(texts, pairs=predictor.is_pairs)
    answers = predictor.predict(inputs, windows=windows)
    pairs = iter(zip(inputs, answers, strict=True))
    found: list[Explanation] = []
    while chunk := list(islice(pairs, _AT_ONCE)):
        found += _Asking(predictor, windows).explain(chunk)
    return found


def probability_without(predictor: Predictor, made: Explanation, masks: Masks) -> NDArray[np.float64]:
    """The probability of the explained class with the words left out that ``masks`` name: shape ``(N,)``.

    Args:
        predictor: answers.
        made: an explanation of an answer that is a class, of a text that was read whole.
        masks: True where a word stays: shape ``(N, len(made.words))``.
    """
    places = tuple((word.part, word.start, word.end) for word in made.words)
    given = Units(made.texts, predictor.is_pairs, places, ((),) * len(made.texts))
    logits, _ = predictor.logits([given.without(kept) for kept in masks.tolist()], refuse=False)
    return predictor.task.decode(logits.astype(np.float64)).columns[f"p_{made.label}"]


@dataclass
class _Job:
    """One input, and what was asked about it so far."""

    item: Input
    answer: Answer
    units: Units
    n_rows: int
    masks: list[Masks] = field(default_factory=list)
    outputs: list[NDArray[np.float64]] = field(default_factory=list)
    groups: list[NDArray[np.int64]] = field(default_factory=list)
    """Words that were left out together, of a long text."""
    moved: list[float] = field(default_factory=list)
    """What each group did to the answer."""
    next_groups: list[NDArray[np.int64]] = field(default_factory=list)
    """Groups that are being asked about."""

    def effects(self) -> NDArray[np.float64]:
        """What each word did to each output, from all rows that have an answer; the first row leaves nothing out."""
        masks, outputs = np.concatenate(self.masks), np.concatenate(self.outputs)
        answered: NDArray[np.bool_] = np.isfinite(outputs.sum(axis=1))
        return word_effects(masks[1:][answered[1:]], outputs[0] - outputs[1:][answered[1:]])


class _Asking:
    """Asks a predictor about inputs without some of their words."""

    def __init__(self, predictor: Predictor, windows: bool | None) -> None:
        self.predictor = predictor
        self.windows = predictor.reading.windows if windows is None else windows

    def explain(self, chunk: Sequence[tuple[Input, Answer]]) -> Iterator[Explanation]:
        """Explain the answers of ``chunk``, in its order."""
        jobs = [self._job(item, answer) for item, answer in chunk]
        asked = [job for job in jobs if len(job.units)]
        self._ask(asked, [self._first(job) for job in asked])
        for _ in range(ROUNDS - 1):
            closer = [(job, masks) for job in asked if (masks := self._closer(job)) is not None]
            self._ask([job for job, _ in closer], [masks for _, masks in closer])
        return (self._explanation(job) for job in jobs)

    def _job(self, item: Input, answer: Answer) -> _Job:
        given = texts_in(item)
        if answer.predicted is None:
            return _Job(item, answer, Units(given, len(given) == 2, (), ((),) * len(given)), 0)
        whole = [[(0, len(text))] for text in given]
        read = self.predictor.encoder.stretches_read(item) if answer.tokens_dropped else whole
        if read == whole and (most := _most_characters(given, answer.tokens_read)):
            read = [_both_ends(text, most // len(given)) for text in given]
            note = f"which words moved the answer was asked of the first and the last {most // 2:,} characters alone"
            answer = replace(answer, reason="; ".join(filter(None, [answer.reason, note])))
        n_rows = max(LEAST_ROWS, min(MOST_ROWS, MOST_TOKENS // max(1, answer.tokens_read)))
        return _Job(item, answer, units(item, read), n_rows)

    def _first(self, job: _Job) -> Masks:
        n_words = len(job.units)
        masks = first_masks(n_words, job.n_rows)
        if masks is None:
            job.next_groups = job.units.groups(job.n_rows // ROUNDS)
            masks = without(job.next_groups, n_words)
        return np.concatenate([np.ones((1, n_words), np.bool_), masks])

    def _closer(self, job: _Job) -> Masks | None:
        """Rows without parts of the groups that moved the answer most; None where there is nothing to look into."""
        if not job.next_groups:
            return None
        place, n_new = self._place(job.answer), len(job.next_groups)
        job.groups += job.next_groups
        job.moved += np.nan_to_num(job.outputs[0][0, place] - job.outputs[-1][-n_new:, place]).tolist()
        chosen, job.next_groups = split_strongest(job.groups, np.array(job.moved), job.n_rows // ROUNDS)
        for n in sorted(chosen, reverse=True):
            del job.groups[n], job.moved[n]
        return without(job.next_groups, len(job.units)) if job.next_groups else None

    def _ask(self, jobs: Sequence[_Job], masks: Sequence[Masks]) -> None:
        """Ask about all rows of all jobs at once, and hand each job its outputs; nan where a row has no answer."""
        rows = [job.units.without(kept) for job, rows in zip(jobs, masks, strict=True) for kept in rows.tolist()]
        logits, encoded = self.predictor.logits(rows, windows=self.windows, refuse=False)
        outputs = self._outputs(logits)
        outputs[~encoded.answerable] = np.nan
        for job, asked in zip(jobs, masks, strict=True):
            job.masks.append(asked)
            job.outputs.append(outputs[: len(asked)])
            outputs = outputs[len(asked) :]

    def _outputs(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds of each class, or the number: shape ``(N, C)``."""
        decoded = self.predictor.task.decode(logits.astype(np.float64)).columns
        probs = [decoded[f"p_{name}"] for name in self.predictor.classes if f"p_{name}" in decoded]
        return log_odds(np.stack(probs, axis=1)) if probs else logits.astype(np.float64)

    def _place(self, answer: Answer) -> int:
        """Which output the answer is."""
        classes = self.predictor.classes
        return classes.index(str(answer.predicted)) if answer.predicted in classes else 0

    def _explanation(self, job: _Job) -> Explanation:
        classes, answer, found = self.predictor.classes, job.answer, []
        effects = job.effects() if len(job.units) else np.zeros((0, 1))
        for (part, start, end), each in zip(job.units.places, effects, strict=True):
            towards = classes[int(each.argmax())] if classes else ""
            word = job.units.texts[part][start:end]
            found.append(WordEffect(word, start, end, float(each[self._place(answer)]), towards, part))
        return Explanation(job.item, answer.predicted, answer.probs, tuple(found), answer.tokens_dropped, answer.reason)


def _most_characters(texts: Sequence[str], n_tokens: int) -> int:
    """Characters of an input that are looked into; 0 where all of them are."""
    n_characters = sum(map(len, texts))
    most = min(LONGEST * _TOKEN_CHARACTERS, n_characters * LONGEST // max(1, n_tokens))
    return most if most < n_characters else 0


def _both_ends(text: str, most: int) -> list[tuple[int, int]]:
    """Its first and its last stretch, ``most`` characters together."""
    return [(0, len(text))] if len(text) <= most else [(0, most // 2), (len(text) - most // 2, len(text))]
