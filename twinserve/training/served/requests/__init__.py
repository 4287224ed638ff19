"""Splits of trees in terms of what a request gives."""
