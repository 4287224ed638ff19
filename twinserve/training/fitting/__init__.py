"""How fits and comparisons are run: on which cores, and with what is said meanwhile."""
