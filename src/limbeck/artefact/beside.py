"""Work that runs beside other work: hashing and opening a graph take no interpreter time, imports take little else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Beside(threading.Thread, Generic[Result]):
    """Runs ``work`` in a thread that starts at once; :meth:`result` waits for its end."""

    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do the work, keeping its outcome."""
        try:
            self._results.append(self._work())
        except BaseException as error:  # raised again in the thread that asks for the result
            self._error = error

    def result(self) -> Result:
        """What the work gave, once it has; an error of the work is raised here."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._results[0]
