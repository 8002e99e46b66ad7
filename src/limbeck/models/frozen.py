"""An encoder that stays as it is, under an output layer that is fitted in closed form, or nearly: seconds, not epochs.

``--model frozen`` takes the weights that ship with limbeck, ``--model frozen:FOLDER_OR_HUB_NAME`` any encoder. Each
text is read once; a logistic regression (ridge regression for numbers) on what the output layer reads is folded into
that layer, so that the saved folder is a transformer's like any other. With a handful of labels it is often as good as
fine-tuning; it is the quick look before one, and the output layer that one may start from.

Of the two things an output layer can be given to read, the first token's state as the class has it and the mean of
all tokens (see ``_average``), that one is kept which the encoder was trained through, unless the other's layer loses
less on the rows held back by more than chance: a handful of rows cannot tell which is better, and chooses badly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from limbeck import models
from limbeck.errors import ModelError, SettingsError
from limbeck.models import Defaults, Fitted, Job, Labelled, Prepared, Request, TextModel, transformer
from limbeck.models._average import averaged
from limbeck.models._features import Features, features_of, features_of_both
from limbeck.models._linear_head import N_FOLDS, HeadFit, Kind, Layer, fit_head, logistic, ridge

if TYPE_CHECKING:
    from onnx import ModelProto

    from limbeck.tasks import TaskLike

DEFAULTS = Defaults(epochs=None, lr=None)

ENCODERS = ("sentiment", "transformer")
"""Families that bring a pretrained encoder; what others start from knows nothing yet."""

TASKS = ("classify", "regress")
"""Tasks whose layer can be fitted so."""

START_ROWS = 2000
"""Training rows at most that the output layer of a fine-tuning is started from; more hardly move it."""

TELLING_ROWS = 50
"""Fewer rows held back cannot tell which of two things is better."""

_FIRST, _MEAN = "first token", "mean of the tokens"


def start(request: Request) -> Prepared:
    """Load the encoder that ``request.source`` names behind the colon, or the shipped one.

    Raises:
        ModelError: it cannot be used, or is no encoder.
        SettingsError: the task is none that is fitted here.
    """
    kind_of(request.task, "--model frozen")
    encoder = models.origin(request.source)
    if models.family_of(encoder) not in ENCODERS or not encoder:
        raise ModelError(
            f"--model {request.source!r} names no pretrained encoder; give its folder or hub name behind the colon, "
            "as in --model frozen:path/to/encoder"
        )
    return models.prepare(replace(request, source=encoder))


def export(folder: Path) -> ModelProto:
    """The graph of a saved folder."""
    return transformer.export(folder)


def fit(job: Job) -> Fitted:
    """Read every text once and fit the output layer; the encoder's weights stay as they are.

    The regularisation is chosen on the validation rows where there are many, else by stratified folds of the training
    rows. The same rows and seed give the same weights.
    """
    best = best_head(job)
    write_layer(best.model, best.head.layer)
    best.model.module.eval()
    decided = f"{N_FOLDS} folds" if len(best.head.held_back) else "the validation rows"
    name = "logistic regression" if job.task.classes else "ridge regression"
    record = {
        "name": name,
        "features": best.features,
        "strength": best.head.strength,
        "held_back_loss": best.head.loss if np.isfinite(best.head.loss) else None,
    }
    how = f"by {decided}, loss {best.head.loss:.4f}" if np.isfinite(best.head.loss) else "for want of rows to choose by"
    summary = f"frozen encoder ({best.features}), {name}: L2 strength {best.head.strength:.3g} {how}"
    return Fitted(best.model, record, summary)


@dataclass(frozen=True)
class Best:
    """The better of the two layers, not yet written into a model."""

    model: TextModel
    """The model that has its features: the job's own, or its averaged twin."""
    features: str
    head: HeadFit
    valid_logits: NDArray[np.float64] | None
    """What the layer says of the validation rows; None without them."""


def best_head(job: Job) -> Best:
    """Fit a layer on each kind of features; no model changes.

    Raises:
        SettingsError: the task is none that is fitted here.
    """
    kind = kind_of(job.task, "--model frozen")
    twin = averaged(job.model) if isinstance(job.model, transformer.TransformerModel) else None
    found = {_FIRST: job.model} if twin is None else {_FIRST: job.model, _MEAN: twin}
    train = _read(job, twin, job.train)
    valid = None if job.valid is None else _read(job, twin, job.valid)
    fits = {}
    for name in found:
        held = None if valid is None or job.valid is None else (valid[name], job.valid.targets)
        fits[name] = fit_head(kind, train[name], job.train.targets, seed=job.seed, valid=held)
    likely = _FIRST if twin is None or _reads_first(job.model) else _MEAN
    name = _better(fits, likely)
    said = None if valid is None else fits[name].layer.logits(torch.from_numpy(valid[name]).double()).numpy()
    return Best(found[name], name, fits[name], said)


def _reads_first(model: TextModel) -> bool:
    """Whether the encoder has likely learnt through the first token's state: it was saved with an output layer, which
    reads that, or as one of sentence-transformers that is pooled so."""
    assert isinstance(model, transformer.TransformerModel)
    config = model.inner.config
    pooling = Path(str(config.name_or_path)) / "1_Pooling" / "config.json"
    try:
        is_pooled = json.loads(pooling.read_text(encoding="utf-8")).get("pooling_mode_cls_token") is True
    except (OSError, ValueError, AttributeError):
        is_pooled = False
    return is_pooled or transformer.has_output_layer(config.architectures)


def _better(fits: dict[str, HeadFit], likely: str) -> str:
    """The likelier features, or others whose layer loses less by more than the standard error of the difference."""
    for name, fit in fits.items():
        gains = fits[likely].losses - fit.losses
        if len(gains) >= TELLING_ROWS and gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)):
            return name
    return likely


def start_output_layer(job: Job) -> str:
    """Put the layer of the frozen encoder into the job's model before it is fine-tuned, and say so in a line.

    Fine-tuning from a random layer first bends the features to it; from a fitted one it need not (LP-FT, Kumar et al.
    2022, arXiv 2202.10054). The layer reads what the class reads, the first token; it is fitted on at
    most :data:`START_ROWS` training rows, each class among them, drawn by the seed.

    Raises:
        SettingsError: the task is none that is fitted here.
    """
    kind = kind_of(job.task, "--output-layer frozen")
    rows = _some(job.train.targets, bool(job.task.classes), job.seed)
    features = features_of(job.model, job.train.encoded.take(rows), pad_id=job.pad_id, watch=job.watch)
    head = fit_head(kind, features, job.train.targets[rows], seed=job.seed)
    write_layer(job.model, head.layer)
    told = f", loss in {N_FOLDS} folds {head.loss:.4f}" if np.isfinite(head.loss) else ""
    return f"output layer: fitted to {len(rows)} rows with the encoder as it is{told}"


def kind_of(task: TaskLike, flag: str) -> Kind:
    """What fits a layer for ``task``.

    Raises:
        SettingsError: nothing here does; the message names ``flag``.
    """
    if task.name not in TASKS:
        known = " and ".join(map(repr, TASKS))
        raise SettingsError(f"{flag} fits {known}; the task is {task.name!r}: leave {flag} out")
    return logistic(task.n_outputs) if task.name == "classify" else ridge()


def _read(job: Job, twin: Any, rows: Labelled) -> dict[str, Features]:
    if twin is None:
        return {_FIRST: features_of(job.model, rows.encoded, pad_id=job.pad_id, watch=job.watch)}
    assert isinstance(job.model, transformer.TransformerModel)
    first, mean = features_of_both(job.model, twin, rows.encoded, pad_id=job.pad_id, watch=job.watch)
    return {_FIRST: first, _MEAN: mean}


def _some(targets: NDArray[Any], has_classes: bool, seed: int) -> NDArray[np.int64]:
    """At most :data:`START_ROWS` rows in ascending order, drawn by the seed; of each class at least one."""
    order = np.random.default_rng([seed, len(targets)]).permutation(len(targets))
    if has_classes:
        one_each = np.unique(targets[order], return_index=True)[1]
        order = np.concatenate([order[one_each], np.delete(order, one_each)])
    return np.sort(order[:START_ROWS])


def write_layer(model: TextModel, layer: Layer) -> None:
    """Put a fitted layer into ``model``'s output layer."""
    target: nn.Linear = model.output_layer()
    with torch.no_grad():
        target.weight.copy_(layer.weight)
        target.bias.copy_(layer.bias)
