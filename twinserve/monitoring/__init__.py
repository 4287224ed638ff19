"""The figures that both targets log of themselves, held to thresholds."""
