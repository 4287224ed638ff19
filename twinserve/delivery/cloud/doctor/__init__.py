"""Before the first push: what would stop it, each in a line with its cure."""
