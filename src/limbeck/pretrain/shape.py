"""The sizes of an encoder as its config.json tells them, and the parameters that they come to, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from limbeck import graph
from limbeck.errors import ModelError, together

_KEYS = {
    "layers": ("num_hidden_layers", "n_layers"),
    "hidden": ("hidden_size", "dim"),
    "heads": ("num_attention_heads", "n_heads"),
    "inner": ("intermediate_size", "hidden_dim"),
    "pieces": ("vocab_size",),
    "positions": ("max_position_embeddings",),
}
"""What configurations call the sizes; the second name is DistilBERT's."""
_NO_SEGMENTS = ("distilbert", "mpnet")
_NO_POOLER = ("distilbert", "electra")
_ONE_BIAS = ("distilbert", "electra")
"""Families whose head has its bias in its last layer alone. Others have one more of their own, and tie the two."""
_COUNTED_FROM_PAD = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Families whose table of positions has two rows in front of the first token's."""


@dataclass(frozen=True)
class Parameters:
    """How many parameters each part has."""

    words: int
    """The table of pieces, which the head's last layer shares where the two are tied."""
    positions: int
    segments: int
    embedding_norm: int
    projection: int
    """From narrow embeddings to the hidden states (ELECTRA)."""
    layers: int
    """All of them, MPNet's bias by distance included."""
    pooler: int
    """Which a masked-LM does not have."""
    head: int
    """That of masked-LM, without the shared table."""

    @property
    def encoder(self) -> int:
        """Without the head, with the pooler: as the papers count."""
        return self._all - self.head

    @property
    def masked_lm(self) -> int:
        """With the head, without the pooler: what is trained."""
        return self._all - self.pooler

    @property
    def _all(self) -> int:
        return sum(map(int, asdict(self).values()))


@dataclass(frozen=True)
class Shape:
    """What a configuration says of an encoder and its masked-LM head."""

    family: str
    layers: int
    hidden: int
    heads: int
    inner: int
    """Width inside the feed-forward."""
    pieces: int
    positions: int
    embedding: int
    """Width of the embeddings; ``hidden`` in all families but ELECTRA."""
    segments: int
    distances: int
    """Buckets of MPNet's bias by distance."""
    hidden_dropout: float
    is_tied: bool
    """Whether the head's last layer is the table of pieces."""

    @classmethod
    def read(cls, config: Mapping[str, Any], *, name: str = "the encoder") -> Shape:
        """The shape of ``config``.

        Raises:
            ModelError: the family is not known, or a size is missing.
        """
        reasons = graph.obstacles(config)
        reasons += [f"its config.json tells of no {keys[0]}" for keys in _KEYS.values() if not config.keys() & {*keys}]
        if reasons:
            raise ModelError(f"what {name} takes cannot be computed: {together(reasons)}")
        sizes = {size: int(next(config[key] for key in keys if key in config)) for size, keys in _KEYS.items()}
        family = str(config["model_type"])
        return cls(
            family=family,
            **sizes,
            embedding=int(config.get("embedding_size", 128)) if family == "electra" else sizes["hidden"],
            segments=0 if family in _NO_SEGMENTS else int(config.get("type_vocab_size", 2)),
            distances=int(config.get("relative_attention_num_buckets", 32)) if family == "mpnet" else 0,
            hidden_dropout=float(config.get("hidden_dropout_prob", config.get("dropout", 0.1))),
            is_tied=bool(config.get("tie_word_embeddings", True)),
        )

    @property
    def longest(self) -> int:
        """Tokens that it can read, special ones included."""
        return self.positions - (2 if self.family in _COUNTED_FROM_PAD else 0)

    @property
    def dropouts(self) -> int:
        """Places in a layer where hidden states are dropped: at its end, and but in DistilBERT behind the attention."""
        return 0 if self.hidden_dropout == 0 else 1 if self.family == "distilbert" else 2

    @property
    def multiplied(self) -> int:
        """Weights of the matrices that every token goes through: all of the layers', and ELECTRA's projection.

        ``L (4 D^2 + 2 D I)``, which is ``12 L D^2`` where ``I = 4 D`` (Kaplan et al. 2020, arXiv 2001.08361, table 1:
        N, without embeddings, biases and norms).
        """
        layers = self.layers * (4 * self.hidden**2 + 2 * self.hidden * self.inner)
        return layers + (0 if self.embedding == self.hidden else self.embedding * self.hidden)

    @property
    def multiplied_in_head(self) -> int:
        """Weights of the head's two matrices: ``D E + E V``, E being the embeddings' width."""
        return self.hidden * self.embedding + self.embedding * self.pieces

    def parameters(self) -> Parameters:
        """The exact number of parameters of each part."""
        hidden, embedding = self.hidden, self.embedding
        norm = 2 * hidden
        layer = 4 * (hidden**2 + hidden) + (2 * hidden * self.inner + self.inner + hidden) + 2 * norm
        biases = 1 if self.is_tied or self.family in _ONE_BIAS else 2
        decoder = biases * self.pieces + (0 if self.is_tied else self.pieces * embedding)
        return Parameters(
            words=self.pieces * embedding,
            positions=self.positions * embedding,
            segments=self.segments * embedding,
            embedding_norm=2 * embedding,
            projection=0 if embedding == hidden else embedding * hidden + hidden,
            layers=self.layers * layer + self.distances * self.heads,
            pooler=0 if self.family in _NO_POOLER else hidden**2 + hidden,
            head=hidden * embedding + embedding + 2 * embedding + decoder,
        )


def distilbert_of(config: Mapping[str, Any], layers: int) -> dict[str, Any]:
    """The sizes of the DistilBERT with ``layers`` of the layers of a BERT, as a configuration has them.

    Raises:
        ModelError: it is no BERT.
    """
    bert = Shape.read(config)
    if bert.family != "bert":
        raise ModelError(f"DistilBERT is made from 'bert', and this is {bert.family!r}; take the family's own student")
    return {
        "model_type": "distilbert",
        "n_layers": layers,
        "dim": bert.hidden,
        "n_heads": bert.heads,
        "hidden_dim": bert.inner,
        "vocab_size": bert.pieces,
        "max_position_embeddings": bert.positions,
        "activation": config.get("hidden_act", "gelu"),
        "dropout": bert.hidden_dropout,
        "tie_word_embeddings": bert.is_tied,
    }
