"""What a pre-training distillation takes: parameters, memory, steps and arithmetic, computed without a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from limbeck.errors import nearest, refuse
from limbeck.pretrain.footprint import WIDTHS, Footprint, footprint
from limbeck.pretrain.shape import Shape, distilbert_of

MASKED_SHARE = 0.15
"""Share of the tokens that are masked (Devlin et al. 2019, section 3.1)."""
DISTILBERT, SAME = "distilbert", "same"
STUDENTS = (DISTILBERT, SAME)
"""The exact DistilBERT of a BERT, or fewer layers of the teacher's own family."""


@dataclass(frozen=True)
class ScalePlan:
    """What it takes, and for what."""

    teacher: Shape
    student: Shape
    length: int
    """Tokens of a sequence."""
    batch_sequences: int
    accumulate: int
    processes: int
    epochs: int
    precision: str
    asked_a_sequence: int
    """Tokens of a sequence that are given logits."""
    memory: Footprint
    """Of one process."""
    sequences_an_epoch: int
    """Full ones; what is left of the tokens is dropped."""

    @property
    def sequences_a_step(self) -> int:
        """Of all processes together."""
        return self.batch_sequences * self.accumulate * self.processes

    @property
    def tokens_a_step(self) -> int:
        """That the student learns from in one optimiser step."""
        return self.sequences_a_step * self.length

    @property
    def steps(self) -> int:
        """Optimiser steps of all epochs; the last one of an epoch may be shorter."""
        return self.epochs * ceil(self.sequences_an_epoch / self.sequences_a_step)

    @property
    def tokens(self) -> int:
        """Of all epochs."""
        return self.epochs * self.sequences_an_epoch * self.length

    @property
    def flops_a_sequence(self) -> int:
        """Floating-point operations of teacher and student on one sequence.

        A token costs ``2 N`` forward, N being the weights that it is multiplied with, and twice that on the way back:
        6 N for the student, 2 N for the teacher (Kaplan et al. 2020, arXiv 2001.08361, section 2.1). Attention adds
        ``4 L D T`` forward: ``T D`` products and sums for the scores, and as many for what they weigh (Chowdhery et al.
        2022, arXiv 2204.02311, appendix B; Kaplan's 2 is a decoder's half). The head's two matrices count at the tokens
        that are given logits. What is computed anew on the way back is not counted.
        """
        attention = 4 * self.length * self.length
        student = 3 * (
            2 * self.length * self.student.multiplied + attention * self.student.layers * self.student.hidden
        )
        teacher = 2 * self.length * self.teacher.multiplied + attention * self.teacher.layers * self.teacher.hidden
        head = self.asked_a_sequence * (6 * self.student.multiplied_in_head + 2 * self.teacher.multiplied_in_head)
        return student + teacher + head

    @property
    def flops_a_step(self) -> int:
        """Of all processes together."""
        return self.sequences_a_step * self.flops_a_sequence

    @property
    def flops(self) -> int:
        """Of all epochs."""
        return self.epochs * self.sequences_an_epoch * self.flops_a_sequence

    def lines(self) -> list[str]:
        """The plan as a table to read."""
        return [*self._parameter_lines(), "", *self._memory_lines(), "", *self._step_lines()]

    def _parameter_lines(self) -> list[str]:
        teacher, student = self.teacher.parameters(), self.student.parameters()
        ours = asdict(student)
        rows = [(_said(name), size, ours[name]) for name, size in asdict(teacher).items() if size or ours[name]]
        rows.append(("encoder, pooler included", teacher.encoder, student.encoder))
        rows.append(("held: with head, without pooler", teacher.masked_lm, student.masked_lm))
        families = f"{'parameters':<32}{self.teacher.family:>16}{self.student.family:>16}"
        return [families, *(f"{name:<32}{one:>16,}{two:>16,}" for name, one, two in rows)]

    def _memory_lines(self) -> list[str]:
        terms = {name: size for name, size in asdict(self.memory).items() if size}
        head = f"memory of a process ({self.precision}, {self.batch_sequences} x {self.length} tokens)"
        rows = [(_said(name), size) for name, size in terms.items()]
        rows.append(("at most, at a time", self.memory.total))
        return [f"{head:<48}{'GB':>16}", *(f"{name:<48}{size / 1e9:>16.3f}" for name, size in rows)]

    def _step_lines(self) -> list[str]:
        cut = f"{self.batch_sequences} x {self.accumulate} accumulated x {self.processes} processes"
        rows = {
            f"sequences a step ({cut})": _whole(self.sequences_a_step),
            f"tokens a step ({self.length} a sequence)": _whole(self.tokens_a_step),
            f"of them given logits ({self.asked_a_sequence} a sequence)": _whole(
                self.sequences_a_step * self.asked_a_sequence
            ),
            f"steps ({self.epochs} epochs)": _whole(self.steps),
            "tokens": _whole(self.tokens),
            "floating-point operations a step": f"{self.flops_a_step:.3e}",
            "floating-point operations": f"{self.flops:.3e}",
        }
        return [f"{name:<48}{value:>16}" for name, value in rows.items()]


def plan(
    config: Mapping[str, Any],
    *,
    layers: int,
    length: int,
    batch_sequences: int,
    accumulate: int,
    processes: int,
    tokens: int,
    epochs: int,
    precision: str,
    student: str = DISTILBERT,
    asked_share: float = MASKED_SHARE,
) -> ScalePlan:
    """What it takes to distil the masked-LM of ``config`` into a student on a corpus.

    Args:
        config: what the teacher's config.json holds.
        layers: of the student.
        length: tokens of a sequence, special ones included; sequences are full.
        batch_sequences: what a process holds at a time.
        accumulate: batches of a process in an optimiser step.
        processes: that train together.
        tokens: of the corpus, as its sequences hold them.
        epochs: passes over it.
        precision: ``float32`` or ``bf16``.
        student: one of :data:`STUDENTS`.
        asked_share: of the tokens at which logits are computed; 1 for soft targets at all of them.

    Raises:
        ModelError: the teacher's family or a size of it is not known, or it is no BERT and DistilBERT was asked.
        SettingsError: a number cannot be.
    """
    teacher = Shape.read(config, name="the teacher")
    counted = {
        "layers": layers,
        "length": length,
        "batch_sequences": batch_sequences,
        "accumulate": accumulate,
        "processes": processes,
        "epochs": epochs,
    }
    problems = [f"{name} is {value}; give a whole number from 1" for name, value in counted.items() if value < 1]
    if layers > teacher.layers:
        problems.append(f"layers is {layers}; the teacher has {teacher.layers}, give 1 to {teacher.layers}")
    if length > teacher.longest:
        problems.append(f"length is {length}; the teacher reads {teacher.longest} tokens, give no more")
    if tokens < max(1, length):
        problems.append(f"tokens is {tokens}, less than one sequence of {length}; give a larger corpus")
    if precision not in WIDTHS:
        problems.append(f"precision is {precision!r}; accepted are {nearest(precision, WIDTHS)}")
    if student not in STUDENTS:
        problems.append(f"student is {student!r}; accepted are {nearest(student, STUDENTS)}")
    if not 0 < asked_share <= 1:
        problems.append(f"asked_share is {asked_share}; give a share over 0, and 1 at most")
    refuse(problems)
    depth = "n_layers" if "n_layers" in config else "num_hidden_layers"
    made = Shape.read(distilbert_of(config, layers) if student == DISTILBERT else {**config, depth: layers})
    asked = max(1, round(asked_share * length))
    return ScalePlan(
        teacher=teacher,
        student=made,
        length=length,
        batch_sequences=batch_sequences,
        accumulate=accumulate,
        processes=processes,
        epochs=epochs,
        precision=precision,
        asked_a_sequence=asked,
        memory=footprint(
            made,
            teacher,
            tokens=batch_sequences * length,
            asked=batch_sequences * asked,
            processes=processes,
            precision=precision,
        ),
        sequences_an_epoch=tokens // length,
    )


def _said(name: str) -> str:
    return name.replace("_", " ")


def _whole(number: int) -> str:
    return f"{number:,}"
