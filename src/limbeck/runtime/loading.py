"""Load a folder: verified before anything of it is used.

Hashing runs beside the imports of numpy and onnxruntime, and opening the graph beside what reads the tokenizer: the
first answer of a 90 MB model is there 0.15 s sooner than one thing after another.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.artefact import verify
from limbeck.artefact.beside import Beside

if TYPE_CHECKING:
    from limbeck.runtime.predictor import Predictor


def load(
    folder: Path | str,
    *,
    threads: int | None = None,
    quick: bool = False,
    notify: Callable[[str], None] | None = None,
) -> Predictor:
    """Verify a saved folder and give what answers by it.

    The first load on a machine replays the folder's probes and remembers, in the user's cache, that they agreed.

    Args:
        folder: a saved model.
        threads: of one computation; None takes as many as there are cores.
        quick: for a process that answers a text or two: opens sooner, computes slower.
        notify: gets a line when the probes disagree; None warns.

    Raises:
        ArtefactError: it is no saved model, or files are missing or damaged; all of them are named.
    """
    verification = verify.start(folder)
    from limbeck.runtime.session import Session

    manifest = verification.result()
    opening = Beside(lambda: Session(Path(folder) / manifest.graph, threads=threads, quick=quick))
    from limbeck.runtime.check import first_time
    from limbeck.runtime.predictor import Predictor

    predictor = Predictor(folder, manifest, opening=opening)
    notice = first_time(predictor)
    if notice and notify:
        notify(notice)
    elif notice:
        warnings.warn(notice, stacklevel=2)
    return predictor
