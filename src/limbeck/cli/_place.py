"""The place where a training will leave its model: what stands there, and that no earlier work is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from limbeck.cli._say import say
from limbeck.cli._trained import print_result
from limbeck.errors import Interrupted, LimbeckError, TrainingError
from limbeck.train.launch import number


def checkpoints_of(out: Path) -> Path:
    """The folder of the checkpoints of a training that saves at ``out``: beside it."""
    whole = out.resolve()
    return whole.with_name(whole.name + ".checkpoint")


def what_stands(out: Path, *, resume: bool, overwrite: bool, as_json: bool, stale: bool = False) -> str:
    """As :func:`made_ready` for a model that answers; a whole one is reported, unless it is a ``stale`` one."""
    from limbeck.artefact.manifest import NAME, Manifest

    stands = made_ready(out, NAME, resume=resume, overwrite=overwrite, stale=stale)
    if stands == "model":
        say_finished(out)
        print_result(Manifest.read(out), out, as_json=as_json, how="finished before, left as it is")
    return stands


def say_finished(out: Path) -> None:
    """Tell of a whole model that a resume has found."""
    say(
        f"{out} is finished already; nothing to resume (its settings and data are not compared with these). "
        "To train anew add --overwrite and leave --resume out, or give another --out"
    )


def goes_on(before: Sequence[Path], out: Path) -> bool:
    """Whether the model at ``out`` is yet to be made from the models ``before``, one made from the other.

    So it is where one of them was stopped, or is younger: what stands at ``out`` then is of an earlier time.
    """
    from limbeck.artefact.manifest import NAME

    def made_at(place: Path) -> float | None:
        return (place / NAME).stat().st_mtime if (place / NAME).is_file() else None

    of_out, of_others = made_at(out), [time for time in map(made_at, before) if time is not None]
    is_older = of_out is not None and any(time > of_out for time in of_others)
    return is_older or any(map(_is_begun, before))


def made_ready(out: Path, mark: str, *, resume: bool, overwrite: bool, stale: bool = False) -> str:
    """Make the place ready, and tell what stands there: the whole ``model``, ``part`` of it or ``nothing``.

    Args:
        out: the place.
        mark: the file by which a whole model is known.
        resume: what is there is gone on with.
        overwrite: what is there may be replaced.
        stale: a whole model that is there is the one to be replaced, not the one that is resumed.

    Raises:
        LimbeckError: something stands there that may not be replaced.
    """
    from limbeck.artefact.save import check_target

    if not stale and is_finished(out, mark, resume=resume, overwrite=overwrite):
        return "model"
    check_target(out, overwrite=overwrite, mark=mark)
    _check_checkpoints(out, resume=resume, overwrite=overwrite)
    return "part" if resume and _is_begun(out) else "nothing"


def hindrance_lines(out: Path, mark: str, *, resume: bool, overwrite: bool) -> list[str]:
    """Why :func:`made_ready` would not let a training begin, for a dry run; no line where it would. Nothing is made."""
    from limbeck.artefact.save import refuse_others

    why = f"{str(out)!r} is finished already; nothing to resume"
    if not is_finished(out, mark, resume=resume, overwrite=overwrite):
        try:
            refuse_others(out.resolve(), str(out), overwrite=overwrite, mark=mark)
            _check_checkpoints(out, resume=resume, overwrite=overwrite)
        except LimbeckError as error:
            why = str(error)
        else:
            return []
    return [f"it would not begin: {why}"]


def is_finished(out: Path, mark: str, *, resume: bool, overwrite: bool) -> bool:
    """Whether a resume finds the whole model, and nothing that is to replace it."""
    return resume and (out / mark).is_file() and not (overwrite and _is_begun(out))


def fit_there(fit: Callable[[], object], checkpoints: Path, *, resume: bool, goes_on: bool = True) -> None:
    """Train, checkpoints of an earlier training out of the way unless it is gone on with.

    Args:
        fit: trains.
        checkpoints: the folder that it uses.
        resume: whether what stands there is gone on with.
        goes_on: whether a stopped one can be, which is then told.

    Raises:
        TrainingError: another command trains there at this moment.
        Interrupted: the user asked to stop.
    """
    with _alone_at(checkpoints) if number() == 0 else contextlib.nullcontext():
        if number() == 0 and not resume:
            for earlier in checkpoints.glob("step-*"):
                shutil.rmtree(earlier, ignore_errors=True)
        try:
            fit()
        except Interrupted as stop:
            how = ". Go on with the same command and --resume" if goes_on else ""
            raise Interrupted(f"{stop}{how}") from None


@contextlib.contextmanager
def told_what_stands(out: Path) -> Iterator[None]:
    """While a trained model is saved at ``out``, a stop tells that its last checkpoint stands, where there is one.

    Raises:
        Interrupted: the user asked to stop.
    """
    try:
        yield
    except KeyboardInterrupt:
        if not _is_begun(out):
            raise
        raise Interrupted(
            "stopped while the model was saved; its last checkpoint stands. Go on with the same command and --resume"
        ) from None


def n_done(out: Path) -> int:
    """Updates that a stopped training at ``out`` kept; 0 where none stands there."""
    steps = [path.name.partition("-")[2] for path in checkpoints_of(out).glob("step-*")]
    return max((int(step) for step in steps if step.isdecimal()), default=0)


_HELD: set[int] = set()
"""What holds folders. Workers that this process forks let go of it, or they would hold a folder after its end."""


def _let_go() -> None:
    while _HELD:
        os.close(_HELD.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextlib.contextmanager
def _alone_at(folder: Path) -> Iterator[None]:
    """Hold a folder: of two that write checkpoints there each would delete the other's.

    The system lets go of it when the process ends, however it ends.

    Raises:
        TrainingError: another command holds it.
    """
    with contextlib.suppress(OSError):  # whoever writes a checkpoint tells why it cannot
        folder.mkdir(parents=True, exist_ok=True)
    handle = _locked(folder) if folder.is_dir() else None
    if handle is not None:
        _HELD.add(handle)
    try:
        yield
    finally:
        if handle is not None:
            _HELD.remove(handle)
            os.close(handle)
        with contextlib.suppress(OSError):  # checkpoints stand in it
            folder.rmdir()


def _locked(folder: Path) -> int | None:
    """What holds a folder until it is closed; None where the system has no such locks."""
    if os.name != "posix":
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise TrainingError(
            f"another command trains at this moment, with its checkpoints in {folder}; wait for its end, or give "
            "another --out"
        ) from None
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    return handle


def _is_begun(out: Path) -> bool:
    """Whether a training that was stopped left a checkpoint."""
    return any(checkpoints_of(out).glob("step-*"))


def _check_checkpoints(out: Path, *, resume: bool, overwrite: bool) -> None:
    """See that no earlier work is lost.

    Raises:
        TrainingError: an interrupted run stands there, or files that are none of ours.
    """
    folder, begun = checkpoints_of(out), _is_begun(out)
    if folder.exists() and not begun and any(folder.iterdir()):
        raise TrainingError(
            f"{folder} is wanted for checkpoints and holds other files; move them, or give another --out"
        )
    if begun and not (resume or overwrite):
        raise TrainingError(
            f"an interrupted run stands at {folder}; add --resume to go on with it, or --overwrite to begin anew"
        )
