"""What a person sees of a long run: a bar on a terminal, plain lines elsewhere, all on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from limbeck.runtime.progress import Progress

if TYPE_CHECKING:
    from limbeck.models import Watch


class Reporter(Protocol):
    """Something that is told how far a run is."""

    def begin(self, done: int, total: int) -> None:
        """``done`` of ``total`` updates stand at the start."""
        ...

    def update(self, done: int, loss: float) -> None:
        """One more update is done."""
        ...

    def line(self, text: str) -> None:
        """Something worth a line."""
        ...

    def end(self) -> None:
        """The run is over, one way or another."""
        ...

    def watch(self, what: str, total: int) -> Watch:
        """Some work apart from the updates begins, over ``total`` rows."""
        ...


class Silent:
    """Says nothing; the default in Python."""

    def begin(self, done: int, total: int) -> None:
        """Say nothing."""

    def update(self, done: int, loss: float) -> None:
        """Say nothing."""

    def line(self, text: str) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""

    def watch(self, what: str, total: int) -> Watch:
        """Say nothing."""
        del what, total
        return _Unseen()


class _Unseen:
    """A watch that shows nothing."""

    def advance(self, n_rows: int) -> None:
        """Show nothing."""

    def __enter__(self) -> _Unseen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Console:
    """A bar where stderr is a terminal; elsewhere the lines alone, and a sign of life every minute."""

    EVERY_SECONDS = 60.0

    def __init__(self) -> None:
        self._bar: Any = None
        self._total = 0
        self._last = time.monotonic()

    def begin(self, done: int, total: int) -> None:
        """Open the bar."""
        self._total, self._last = total, time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=done, unit="update", dynamic_ncols=True, delay=1.0)

    def update(self, done: int, loss: float) -> None:
        """Move the bar, or give the sign of life."""
        if self._bar is not None:
            self._bar.update(1)
            self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        elif time.monotonic() - self._last > self.EVERY_SECONDS:
            self._last = time.monotonic()
            self.line(f"update {done} of {self._total}, loss {loss:.4f}")

    def line(self, text: str) -> None:
        """Print above the bar."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def watch(self, what: str, total: int) -> Watch:
        """A bar once it takes long; elsewhere a line now and then."""
        return Progress(what, total)
