"""What a target imports before its first prediction."""
