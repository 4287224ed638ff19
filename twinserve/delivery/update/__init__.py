"""The engine's next version, brought into a fork by a merge."""
