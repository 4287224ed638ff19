"""Questions answered once, by a measurement that can be repeated."""
