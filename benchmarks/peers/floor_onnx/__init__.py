"""The floor of ONNX, see app."""
