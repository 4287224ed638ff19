"""The empty function, see main."""
