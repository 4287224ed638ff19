"""Service or function: the comparison page."""
