"""Bytes of memory that a process of a pre-training distillation needs at most, term by term, from sizes alone.

Assumed throughout: weights, gradients and moments in float32; with bf16 the products of matrices in bfloat16 under
autocast, norms and losses in float32; attention by torch's memory-efficient ``scaled_dot_product_attention``, which
keeps no table of ``T x T`` scores (Dao et al. 2022, arXiv 2205.14135); logits at the positions that a loss needs.
Not counted: what the libraries keep for themselves, and fragments of the allocator. On a CPU attention that drops
scores keeps them (``models/_trunk.py``), and masks of dropout are wider: memory there is to be measured.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from limbeck.pretrain.shape import Shape

FLOAT = 4
"""Bytes of a float32."""
WIDTHS = {"float32": 4, "bf16": 2}
"""Bytes of what goes into products and comes out of them."""


@dataclass(frozen=True)
class Footprint:
    """Bytes of each term, for one process."""

    weights: int
    """Of the student: 4 a parameter."""
    weights_in_bf16: int
    """The copies of its matrices that autocast makes and keeps for the way back: 2 a weight; none in float32."""
    gradients: int
    """4 a parameter."""
    moments: int
    """AdamW's two: 8 a parameter (Loshchilov & Hutter 2019)."""
    exchange: int
    """The flat sum of the gradients over processes: 4 a parameter; none for a single process."""
    teacher: int
    """Its weights: 4 a parameter, 2 in bf16; it has neither gradients nor moments."""
    teacher_states: int
    """See :func:`passing_bytes`."""
    student_states: int
    """See :func:`kept_bytes`."""
    states_compared: int
    """See :func:`compared_bytes`."""
    logits: int
    """See :func:`logit_bytes`."""

    @property
    def total(self) -> int:
        """Of all terms but the smaller of two: gradients are exchanged when the states of the pass are freed."""
        passing = self.teacher_states + self.student_states + self.states_compared + self.logits
        return sum(map(int, asdict(self).values())) - min(self.exchange, passing)


def footprint(student: Shape, teacher: Shape, *, tokens: int, asked: int, processes: int, precision: str) -> Footprint:
    """The terms for a batch.

    Args:
        student: what is trained.
        teacher: what is run beside it.
        tokens: of a batch, what one process holds at a time.
        asked: how many of them are given logits.
        processes: that train together.
        precision: a key of :data:`WIDTHS`.
    """
    width, own = WIDTHS[precision], student.parameters().masked_lm
    copied = student.multiplied + student.multiplied_in_head
    return Footprint(
        weights=FLOAT * own,
        weights_in_bf16=width * copied if width < FLOAT else 0,
        gradients=FLOAT * own,
        moments=2 * FLOAT * own,
        exchange=FLOAT * own if processes > 1 else 0,
        teacher=width * teacher.parameters().masked_lm,
        teacher_states=passing_bytes(teacher, tokens, width=width),
        student_states=kept_bytes(student, tokens, width=width) + kept_in_head(student, asked, width=width),
        states_compared=compared_bytes(student, tokens, width=width),
        logits=logit_bytes(student, asked, width=width),
    )


def kept_bytes(shape: Shape, tokens: int, *, width: int) -> int:
    """What an encoder keeps for the way back.

    A token's layer keeps ``6 D + 2 I`` numbers of the products' width: what goes into the queries, keys and values (D),
    these (3 D), what attention gives (D), what goes into the feed-forward (D), and what goes into its activation and
    comes out (2 I). In float32 it keeps what goes into both norms (2 D), two statistics of each, and the logarithm of
    each head's sum for attention. A dropped hidden state is remembered by one byte. The embeddings keep what goes into
    their norm, its statistics and a byte; ELECTRA's projection what goes into it.

    With 16 bits, ``I = 4 D`` and norms in 16 bits too these are the ``34 D`` bytes of Korthikanti et al. 2022
    (arXiv 2205.05198), equation 1 without the scores; norms in float32 make them ``38 D``.

    Args:
        shape: the encoder's.
        tokens: of the batch.
        width: bytes of a number that is multiplied.
    """
    masked = 1 if shape.dropouts else 0
    multiplied = width * (6 * shape.hidden + 2 * shape.inner)
    norms = FLOAT * (2 * shape.hidden + 2 * 2)
    a_layer = multiplied + norms + FLOAT * shape.heads + shape.dropouts * shape.hidden
    embedded = FLOAT * (shape.embedding + 2) + masked * shape.embedding
    projected = 0 if shape.embedding == shape.hidden else width * shape.embedding
    return tokens * (shape.layers * a_layer + embedded + projected)


def kept_in_head(shape: Shape, asked: int, *, width: int) -> int:
    """What the masked-LM head keeps for the way back, without logits.

    A position keeps what goes into the first layer (D), into its activation (E) and into the last layer (E), and in
    float32 what goes into the norm (E) and its two statistics.
    """
    return asked * (width * (shape.hidden + 2 * shape.embedding) + FLOAT * (shape.embedding + 2))


def passing_bytes(shape: Shape, tokens: int, *, width: int) -> int:
    """The most that an encoder holds at a time without a way back: one layer's, whichever half is larger.

    Attention holds what goes in, queries, keys, values and its result (5 D numbers a token), the feed-forward what goes
    in and its inner states before and after the activation (D + 2 I).
    """
    return tokens * width * max(5 * shape.hidden, shape.hidden + 2 * shape.inner)


def compared_bytes(shape: Shape, tokens: int, *, width: int) -> int:
    """Last hidden states for the cosine: the teacher's as they come, and both in float32."""
    return tokens * shape.hidden * (width + 2 * FLOAT)


def logit_bytes(shape: Shape, asked: int, *, width: int) -> int:
    """Logits at their peak, which is in the soft loss: both as they come, and in float32 both softened, the student's
    log-probabilities, the teacher's probabilities, and their products (five arrays of a number a piece)."""
    return asked * shape.pieces * (2 * width + 5 * FLOAT)
