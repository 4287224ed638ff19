"""Measurements of the targets beside floors, peers and themselves."""
