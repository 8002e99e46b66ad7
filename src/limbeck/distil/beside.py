"""The teacher beside the student: both read the same pieces, and what their layers made of them is compared.

The teacher is held, not trained: it is in eval mode whatever the loop tells the student, gives no gradients, and none
of its weights is the student's. It is no submodule of the student's, so that no optimiser, checkpoint or saved folder
has it. The projection between two widths is one, as ``projection``: it is trained, checkpointed and put back with the
student, and left out where the model is written, which writes the encoder and its head alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from limbeck.distil.align import align
from limbeck.distil.beside_settings import BesideSettings
from limbeck.errors import ModelError, together
from limbeck.losses import cosine, hidden, mean_of_each, relations
from limbeck.models import Attention, Batch, Output, TextModel
from limbeck.models.transformer import TransformerModel, max_positions
from limbeck.pretrain.teacher import apart

PROJECTION = "projection"
"""The name of the projection in the student's module."""


class Beside:
    """Compares a student's hidden states with its teacher's.

    Args:
        teacher: a loaded model, which may be wider; its weights are frozen here.
        student: the model that is trained; it is given a ``projection`` where one is needed. Make this before the
            optimiser, and :meth:`attach` the new module where a training begins anew.
        settings: the weights of the parts.
        pairs: whether the inputs are pairs of texts.
        max_length: tokens that the student reads of a text.
        seed: of the projection's first weights.

    Raises:
        ModelError: the teacher cannot read the student's pieces (see :func:`limbeck.distil.align.align`), or has fewer
            layers than the student, or a model gives nothing of what a part compares.
    """

    def __init__(
        self,
        teacher: TransformerModel,
        student: TextModel,
        settings: BesideSettings,
        *,
        pairs: bool,
        max_length: int,
        seed: int,
    ) -> None:
        student = seen_inside(student, settings)
        problems = _problems(teacher, student, settings, max_length)
        if problems:
            raise ModelError(together(problems))
        self.settings, self.seed = settings, seed
        self.teacher = teacher.requires_grad_(False).eval()
        self.layers = _layers(student, teacher, settings)
        """Which student's layer looks at which of the teacher's, counted from 1."""
        self._ids = torch.from_numpy(align(student.tokenizer, teacher.tokenizer, pairs=pairs))
        self.attach(student)

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each part that :meth:`__call__` gives."""
        return self.settings.weights

    def attach(self, student: TextModel) -> None:
        """Compare ``student`` from now on; one without a projection that needs one is given it, drawn by the seed.

        Raises:
            ModelError: it gives no hidden states.
        """
        self.student = student = seen_inside(student, self.settings)
        widths = _width(student), _width(self.teacher)
        is_needed = widths[0] != widths[1] and {"hidden", "cosine"} & self.weights.keys()
        if is_needed and not hasattr(student, PROJECTION):
            with torch.random.fork_rng(devices=()):  # the training's own numbers go on as they would have
                torch.manual_seed(self.seed)
                student.add_module(PROJECTION, nn.Linear(*widths).to(_device(student)))

    def __call__(self, output: Output, batch: Batch) -> dict[str, Tensor]:
        """Each part of the loss by its name, not yet weighed: the mean over a text's attended tokens, shape ``(B,)``.

        ``hidden`` is the mean over :attr:`layers`; ``cosine`` is of the last layers. Both see the student's states
        through the projection where the widths differ.

        Args:
            output: the student's, asked for with ``states=True``.
            batch: what it read.

        Raises:
            ValueError: the states were not asked for.
        """
        if not output.states:
            raise ValueError("the student's output has no states: call it with states=True")
        theirs, mask = self._read(batch), batch.attention_mask
        parts: dict[str, Tensor] = {}
        if "hidden" in self.weights:
            losses = [
                hidden.loss(self._as_wide(output.states[mine]), theirs.states[its], mask) for mine, its in self.layers
            ]
            parts["hidden"] = torch.stack(losses).mean(dim=0)
        if "cosine" in self.weights:
            parts["cosine"] = cosine.loss(self._as_wide(output.states[-1]), theirs.states[-1], mask)
        if "relations" in self.weights:
            parts["relations"] = relations.loss(_attention(output), _attention(theirs), mask)
        return {name: mean_of_each(values, mask) for name, values in parts.items()}

    @torch.no_grad()
    def _read(self, batch: Batch) -> Output:
        """What the teacher makes of the student's pieces."""
        device = batch.input_ids.device
        if _device(self.teacher) != device:
            self.teacher, self._ids = self.teacher.to(device), self._ids.to(device)
        self.teacher.eval()
        own = Batch(self._ids[batch.input_ids], batch.attention_mask, batch.token_type_ids)
        read: Output = self.teacher(own, states=True)
        return read

    def _as_wide(self, states: Tensor) -> Tensor:
        """The student's states in the teacher's width."""
        projection: nn.Module | None = getattr(self.student, PROJECTION, None)
        return states if projection is None else projection(states)


def layer_pairs(n_student: int, n_teacher: int) -> tuple[tuple[int, int], ...]:
    """Which layer of the teacher's each of the student's looks at, counted from 1: evenly spaced, the last at the last.

    >>> layer_pairs(3, 6), layer_pairs(4, 6)
    (((1, 2), (2, 4), (3, 6)), ((1, 2), (2, 3), (3, 5), (4, 6)))

    Source: Jiao et al. 2020 (TinyBERT, arXiv 1909.10351), section 4.1: ``g(m) = m * N / M``, here rounded up.
    """
    return tuple((layer, -(-layer * n_teacher // n_student)) for layer in range(1, n_student + 1))


def seen_inside(student: TextModel, settings: BesideSettings) -> TransformerModel:
    """The student as a model whose hidden states can be compared.

    Raises:
        ModelError: it has none.
    """
    if isinstance(student, TransformerModel):
        return student
    flags = ", ".join(f"--{name}" for name in settings.weights)
    raise ModelError(f"a student without layers of hidden states has none to compare: leave {flags} out")


def _layers(
    student: TransformerModel, teacher: TransformerModel, settings: BesideSettings
) -> tuple[tuple[int, int], ...]:
    pairs = layer_pairs(_n_layers(student), _n_layers(teacher))
    return pairs[-1:] if settings.hidden_layers == "last" else pairs


def _problems(
    teacher: TransformerModel, student: TransformerModel, settings: BesideSettings, max_length: int
) -> list[str]:
    """What keeps the teacher from standing beside the student, a line each."""
    reads = max_positions(teacher.inner.config)
    problems = []
    if reads < max_length:
        problems.append(f"the teacher reads {reads} tokens of a text: give --max-length {reads} or less")
    if {id(value) for value in student.parameters()} & {id(value) for value in teacher.parameters()}:
        problems.append("the student shares weights with the teacher, which would be trained with it: copy them first")
    return [*apart(student, teacher, relations=settings.weights.get("relations", 0.0)), *problems]


def _n_layers(model: TransformerModel) -> int:
    return int(model.inner.config.num_hidden_layers)


def _width(model: TransformerModel) -> int:
    return int(model.inner.config.hidden_size)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _attention(output: Output) -> Attention:
    assert output.attention is not None
    return output.attention
