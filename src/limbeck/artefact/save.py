"""Save a folder so that a half-written one is never seen.

Files are written into a folder beside the target and flushed to disk; ``limbeck.json`` comes last; then the folder is
renamed into place. A former artefact is moved aside before and removed after: at every moment the disk holds one whole.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.artefact import card, probes
from limbeck.artefact.copies import list_files
from limbeck.artefact.manifest import NAME, TOKENIZER, Manifest
from limbeck.cache import is_alive
from limbeck.errors import ArtefactError, together

if TYPE_CHECKING:
    from limbeck.text import Input

_OF_SAFETENSORS = "SafetensorError"
"""What safetensors, an extra, makes of a disk that refuses."""

Fill = Callable[[Path], Manifest]
"""Writes the model's files into a folder and gives the manifest; probes and files in it are filled in afterwards."""
Probe = Callable[[Path, Manifest, "Sequence[Input]"], Sequence[Sequence[float]]]
"""Answers probe texts with the folder's graph: logits."""


def check_target(out: Path | str, *, overwrite: bool = False, mark: str = NAME) -> Path:
    """Give the absolute path that :func:`seal` would save to; long work asks this first.

    ``mark`` is the file that tells a folder that may be replaced with ``overwrite`` from others.

    Folders above it are made, and what a killed save left there is mended: a former artefact that comes back counts.

    Raises:
        ArtefactError: something is there that may not be replaced, or the place cannot be written.
    """
    shown = str(out)
    with _naming(out):
        path = Path(out).resolve()
        if not path.name:
            raise ArtefactError(f"{shown!r} cannot hold a model; give a folder of its own")
        path.parent.mkdir(parents=True, exist_ok=True)
        recover(path, mark=mark)
        refuse_others(path, shown, overwrite=overwrite, mark=mark)
        trial = sibling(path, "trial")
        trial.touch()
        trial.unlink()
    return path


def refuse_others(path: Path, shown: str, *, overwrite: bool, mark: str = NAME) -> None:
    """Raise where something stands at ``path`` that may not be replaced; nothing is made.

    Raises:
        ArtefactError: a model, a file, or a folder of other files.
    """
    if path.is_dir():
        if (path / mark).exists():
            if not overwrite:
                raise ArtefactError(f"{shown!r} already holds a model; give another --out, or add --overwrite")
        elif any(path.iterdir()):
            raise ArtefactError(f"{shown!r} is a folder with other files, which are never replaced; give another --out")
    elif path.exists():
        raise ArtefactError(f"{shown!r} is a file; give a folder")


def seal(out: Path | str, *, fill: Fill, probe: Probe, overwrite: bool = False, about: str = "") -> Manifest:
    """Save an artefact at ``out``: all of it or nothing.

    Args:
        out: the folder to make; folders above it are made too.
        fill: writes the model files and gives the manifest. It may open and measure the staged graph.
        probe: answers the probes, as :func:`limbeck.runtime.session.answer_probes` does.
        overwrite: replace an artefact that is there.
        about: what the card says of it, as :func:`limbeck.artefact.card.write` takes it.

    Raises:
        ArtefactError: the target may not be replaced, ``fill`` left out a file, or the disk is full or failing.
    """
    manifests: list[Manifest] = []

    def whole(staging: Path) -> None:
        manifests.append(_complete(staging, fill(staging), probe, about))

    write_folder(out, whole, overwrite=overwrite)
    return manifests[0]


def write_folder(out: Path | str, fill: Callable[[Path], None], *, mark: str = NAME, overwrite: bool = False) -> None:
    """Make a folder at ``out``: all of it or nothing.

    Args:
        out: the folder to make; folders above it are made too.
        fill: writes the files into an empty folder that stands beside until it is whole.
        mark: the file by which such a folder is known: one that has it may be replaced.
        overwrite: replace one that is there.

    Raises:
        ArtefactError: the target may not be replaced, or the disk is full or failing.
    """
    target = check_target(out, overwrite=overwrite, mark=mark)
    staging = sibling(target, "partial")
    shutil.rmtree(staging, ignore_errors=True)
    with _naming(out):
        try:
            staging.mkdir()
            fill(staging)
            _open_modes(staging)
            flush(staging)
            _into_place(staging, target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def recover(target: Path, *, mark: str = NAME) -> None:
    """Mend what a save to ``target`` left behind when its process was killed: a former artefact goes back."""
    for aside in leftovers(target, "replaced"):
        if not target.exists():
            aside.rename(target)
        elif (target / mark).exists():
            shutil.rmtree(aside, ignore_errors=True)
    for partial in leftovers(target, "partial"):
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _naming(out: Path | str) -> Iterator[None]:
    """Turn what the disk refuses into an error that names the target."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__name__ != _OF_SAFETENSORS:
            raise
        why = getattr(error, "strerror", None) or error
        above = [str(one) for one in Path(out).parents]
        file = next(filter(os.path.isfile, above), None)  # of a name too long, ``Path.is_file`` raises
        if file is not None:
            why = f"{file!r} is a file, in which no folder can stand"
        raise ArtefactError(f"cannot save a model at {str(out)!r}: {why}; make room or give another --out") from error


def _complete(staging: Path, manifest: Manifest, probe: Probe, about: str) -> Manifest:
    """Add probes, card and the list of files, and write the manifest."""
    lacking = [name for name in (TOKENIZER, "config.json") if not (staging / name).is_file()]
    if lacking:
        raise ArtefactError(together(f"the model to save has no {name}" for name in lacking))
    texts = probes.draw(staging, seed=manifest.seed or 0, pairs=manifest.is_pairs)
    manifest = replace(manifest, probes={"tolerance": probes.TOLERANCE} | manifest.probes)
    logits = [[float(value) for value in row] for row in probe(staging, manifest, texts)]
    answered = {"texts": [list(text) if isinstance(text, tuple) else text for text in texts], "logits": logits}
    manifest = replace(manifest, probes=manifest.probes | answered)
    (staging / "README.md").write_text(card.write(manifest, about), encoding="utf-8")
    _open_modes(staging)
    manifest = replace(manifest, files=list_files(staging))
    (staging / NAME).write_bytes(manifest.to_bytes())
    return Manifest.read(staging)


def _open_modes(folder: Path) -> None:
    """Give every file the mode that the user's umask asks for: some writers make theirs private."""
    umask = os.umask(0)
    os.umask(umask)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o666 & ~umask)


def _into_place(staging: Path, target: Path) -> None:
    aside = sibling(target, "replaced")
    replaces = target.exists()
    if replaces:
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    try:
        staging.rename(target)
    except BaseException:
        if replaces and not target.exists():
            aside.rename(target)
        raise
    flush_one(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def flush(folder: Path) -> None:
    """Have the disk hold all of ``folder`` before its name says so."""
    for path in (*folder.rglob("*"), folder):
        flush_one(path)


def flush_one(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder; Windows has no such thing for folders."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sibling(target: Path, kind: str) -> Path:
    """The place of work on ``target`` by this process, hidden beside it."""
    return target.with_name(f".{target.name}.{kind}-{os.getpid()}")


def leftovers(target: Path, kind: str) -> list[Path]:
    """Folders that saves to ``target`` by processes now dead left beside it."""
    prefix = f".{target.name}.{kind}-"
    found = []
    for path in sorted(target.parent.iterdir()):
        process = path.name.removeprefix(prefix)
        if not path.name.startswith(prefix) or not process.isdecimal():
            continue
        # one of this number is its own leftover, or of a process whose number it inherited
        if int(process) == os.getpid() or not is_alive(int(process)):
            found.append(path)
    return found
