"""The two steps of pre-training: masked language modelling, and DistilBERT's triple loss beside a teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck.errors import ModelError, together
from limbeck.losses import cosine, mean_of_each, mlm, relations, soft
from limbeck.models import Attention, Batch
from limbeck.pretrain.masked import MaskedModel, Seen
from limbeck.pretrain.masking import Masker
from limbeck.pretrain.settings import TripleSettings
from limbeck.train.step import MicroBatch, Step, StepResult


class Blocks(Protocol):
    """Rows of token ids, all of one length."""

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some rows, special tokens included: shape ``(B, T)``."""
        ...


@dataclass(frozen=True)
class MaskedBatch(MicroBatch):
    """Blocks of tokens with some hidden; ``targets`` are the hidden ones, shape ``(B, P)``."""

    positions: Tensor
    """Where they stood, shape ``(B, P)``."""

    def to(self, device: torch.device) -> MaskedBatch:
        """The same on ``device``; row numbers stay where they are."""
        targets, positions = self.targets.to(device), self.positions.to(device)
        return MaskedBatch(self.rows, self.batch.to(device), targets, positions)


class MaskedCollator:
    """Takes blocks and hides tokens in them, anew in each epoch; a plain object that worker processes can copy."""

    def __init__(self, blocks: Blocks, masker: Masker, *, epoch: int | None = 0) -> None:
        self.blocks, self.masker, self.epoch = blocks, masker, epoch

    def begin_epoch(self, epoch: int) -> None:
        """Hide what this epoch hides."""
        self.epoch = epoch

    def __call__(self, rows: NDArray[np.int64]) -> MaskedBatch:
        """The micro-batch of ``rows``."""
        hidden = self.masker(self.blocks.take(rows), rows, self.epoch)
        ids = torch.from_numpy(hidden.ids)
        batch = Batch(ids, torch.ones_like(ids), torch.zeros_like(ids))
        targets, positions = torch.from_numpy(hidden.targets), torch.from_numpy(hidden.positions)
        return MaskedBatch(torch.from_numpy(rows.copy()), batch, targets, positions)


def masked_lm(model: nn.Module, micro: MicroBatch) -> StepResult:
    """The step of masked language modelling: the mean over a block's hidden tokens, shape ``(B,)``."""
    assert isinstance(model, MaskedModel)
    assert isinstance(micro, MaskedBatch)
    logits = model.logits(model(micro.batch, micro.positions).chosen)
    return StepResult(_mean(mlm.loss(logits, micro.targets), micro.targets), logits)


@dataclass
class TeacherBeside:
    """A teacher that reads what the student reads, and gives no gradients."""

    model: MaskedModel
    ids: Tensor | None = None
    """The teacher's id of each of the student's pieces (see ``distil.align``); None where they are the same."""
    precision: str = "float32"

    @torch.no_grad()
    def read(self, batch: Batch, at: Tensor, *, states: bool, logits: bool) -> tuple[Seen, Tensor | None]:
        """What the teacher makes of the student's pieces, and where asked its logits of them at the places ``at``."""
        device = batch.input_ids.device
        if next(self.model.parameters()).device != device:
            self.model.to(device)
            self.ids = None if self.ids is None else self.ids.to(device)
        self.model.eval()
        own = batch
        if self.ids is not None:
            own = Batch(self.ids[batch.input_ids], batch.attention_mask, batch.token_type_ids)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            seen: Seen = self.model(own, at, states=states)
            return seen, self.model.logits(seen.chosen, self.ids) if logits else None

    def as_step(self, model: nn.Module, micro: MicroBatch) -> StepResult:
        """Masked language modelling as the teacher does it: what the student's is measured against."""
        del model
        assert isinstance(micro, MaskedBatch)
        _, logits = self.read(micro.batch, micro.positions, states=False, logits=True)
        assert logits is not None
        return StepResult(_mean(mlm.loss(logits, micro.targets), micro.targets), logits)


def triple(teacher: TeacherBeside, settings: TripleSettings) -> Step:
    """The step of pre-training distillation: the weighed sum of soft targets, masked LM, cosine and relations.

    Each part is the mean over a block's places: the masked ones for masked LM and, unless ``soft_on`` is ``all``, for
    soft targets; all attended ones for hidden states. The teacher, in eval mode, sees the same hidden tokens.

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
            theirs, said = teacher.read(batch, at, states=needs_states, logits="soft" in weights)
        if "soft" in weights:
            assert said is not None
            counts = batch.attention_mask if is_everywhere else (targets != mlm.IGNORED).long()
            values = soft.loss(logits, said, temperature=settings.temperature, mask=counts)
            parts["soft"] = mean_of_each(values, counts)
        if "mlm" in weights:
            parts["mlm"] = _mean(mlm.loss(asked, targets), targets)
        if "cosine" in weights:
            values = cosine.loss(ours.states[-1], theirs.states[-1], batch.attention_mask)
            parts["cosine"] = mean_of_each(values, batch.attention_mask)
        if "relations" in weights:
            values = relations.loss(_attention(ours), _attention(theirs), batch.attention_mask)
            parts["relations"] = mean_of_each(values, batch.attention_mask)
        parts = {name: weights[name] * part for name, part in parts.items()}
        return StepResult(torch.stack(list(parts.values())).sum(dim=0), asked, parts)

    return step


def teacher_beside(
    teacher: MaskedModel, student: MaskedModel, settings: TripleSettings, ids: Tensor | None
) -> TeacherBeside:
    """Put a teacher beside its student; its weights are frozen.

    Args:
        teacher: a model with a masked-LM head.
        student: the model that is trained.
        settings: what is compared.
        ids: the teacher's id of each of the student's pieces; None where they are the same.

    Raises:
        ModelError: the two cannot be compared as asked; the message tells all of it.
    """
    mine, its = student.inner.config, teacher.inner.config
    problems = []
    if mine.num_hidden_layers > its.num_hidden_layers:
        problems.append(
            f"the student has {mine.num_hidden_layers} layers and the teacher {its.num_hidden_layers}: "
            f"give --layers {its.num_hidden_layers} or fewer"
        )
    if "cosine" in settings.weights and mine.hidden_size != its.hidden_size:
        problems.append(
            f"--cosine {settings.cosine:g} compares hidden states, which are {mine.hidden_size} wide in the student "
            f"and {its.hidden_size} in the teacher: give --cosine 0 --relations 1"
        )
    if "relations" in settings.weights:
        problems += [
            f"--relations {settings.relations:g} compares attention, which is not seen inside the {whose}'s family "
            f"{model.inner.config.model_type!r}: give 0, or one of bert, roberta, electra, distilbert, mpnet"
            for whose, model in (("student", student), ("teacher", teacher))
            if not model.shows_attention
        ]
    if problems:
        raise ModelError(together(problems))
    teacher.requires_grad_(False).eval()
    return TeacherBeside(teacher, ids)


def _everywhere(batch: Batch) -> Tensor:
    """All places of all rows, shape ``(B, T)``."""
    n_rows, n_tokens = batch.input_ids.shape
    return torch.arange(n_tokens, device=batch.input_ids.device).expand(n_rows, n_tokens)


def _mean(values: Tensor, targets: Tensor) -> Tensor:
    return mean_of_each(values, (targets != mlm.IGNORED).long())


def _attention(seen: Seen) -> Attention:
    assert seen.attention is not None
    return seen.attention
