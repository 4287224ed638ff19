"""The steps in front of a model, read from fitted transformers."""
