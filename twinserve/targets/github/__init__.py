"""GitHub, by its own command line: repositories, attestations, issues."""
