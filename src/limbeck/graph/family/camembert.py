"""CamemBERT: RoBERTa's graph, with RoBERTa's tensor names."""

from __future__ import annotations

from limbeck.graph.family.roberta import build, layers, obstacles

__all__ = ["build", "layers", "obstacles"]
