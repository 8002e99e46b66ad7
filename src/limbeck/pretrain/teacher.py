"""A teacher beside the student: it reads what the student reads, gives no gradients, and is trained by nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from limbeck.errors import ModelError, together
from limbeck.losses import IGNORED, mlm, soft
from limbeck.models import Batch
from limbeck.models.transformer import TransformerModel
from limbeck.pretrain.blocks import layout_of
from limbeck.pretrain.masked import MaskedModel, Seen
from limbeck.pretrain.micro import MaskedBatch, mean_over_hidden
from limbeck.pretrain.settings import TripleSettings
from limbeck.text import Encoder
from limbeck.train.precision import has_bf16
from limbeck.train.step import MicroBatch, StepResult

_MOST_NATS, _LEAST_ALIKE = 1e-3, 0.99
"""How far a lower precision may be from float32: the mean divergence over hidden tokens, and the share of these whose
likeliest piece is the same."""


@dataclass
class TeacherBeside:
    """A teacher that reads what the student reads, and gives no gradients."""

    model: MaskedModel
    ids: Tensor | None = None
    """The teacher's id of each of the student's pieces (see ``distil.align``); None where they are the same."""
    n_pieces: int | None = None
    """Of the student's tokenizer: rows of a table beyond them stand for nothing. None: all rows are compared."""
    precision: str = "float32"

    @torch.no_grad()
    def read(self, batch: Batch, at: Tensor, *, states: bool, logits: bool) -> tuple[Seen, Tensor | None]:
        """What the teacher makes of the student's pieces, and where asked its logits of them at the places ``at``."""
        device = batch.input_ids.device
        if next(self.model.parameters()).device != device:
            self.model.to(device)
        if self.ids is not None and self.ids.device != device:
            self.ids = self.ids.to(device)
        self.model.eval()
        own = batch
        if self.ids is not None:
            own = Batch(self.ids[batch.input_ids], batch.attention_mask, batch.token_type_ids)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            seen: Seen = self.model(own, at, states=states)
            return seen, self.model.logits(seen.chosen, self.ids)[..., : self.n_pieces] if logits else None

    def as_step(self, model: nn.Module, micro: MicroBatch) -> StepResult:
        """Masked language modelling as the teacher does it: what the student's is measured against."""
        del model
        assert isinstance(micro, MaskedBatch)
        _, logits = self.read(micro.batch, micro.positions, states=False, logits=True)
        assert logits is not None
        return StepResult(mean_over_hidden(mlm.loss(logits, micro.targets), micro.targets), logits)

    def settle_precision(self, micro: MaskedBatch, *, can_bf16: bool | None = None) -> str:
        """Take the lowest precision that says the same of ``micro``, and give its name.

        Args:
            micro: some blocks, on the device that the teacher will work on.
            can_bf16: whether bfloat16 is quick there; asked of the processor where not given.
        """
        if not (has_bf16() if can_bf16 is None else can_bf16):
            self.precision = "float32"
            return self.precision
        said = {}
        for precision in ("float32", "bf16"):
            self.precision = precision
            _, said[precision] = self.read(micro.batch, micro.positions, states=False, logits=True)
        exact, rough = said["float32"], said["bf16"]
        assert exact is not None
        assert rough is not None
        counts = micro.targets != IGNORED
        apart = soft.loss(rough, exact)[counts].mean()
        alike = (rough.argmax(-1) == exact.argmax(-1))[counts].float().mean()
        if not (apart <= _MOST_NATS and alike >= _LEAST_ALIKE):
            self.precision = "float32"
        return self.precision


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
    problems = apart(student, teacher, relations=settings.weights.get("relations", 0.0))
    if "cosine" in settings.weights and mine.hidden_size != its.hidden_size:
        problems.append(
            f"--cosine {settings.cosine:g} compares hidden states, which are {mine.hidden_size} wide in the student "
            f"and {its.hidden_size} in the teacher: give --cosine 0 --relations 1"
        )
    if problems:
        raise ModelError(together(problems))
    teacher.requires_grad_(False).eval()
    return TeacherBeside(teacher, ids, layout_of(Encoder.from_string(student.tokenizer)).n_pieces)


def apart(
    student: MaskedModel | TransformerModel, teacher: MaskedModel | TransformerModel, *, relations: float
) -> list[str]:
    """What keeps two encoders from being compared layer by layer, whatever stands on them: a line each.

    Args:
        student: the smaller one.
        teacher: the larger one.
        relations: weight of the last layer's relations; 0 where they are not compared.
    """
    mine, its = (int(model.inner.config.num_hidden_layers) for model in (student, teacher))
    problems = []
    if mine > its:
        problems.append(f"the student has {mine} layers and the teacher {its}: give --layers {its} or fewer")
    if relations:
        problems += [
            f"--relations {relations:g} compares attention, which is not seen inside the {whose}'s family "
            f"{model.inner.config.model_type!r}: give 0, or one of bert, roberta, electra, distilbert, mpnet"
            for whose, model in (("student", student), ("teacher", teacher))
            if not model.shows_attention
        ]
    return problems
