"""The ceiling, see app."""
