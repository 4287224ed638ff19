"""What the targets are measured against."""
