"""Pictures of a learner: of what its search for a rate found, and of its training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.errors import TrainingError
from limbeck.train.rounds import log_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from limbeck.train.learner import Learner


def found_figure(learner: Learner, path: Path | str | None) -> Figure:
    """The range test and the pilots of the learner's last ``find_lr``.

    Raises:
        TrainingError: no rate was looked for.
        MissingExtra: matplotlib is not installed.
    """
    if learner.found_lr is None:
        raise TrainingError("no learning rate was looked for yet; call find_lr() first")
    return learner.found_lr.plot(path)


def training_figure(learner: Learner, what: str, path: Path | str | None) -> Figure:
    """One measure of the learner's training, update by update.

    Raises:
        TrainingError: nothing was trained.
        SettingsError: there is no such measure.
        MissingExtra: matplotlib is not installed.
    """
    from limbeck.plots import write
    from limbeck.plots.training import Log, draw

    if not learner.rounds:
        raise TrainingError("nothing was trained yet; call fit() first")
    figure = draw(Log.of(log_of(learner.rounds)), [what])
    if path is not None:
        write(figure, path)
    return figure
