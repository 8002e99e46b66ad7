"""The two steps of pre-training: masked language modelling, and DistilBERT's triple loss beside a teacher."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from limbeck.losses import IGNORED, cosine, mean_of_each, mlm, relations, soft
from limbeck.models import Attention, Batch
from limbeck.pretrain.masked import MaskedModel, Seen
from limbeck.pretrain.micro import MaskedBatch, mean_over_hidden
from limbeck.pretrain.settings import TripleSettings
from limbeck.pretrain.teacher import TeacherBeside
from limbeck.train.step import MicroBatch, Step, StepResult


def masked_lm(model: nn.Module, micro: MicroBatch) -> StepResult:
    """The step of masked language modelling: the mean over a block's hidden tokens, shape ``(B,)``."""
    assert isinstance(model, MaskedModel)
    assert isinstance(micro, MaskedBatch)
    logits = model.logits(model(micro.batch, micro.positions).chosen)
    return StepResult(mean_over_hidden(mlm.loss(logits, micro.targets), micro.targets), logits)


def triple(teacher: TeacherBeside | None, settings: TripleSettings) -> Step:
    """The step of pre-training distillation: the weighed sum of soft targets, masked LM, cosine and relations.

    Each part is the mean over a block's places: the masked ones for masked LM and, unless ``soft_on`` is ``all``, for
    soft targets; all attended ones for hidden states. The teacher, in eval mode, sees the same hidden tokens; it may be
    None where masked LM alone counts.

    Source: Sanh et al. 2019 (DistilBERT, arXiv 1910.01108), section 3; its script ``distiller.py``, ``step``.
    """
    weights = settings.weights
    needs_states = bool({"cosine", "relations"} & weights.keys())

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        assert isinstance(model, MaskedModel)
        assert isinstance(micro, MaskedBatch)
        batch, targets = micro.batch, micro.targets
        is_everywhere = "soft" in weights and settings.soft_on == "all"
        at = _everywhere(batch) if is_everywhere else micro.positions
        ours = model(batch, at, states=needs_states)
        logits = model.logits(ours.chosen)
        asked = logits
        if is_everywhere:
            asked = logits.gather(1, micro.positions[..., None].expand(*micro.positions.shape, logits.shape[-1]))
        parts: dict[str, Tensor] = {}
        if settings.needs_teacher:
            assert teacher is not None
            theirs, said = teacher.read(batch, at, states=needs_states, logits="soft" in weights)
        if "soft" in weights:
            assert said is not None
            counts = batch.attention_mask if is_everywhere else (targets != IGNORED).long()
            compared = logits[..., : said.shape[-1]]  # tables may have rows that stand for no piece
            values = soft.loss(compared, said, temperature=settings.temperature, mask=counts)
            parts["soft"] = mean_of_each(values, counts)
        if "mlm" in weights:
            parts["mlm"] = mean_over_hidden(mlm.loss(asked, targets), targets)
        if "cosine" in weights:
            values = cosine.loss(ours.states[-1], theirs.states[-1], batch.attention_mask)
            parts["cosine"] = mean_of_each(values, batch.attention_mask)
        if "relations" in weights:
            values = relations.loss(_attention(ours), _attention(theirs), batch.attention_mask)
            parts["relations"] = mean_of_each(values, batch.attention_mask)
        parts = {name: weights[name] * part for name, part in parts.items()}
        return StepResult(torch.stack(list(parts.values())).sum(dim=0), asked, parts)

    return step


def _everywhere(batch: Batch) -> Tensor:
    """All places of all rows, shape ``(B, T)``."""
    n_rows, n_tokens = batch.input_ids.shape
    return torch.arange(n_tokens, device=batch.input_ids.device).expand(n_rows, n_tokens)


def _attention(seen: Seen) -> Attention:
    assert seen.attention is not None
    return seen.attention
