"""Measurements of what serves, and what they cost."""
