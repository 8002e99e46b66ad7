"""One file a family: ``obstacles(config)`` and ``build(graph, config, first_token=...) -> (logits, n_outputs)``."""
