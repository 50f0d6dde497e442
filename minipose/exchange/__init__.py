"""Weights and networks for other programs: ONNX files, and PyTorch's files of tensors.

``commands`` is ``python -m minipose export`` and ``import``. How a layer is said in ONNX stands in
three tables, read in this order: ``onnx_layers``, ``onnx_harmonic``, ``onnx_networks``. The names
of all that is written are listed in docs/export.md.
"""
