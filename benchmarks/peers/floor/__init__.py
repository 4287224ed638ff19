"""The floor, see app."""
