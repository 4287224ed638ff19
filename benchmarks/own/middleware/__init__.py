"""A middleware."""
