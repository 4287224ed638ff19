"""A Google Cloud project: its accounts, places and policies."""
