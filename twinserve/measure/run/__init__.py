"""A measurement of several targets, and its report."""
