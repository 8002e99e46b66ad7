"""The saved folder: manifest, save, verify, probes, model card. It computes no metric and opens no session.

Other programs already understand it: ``config.json``, ``model.safetensors`` and ``tokenizer.json`` as transformers
writes them, ``onnx/model.onnx``; and ``limbeck.json``, which records the task, the classes, how text is read, how the
model was made, and the sha256 of every file. No pickle, no code run on load.
"""
