"""Pre-training from text alone: a corpus as blocks of token ids on disk, and what a model learns from masked pieces."""
