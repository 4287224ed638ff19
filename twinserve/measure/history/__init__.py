"""Measurements that are kept: one document each, appended, drawn over time."""
