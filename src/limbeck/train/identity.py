"""What a resume must find unchanged: settings, data, the model's first weights, the tokenizer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from torch import nn

from limbeck.models._rates import rates_of
from limbeck.settings import record

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

FREE = ("checkpoint_every", "workers")
"""Settings that change nothing of what is learnt."""


def identity_of(learner: Learner) -> dict[str, Any]:
    """All that decides a training's weights, by name, as JSON takes it."""
    kept = {key: value for key, value in record(learner.fit_settings).items() if key not in FREE}
    identity: dict[str, Any] = kept | record(learner.text) | learner.objective.record(learner.loss_settings)
    identity |= {
        "train data": learner.train.fingerprint,
        "model": learner.start,
        "task": learner.task.to_json(),
        "valid data": None if learner.valid is None else learner.valid.fingerprint,
        "tokenizer": hashlib.sha256(learner.encoder.tokenizer.to_str().encode()).hexdigest(),
    }
    config = getattr(getattr(learner.model, "inner", None), "config", None)
    if config is not None:  # a student's own rates stand there, and in no setting
        identity["dropout"] = rates_of(config)
    identity |= {f"taught by {name}": value for name, value in learner.taught.items()}
    return json.loads(json.dumps(identity))  # type: ignore[no-any-return]


def weights_hash(module: nn.Module) -> str:
    """A short name of a model's weights as they are, wherever they came from."""
    digest = hashlib.sha256()
    for value in module.state_dict().values():
        digest.update(value.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
