"""The commands, from bundle to release."""
