"""Tables and models where DVC keeps them: sources, remotes, cache."""
