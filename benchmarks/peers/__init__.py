"""What the targets are compared with. Each folder runs by itself, in an environment of its own."""
