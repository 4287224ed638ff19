"""The imports of a target before its first prediction."""
