"""A renewal as a pull request: one job leaves it, another one, which may write, opens it."""
