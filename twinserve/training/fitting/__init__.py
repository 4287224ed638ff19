"""How fits and comparisons are run: on which cores, what is said meanwhile; what is pickled."""
