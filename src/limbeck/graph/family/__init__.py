"""One file a family.

It defines ``obstacles(config)``, ``build(graph, config, first_token=...) -> (logits, n_outputs)``, ``layers(config)``,
and ``unfold(config, weights)`` where its graph holds tensors in another form than checkpoints do.
"""
