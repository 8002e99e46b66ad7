"""Load a folder: verified before anything of it is used, hashed while the libraries that will read it are imported."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.artefact import verify

if TYPE_CHECKING:
    from limbeck.runtime.predictor import Predictor


def load(folder: Path | str, *, threads: int | None = None, notify: Callable[[str], None] | None = None) -> Predictor:
    """Verify a saved folder and give what answers by it.

    The first load on a machine replays the folder's probes and remembers, in the user's cache, that they agreed.

    Args:
        folder: a saved model.
        threads: of one computation; None takes as many as there are cores.
        notify: gets a line when the probes disagree; None warns.

    Raises:
        ArtefactError: it is no saved model, or files are missing or damaged; all of them are named.
    """
    verification = verify.start(folder)
    from limbeck.runtime.check import first_time
    from limbeck.runtime.predictor import Predictor

    predictor = Predictor(folder, verification.result(), threads=threads)
    notice = first_time(predictor)
    if notice and notify:
        notify(notice)
    elif notice:
        warnings.warn(notice, stacklevel=2)
    return predictor
