"""Parts of a model that stay as they are, and layers that join the training one an epoch.

A frozen weight asks for no gradient, and the backward pass ends above it: freezing the lower half of the layers saves
a third of the products. Its dropout works as in any training: what is frozen is what it knows, not what it is asked.
"""

from __future__ import annotations

from collections.abc import Container

from torch import nn

from limbeck.errors import SettingsError
from limbeck.train.optimizer import depths
from limbeck.train.settings import ENCODER, FREEZE, FitSettings


def check_freeze(module: nn.Module, fit: FitSettings) -> list[str]:
    """What a user should know of ``fit``'s freezing of this model: at most one line.

    Raises:
        SettingsError: it has fewer layers than are to be frozen, or none that are numbered.
    """
    _, n_layers = depth_by_name(module)
    lowest = _lowest(fit.freeze, n_layers)
    left = n_layers + 2 - (fit.epochs or 0)
    if fit.gradual and fit.epochs and left > lowest:
        untrained = left - max(lowest, 1)
        what = f"the lowest {untrained} of {n_layers} layers and the embeddings" if untrained else "the embeddings"
        return [f"--gradual with {fit.epochs} epochs leaves {what} as they are; each epoch adds one layer"]
    return []


def apply_freeze(module: nn.Module, fit: FitSettings, *, epoch: int | None = None, held: Container[str] = ()) -> None:
    """Let the weights ask for gradients that are trained, and no others.

    Args:
        module: the whole model.
        fit: what is frozen, and whether layers join one by one.
        epoch: counted from 0; which weights are trained in it. None: which are trained in any.
        held: names of weights that are trained in none.

    With ``gradual`` the first epoch trains what stands above the layers, each further one a layer more from the top
    (Howard and Ruder 2018, arXiv 1801.06146, section 3.3), down to what ``freeze`` holds.
    """
    depth_of, n_layers = depth_by_name(module)
    lowest = _lowest(fit.freeze, n_layers)
    if fit.gradual and epoch is not None:
        lowest = max(lowest, n_layers + 1 - epoch)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(depth_of[name] >= lowest and name not in held)


def trains_layers(module: nn.Module, fit: FitSettings) -> bool:
    """Whether a layer of the encoder is trained, and not only what stands above them."""
    _, n_layers = depth_by_name(module)
    return _lowest(fit.freeze, n_layers) <= n_layers


def trained_share(module: nn.Module, fit: FitSettings) -> float:
    """Share of the layers (what stands above them counted as one) through which gradients go back, in (0, 1]."""
    _, n_layers = depth_by_name(module)
    return (n_layers + 2 - max(1, _lowest(fit.freeze, n_layers))) / (n_layers + 1)


def depth_by_name(module: nn.Module) -> tuple[dict[str, int], int]:
    """As :func:`limbeck.train.optimizer.depths`, with every weight of the encoder below what stands above it.

    What the encoder has beside its layers goes with the highest of them (a last norm). A pooler counts as what stands
    above.
    """
    names = [name for name, _ in module.named_parameters()]
    depth_of, n_layers = depths(names)
    inner = getattr(module, "inner", None)
    prefix = getattr(inner, "base_model_prefix", "")
    for name in names if prefix else ():
        if depth_of[name] == n_layers + 1 and name.startswith(f"inner.{prefix}.") and "pooler" not in name:
            depth_of[name] = n_layers
    return depth_of, n_layers


def _lowest(freeze: str, n_layers: int) -> int:
    """The least depth that is trained."""
    if freeze != ENCODER and freeze in FREEZE:
        return FREEZE.index(freeze)
    if not n_layers:
        raise SettingsError(
            f"--freeze {freeze}: this model's layers are not numbered, so that none can be told apart; "
            "give none, or start from a BERT-like encoder"
        )
    wanted = n_layers if freeze == ENCODER else int(freeze)
    if wanted > n_layers:
        raise SettingsError(
            f"--freeze {freeze}: the model has {n_layers} layers; give 1 to {n_layers}, embeddings, encoder or none"
        )
    return wanted + 1
