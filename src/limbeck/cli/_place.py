"""The place where a training will leave its model: what stands there, and that no earlier work is lost."""

from __future__ import annotations

from pathlib import Path

from limbeck.cli._say import say
from limbeck.cli._trained import print_result
from limbeck.errors import TrainingError


def checkpoints_of(out: Path) -> Path:
    """The folder of the checkpoints of a training that saves at ``out``: beside it."""
    whole = out.resolve()
    return whole.with_name(whole.name + ".checkpoint")


def what_stands(out: Path, *, resume: bool, overwrite: bool, as_json: bool) -> str:
    """Make the place ready, and tell what stands there: the whole ``model``, which is reported, ``part`` of it or
    ``nothing``.

    Raises:
        LimbeckError: something stands there that may not be replaced.
    """
    from limbeck.artefact.manifest import NAME, Manifest
    from limbeck.artefact.save import check_target

    checkpoints = checkpoints_of(out)
    begun = any(checkpoints.glob("step-*"))
    if resume and (out / NAME).is_file() and not (begun and overwrite):
        say(
            f"{out} is finished already; nothing to resume (its settings and data are not compared with these). "
            "To train anew add --overwrite and leave --resume out, or give another --out"
        )
        print_result(Manifest.read(out), out, as_json=as_json, how="finished before, left as it is")
        return "model"
    check_target(out, overwrite=overwrite)
    check_checkpoints(checkpoints, begun=begun, resume=resume, overwrite=overwrite)
    return "part" if resume and begun else "nothing"


def check_checkpoints(folder: Path, *, begun: bool, resume: bool, overwrite: bool) -> None:
    """See that no earlier work is lost.

    Raises:
        TrainingError: an interrupted run stands there, or files that are none of ours.
    """
    if folder.exists() and not begun and any(folder.iterdir()):
        raise TrainingError(
            f"{folder} is wanted for checkpoints and holds other files; move them, or give another --out"
        )
    if begun and not (resume or overwrite):
        raise TrainingError(
            f"an interrupted run stands at {folder}; add --resume to go on with it, or --overwrite to begin anew"
        )
