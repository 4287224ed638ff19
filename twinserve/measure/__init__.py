"""Cold and warm probes of any endpoint, their statistics, and the report."""
