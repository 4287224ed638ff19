"""The least that a server can do, and the usual design."""
