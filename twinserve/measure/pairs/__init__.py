"""Two sides in turns on one machine."""
