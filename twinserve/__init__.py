"""The engine: from a table to two measured endpoints. A fork never edits it."""

__version__ = "0.2.0"
