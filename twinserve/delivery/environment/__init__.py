"""The project's own environment, from its locks."""
