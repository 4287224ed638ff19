"""A Google Cloud project and a repository, made ready for releases."""
