"""A corpus: any texts as blocks of token ids, tokenized once.

What was prepared is found again by what decides it: what the sources hold, the tokenizer, and how they are read. The
length of a block does not, so that one preparation serves all lengths.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import DataError, refuse, together
from limbeck.pretrain import stored
from limbeck.pretrain.blocks import Blocks, Layout, layout_of
from limbeck.pretrain.stored import Damaged, Stored
from limbeck.pretrain.texts import Source, Texts, open_texts, sources_of
from limbeck.pretrain.writing import Part, Writer, batches, save_counts
from limbeck.text import Encoder

if TYPE_CHECKING:
    from limbeck.models import WatchRows

_KIND = "corpora"
SHARES = (0.01, 0.1, 0.3)
"""Of the texts that are held back where nothing is said: more where a smaller share holds no block."""


@dataclass(frozen=True)
class Corpus:
    """Texts as blocks, each text wholly in one of two parts."""

    train: Blocks
    """To learn from."""
    valid: Blocks
    """To validate by: no text of it stands in ``train``."""
    counts: NDArray[np.int64]
    """How often each piece occurs in the part to learn from: shape ``(V,)``."""
    fingerprint: str
    """Hex digits over the sources' content, the tokenizer and how the texts were read; not over the length."""
    notices: list[str]
    """What was left out, and how columns were found."""
    n_texts: int
    """Texts in both parts."""


@dataclass(frozen=True)
class _Wanted:
    """How the sources are read."""

    text_column: str | None
    encoding: str
    skip_bad_rows: bool
    valid_share: float
    limit_tokens: int | None


class _NoneHeldBack(DataError):
    """The texts held back have not one block, where those to learn from have."""


def prepare(
    sources: Sequence[str],
    tokenizer: str,
    length: int,
    *,
    home: Path,
    text_column: str | None = None,
    encoding: str = "utf-8",
    skip_bad_rows: bool = False,
    valid_share: float | None = None,
    limit_tokens: int | None = None,
    watch: WatchRows | None = None,
) -> Corpus:
    """Give the corpus of some sources, prepared before or now.

    Args:
        sources: paths, and names on the hub such as ``hub:stanfordnlp/imdb:unsupervised``.
        tokenizer: the text of a ``tokenizer.json``.
        length: tokens of a block, those around it included.
        home: the folder of caches; the corpus stands below it.
        text_column: read in the sources that have it; else guessed.
        encoding: of text files.
        skip_bad_rows: leave damaged rows out with a notice.
        valid_share: of the texts for validation. The hash of a text decides, so that equal texts are on one side. The
            first of :data:`SHARES` that holds a block where None.
        limit_tokens: reading stops where the streams hold so many; None reads all.
        watch: shows how far it is.

    Raises:
        ArtefactError: ``tokenizer`` is none.
        DataError: a source cannot be read, holds no usable text or too little of it, or the disk is full.
        SettingsError: a length, a share or a limit is out of range.
    """
    encoder = Encoder.from_string(tokenizer)
    layout = layout_of(encoder)
    first, *larger = SHARES if valid_share is None else (valid_share,)
    wanted = _Wanted(text_column, encoding, skip_bad_rows, first, limit_tokens)
    _check(sources, length, wanted, layout)

    def kept(wanted: _Wanted) -> Corpus:
        return _kept(sources, encoder, layout, wanted, tokenizer=tokenizer, length=length, home=home, watch=watch)

    for share in larger:
        with contextlib.suppress(_NoneHeldBack):
            return kept(wanted)
        wanted = replace(wanted, valid_share=share)
    return kept(wanted)


def _kept(
    sources: Sequence[str],
    encoder: Encoder,
    layout: Layout,
    wanted: _Wanted,
    *,
    tokenizer: str,
    length: int,
    home: Path,
    watch: WatchRows | None,
) -> Corpus:
    """The corpus as it stands in ``home``, made where it does not."""
    given = sources_of(sources)
    fingerprint = _fingerprint(given, tokenizer, wanted)
    folder = home / _KIND / fingerprint
    found, told = _recall(folder)
    if found is None:
        found = _made(folder, given, encoder, layout, wanted, watch)
        told.append(f"kept in {str(folder)!r} ({stored.size_of(folder):,} bytes) for the next time")
    train = Blocks(folder / stored.TRAIN, found.train_tokens, length, layout)
    valid = Blocks(folder / stored.VALID, found.valid_tokens, length, layout)
    _check_enough(train, valid, found, wanted)
    return Corpus(
        train,
        valid,
        stored.counts_of(folder),
        fingerprint,
        [*told, *found.notices],
        found.train_texts + found.valid_texts,
    )


def _check(sources: Sequence[str], length: int, wanted: _Wanted, layout: Layout) -> None:
    problems = []
    if not sources:
        problems.append("no corpus is given; name files of texts, or hub:OWNER/NAME")
    if length <= layout.n_around:
        problems.append(f"a block of {length} tokens is filled by the {layout.n_around} special ones; give more")
    if not 0 < wanted.valid_share < 1:
        problems.append(f"the share of texts for validation is {wanted.valid_share}; it must be over 0 and below 1")
    if wanted.limit_tokens is not None and wanted.limit_tokens < 1:
        problems.append(f"the corpus is to end at {wanted.limit_tokens} tokens; give at least 1")
    refuse(problems)


def _fingerprint(sources: Sequence[Source], tokenizer: str, wanted: _Wanted) -> str:
    """Hex digits over all that decides what is stored.

    Raises:
        DataError: sources are not there; all of them are told.
    """
    contents, problems = [], []
    for source in sources:
        try:
            contents.append(source.content())
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(together(problems))
    decides = {
        "format": stored.FORMAT_VERSION,
        "tokenizer": hashlib.sha256(tokenizer.encode("utf-8", "surrogatepass")).hexdigest(),
        "contents": contents,
        "wanted": asdict(wanted),
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


def _recall(folder: Path) -> tuple[Stored | None, list[str]]:
    """The corpus that stands there, if one does and is whole, and what is to be said of it."""
    try:
        found = stored.recall(folder)
    except Damaged as damage:
        return None, [f"the prepared corpus in {str(folder)!r} is damaged ({damage}); it is made anew"]
    told = [] if found is None else ["the corpus was prepared before: no text is read again"]
    return found, told


def _made(
    folder: Path,
    sources: Sequence[Source],
    encoder: Encoder,
    layout: Layout,
    wanted: _Wanted,
    watch: WatchRows | None,
) -> Stored:
    """The corpus, made now."""
    texts = open_texts(
        sources, text_column=wanted.text_column, encoding=wanted.encoding, skip_bad_rows=wanted.skip_bad_rows
    )
    with (
        contextlib.nullcontext()
        if watch is None
        else watch("reads texts", sum(one.n_rows() for one in sources)) as shown
    ):

        def advance(n_texts: int) -> None:
            if shown is not None:
                shown.advance(n_texts)

        return stored.store(folder, lambda staging: _fill(staging, texts, encoder, layout, wanted, advance))


def _fill(
    staging: Path,
    texts: Sequence[Texts],
    encoder: Encoder,
    layout: Layout,
    wanted: _Wanted,
    advance: Callable[[int], None],
) -> Stored:
    """Write the streams and the counts into ``staging``.

    Raises:
        DataError: rows are damaged, or no text is usable.
        OSError: the disk refuses it.
    """
    with (staging / stored.TRAIN).open("wb") as train_file, (staging / stored.VALID).open("wb") as valid_file:
        train, valid = Part(train_file, layout), Part(valid_file, layout)
        writer = Writer(encoder, train, valid, valid_share=wanted.valid_share, limit_tokens=wanted.limit_tokens)
        begun = []
        for one in texts:
            begun.append(one)
            with contextlib.closing(batches(one)) as parts:
                for batch in parts:
                    writer.write(batch)
                    advance(len(batch))
                    if writer.is_full:
                        break
            if writer.is_full:
                break
    save_counts(staging / stored.COUNTS, train.counts)
    notices = [*(notice for one in begun for notice in one.notices), *writer.notices()]
    if not train.n_texts + valid.n_texts:
        names = ", ".join(one.name for one in texts)
        why = f" ({'; '.join(notices)})" if notices else ", which has no rows"
        raise DataError(f"no usable text in {names}{why}; give texts with words in them")
    return Stored(train.n_tokens, train.n_texts, valid.n_tokens, valid.n_texts, tuple(notices))


def _check_enough(train: Blocks, valid: Blocks, found: Stored, wanted: _Wanted) -> None:
    """Raise where a part has not one block.

    Raises:
        DataError: the message has the tokens that there are, and those that a block takes.
    """
    problems = []
    more = "give more texts (each is wholly learnt from or held back: cut long ones)"
    takes = f"a block of {train.length} takes {train.width} beside the special ones"
    if not len(train):
        or_less = f"a smaller --length, or a smaller --valid-share than {wanted.valid_share:g}"
        problems.append(
            f"the texts to learn from, {found.train_texts:,}, have {train.n_tokens:,} tokens, and {takes}: "
            f"{more}, {or_less if len(valid) else 'or a smaller --length'}"
        )
    if not len(valid):
        problems.append(
            f"the texts to validate by, {found.valid_texts:,}, have {valid.n_tokens:,} tokens, and {takes}: "
            f"{more}, a smaller --length, or a larger --valid-share than {wanted.valid_share:g}"
        )
    if problems:
        kind = _NoneHeldBack if len(train) else DataError
        raise kind("\n".join([*found.notices, together(problems)]))
