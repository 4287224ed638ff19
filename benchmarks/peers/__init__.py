"""Other servers for comparison. Each folder runs by itself, in an environment of its own."""
