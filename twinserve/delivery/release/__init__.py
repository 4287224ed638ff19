"""Both targets at one release, or neither."""
