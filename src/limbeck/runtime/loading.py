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
    from limbeck.runtime.precision import Precision
    from limbeck.runtime.predictor import Predictor
    from limbeck.runtime.session import Session


def load(
    folder: Path | str,
    *,
    threads: int | None = None,
    quick: bool = False,
    precision: Precision | None = None,
    notify: Callable[[str], None] | None = None,
) -> Predictor:
    """Verify a saved folder and give what answers by it.

    The first load on a machine replays the folder's probes and remembers, in the user's cache, that they agreed. Where
    int8 answers are out of tolerance, it falls back to float32 and says so.

    Args:
        folder: a saved model.
        threads: of one computation; None takes as many as there are cores.
        quick: for a process that answers a text or two: opens sooner, computes slower; the first question waits until
            the graph is open, and is told of an error then.
        precision: float32 or int8; None takes float32, of the int8 weights where they are there.
        notify: gets a line when the probes disagree; None warns.

    Raises:
        ArtefactError: it is no saved model, or files are missing or damaged; all of them are named.
        SettingsError: the folder has no graph of that precision.
    """
    verification = verify.start(folder)
    from limbeck.runtime.precision import way
    from limbeck.runtime.session import open_session

    manifest = verification.result()

    def begin(asked: Precision | None) -> Beside[Session]:
        chosen = way(manifest, asked)
        return Beside(lambda: open_session(Path(folder), chosen, threads=threads, quick=quick))

    opening = begin(precision)
    from limbeck.runtime.check import trusted
    from limbeck.runtime.predictor import Predictor

    def in_float32() -> Predictor:
        return Predictor(folder, manifest, precision="float32", opening=begin("float32"))

    predictor = Predictor(folder, manifest, precision=precision, opening=opening)
    predictor, notice = trusted(predictor, instead=in_float32)
    if not quick:
        predictor.wait()
    if notice and notify:
        notify(notice)
    elif notice:
        warnings.warn(notice, stacklevel=2)
    return predictor
