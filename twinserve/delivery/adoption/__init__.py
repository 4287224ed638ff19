"""A table as somebody brings it, taken into ``params.yaml``."""
