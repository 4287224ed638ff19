"""How fits and comparisons are run: on which cores, with what is said; which fits are known."""
