"""The reference design, see app."""
