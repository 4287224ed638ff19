"""What both targets have logged of themselves, held to thresholds."""
