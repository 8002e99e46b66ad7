"""Texts of the hub, streamed: ``hub:OWNER/NAME``, with ``/CONFIG`` and ``:SPLIT`` behind it where they are needed.

A stream has no fingerprint, so the dataset's commit stands for its content, and that commit is what is read. The
commit is remembered: a corpus that was prepared is found again without the hub.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from limbeck import cache
from limbeck.data import Row, RowSource
from limbeck.errors import DataError, require
from limbeck.models._hub import reason_of

PREFIX = "hub:"
_FORM = re.compile(r"(?P<owner>[^/:\s]+)/(?P<name>[^/:\s]+)(?:/(?P<config>[^/:\s]+))?(?::(?P<split>[^\s]+))?")
_KIND = "hub"


@dataclass(frozen=True)
class HubTexts:
    """A split of a dataset on the hub."""

    dataset: str
    """Owner and name."""
    config: str | None
    """Which of its configurations; None where it has one."""
    split: str

    @property
    def name(self) -> str:
        """As the user gave it, the split named."""
        return f"{PREFIX}{self.dataset}{f'/{self.config}' if self.config else ''}:{self.split}"

    @cached_property
    def commit(self) -> str:
        """The dataset's newest commit; the last one known where the hub cannot be asked.

        Raises:
            DataError: the hub does not give it.
            MissingExtra: the library ``datasets`` is not installed.
        """
        require("datasets", "hub")
        key = hashlib.sha256(self.dataset.encode()).hexdigest()[:32]
        try:
            found = str(require("huggingface_hub", "hub").HfApi().dataset_info(self.dataset).sha)
        except Exception as error:  # the hub raises its own, requests' and httpx's errors
            known = (cache.recall(_KIND, key) or {}).get("commit")
            if not isinstance(known, str):
                raise DataError(self._refused(error)) from None
            return known
        cache.remember(_KIND, key, {"commit": found})
        return found

    def content(self) -> str:
        """What stands for the content.

        Raises:
            DataError: the hub does not tell.
        """
        return f"{self.name}@{self.commit}"

    def n_rows(self) -> int:
        """Rows, or 0 where that is not known."""
        return 0

    def open_rows(self, *, encoding: str, skip_bad_rows: bool) -> RowSource:
        """Open the stream; ``encoding`` says nothing here.

        Raises:
            DataError: the hub does not give it, or it has no rows.
        """
        del encoding
        rows = self._stream()
        first = next(rows, None)
        if first is None:
            raise DataError(f"{self.name} has no rows; name another split behind the colon")
        return RowSource(self.name, list(first.cells), self._stream, skip_bad_rows=skip_bad_rows, unit="row")

    def _stream(self) -> Iterator[Row]:
        load, commit, place = require("datasets", "hub").load_dataset, self.commit, 0
        try:
            stream: Any = load(self.dataset, self.config, split=self.split, streaming=True, revision=commit)
            for place, cells in enumerate(stream, start=1):
                yield Row(place, dict(cells))
        except Exception as error:  # as above, and those of every format that a dataset may be in
            behind = f" behind row {place:,}" if place else ""
            raise DataError(self._refused(error, behind)) from None

    def _refused(self, error: Exception, behind: str = "") -> str:
        return (
            f"the hub did not give {self.name!r}{behind}: {reason_of(error)}; a name there has the form "
            f"{PREFIX}OWNER/NAME, with /CONFIG and :SPLIT behind it where the dataset has several"
        )


def hub_texts(source: str) -> HubTexts:
    """Read a name such as ``hub:stanfordnlp/imdb:unsupervised``; the split is ``train`` where none is named.

    >>> hub_texts("hub:wikimedia/wikipedia/20231101.en").name
    'hub:wikimedia/wikipedia/20231101.en:train'

    Raises:
        DataError: it is no such name.
    """
    found = _FORM.fullmatch(source.removeprefix(PREFIX))
    if found is None:
        raise DataError(f"{source!r} is no name on the hub; give {PREFIX}OWNER/NAME[/CONFIG][:SPLIT]")
    return HubTexts(f"{found['owner']}/{found['name']}", found["config"], found["split"] or "train")
