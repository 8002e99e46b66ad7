"""How the tokens of the last layer relate to each other, in a student and in its teacher, whatever their widths."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.models import Attention


def loss(ours: Attention, theirs: Attention, mask: Tensor, *, n_heads: int | None = None) -> Tensor:
    """Divergence of the student's relations from the teacher's for each token, in nats: shape ``(B, T)``, 0 for pads.

    A token's relations are two distributions over the attended tokens of its text in each of A heads,
    ``softmax(q_i K^T / sqrt(d))`` (attention) and ``softmax(v_i V^T / sqrt(d))`` (values), with ``d = D / A``. The loss
    is ``1 / A * sum_a KL(teacher || student)`` of the one plus that of the other; MiniLM's L_AT + L_VR is its mean over
    the attended tokens. Widths may differ. Where the numbers of heads do, the vectors of all heads are cut anew
    (MiniLMv2), into :func:`shared_heads` unless the number is given. A bias by distance on attention, as MPNet has,
    is no part of the relations.

    Args:
        ours: the student's, shape ``(B, T, D)`` each; computed in float32.
        theirs: the teacher's, of the same tokens and of any width.
        mask: attention mask, shape ``(B, T)``: 0 for padding, to which nothing relates.
        n_heads: A; it divides both widths.

    Source: Wang et al. 2020 (MiniLM, arXiv 2002.10957), sections 3.1 and 3.2; Wang et al. 2021 (MiniLMv2, arXiv
    2012.15828), section 3.1, on the number of heads.
    """
    heads = shared_heads(ours, theirs) if n_heads is None else n_heads
    with torch.autocast(mask.device.type, enabled=False):  # else the products are bfloat16's
        attention = _divergence((ours.queries, ours.keys), (theirs.queries, theirs.keys), mask, heads)
        values = _divergence((ours.values, ours.values), (theirs.values, theirs.values), mask, heads)
    return attention + values


def shared_heads(ours: Attention, theirs: Attention) -> int:
    """How many heads to compare two models by: their own number where it is one.

    Else the largest, up to the greater of both, that divides both widths: of 2 heads in 128 and of 12 in 768 it is 8.
    """
    if ours.n_heads == theirs.n_heads:
        return ours.n_heads
    widths = ours.values.shape[-1], theirs.values.shape[-1]
    most = max(ours.n_heads, theirs.n_heads)
    return max(n for n in range(1, most + 1) if all(width % n == 0 for width in widths))


def _divergence(ours: tuple[Tensor, Tensor], theirs: tuple[Tensor, Tensor], mask: Tensor, n_heads: int) -> Tensor:
    """Mean over the heads of each token's divergence: shape ``(B, T)``."""
    pads = mask == 0
    student, teacher = (_log_relations(*parts, pads, n_heads) for parts in (ours, theirs))
    found = F.kl_div(student, teacher.exp(), reduction="none")
    return found.sum(dim=-1).mean(dim=1).masked_fill(pads, 0.0)


def _log_relations(left: Tensor, right: Tensor, pads: Tensor, n_heads: int) -> Tensor:
    """Logarithms of each token's relations to all tokens, shape ``(B, A, T, T)``."""
    first, second = (_heads(part.float().masked_fill(pads[..., None], 0.0), n_heads) for part in (left, right))
    scores = torch.matmul(first * first.shape[-1] ** -0.5, second.transpose(-1, -2))
    return scores.masked_fill(pads[:, None, None, :], torch.finfo(scores.dtype).min).log_softmax(dim=-1)


def _heads(vectors: Tensor, n_heads: int) -> Tensor:
    return vectors.view(*vectors.shape[:2], n_heads, -1).transpose(1, 2)
