"""One server for both targets: connections, limits, start and end."""
