"""Whether a folder's weights are all that its configuration asks for, and numbers.

transformers draws what is missing by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limbeck.errors import ModelError

_SHOWN = 3


def refuse_lacking(told: Mapping[str, Any], inner: Any, name: str, *, heads: bool = False) -> None:
    """See that an encoder was loaded whole; its heads and its pooler may be new, unless ``heads`` are asked for too.

    Args:
        told: what ``from_pretrained(..., output_loading_info=True)`` says beside the model.
        inner: that model.
        name: of its folder, for the message.
        heads: see that they and the pooler are whole as well: what a new one says is chance.

    Raises:
        ModelError: weights are missing, have another shape, or are no numbers.
    """
    _refuse_what_is_no_number(inner, name)
    found = dict.fromkeys(told["missing_keys"], "")
    found |= {name: f" {tuple(ours)}, there {tuple(theirs)}" for name, theirs, ours in told["mismatched_keys"]}
    base = f"{inner.base_model_prefix}."
    lacking = sorted(name for name in found if heads or (name.startswith(base) and "pooler" not in name))
    if lacking:
        shown = "; ".join(name + found[name] for name in lacking[:_SHOWN])
        more = f"; and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        raise ModelError(
            f"{name} lacks weights {'' if heads else 'of the encoder '}that its config.json tells of: {shown}{more}. "
            "The files do not belong together: copy the whole folder again"
        )


def _refuse_what_is_no_number(inner: Any, name: str) -> None:
    wrong = [key for key, value in inner.state_dict().items() if not value.isfinite().all()]
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise ModelError(
            f"{name} has weights that are no numbers (nan or inf): {wrong[0]}{more}. The file is damaged, or its "
            "training failed: copy the folder again, or name another"
        )
