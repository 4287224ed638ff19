"""The commands: bundle, rehearse, serve. What they start lives in ``targets``."""
