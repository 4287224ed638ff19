"""Both targets on this machine."""
